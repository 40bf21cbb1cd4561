// What can be reached from what the package hands out, property by property and through every getter: no key material,
// no way to sign with dates of one's own, and nothing of how the thing works inside.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createBlobStore } from '../src/blobs/index.js';
import { createSingleUse } from '../src/index.js';
import { createJwt, createRefreshTokens } from '../src/jwt/index.js';
import { Key, Material } from '../src/keyring/key.js';
import { Keyring } from '../src/keyring/keyring.js';
import { initKeyring, openRotation } from '../src/rotation/index.js';
import { sealedStore } from '../src/sealed-store.js';
import { memoryStore } from '../src/sessions/stores/memory.js';
import { testKeyturn } from './support/keyturn.js';

const INSIDE = [Material, Key, Keyring];

function tempDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-reachable-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Every path from a value to what nobody outside is to have. */
function leaksIn(value: unknown, path = '', seen = new Set<unknown>()): string[] {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
    return [];
  seen.add(value);
  if (INSIDE.some((kind) => value instanceof kind)) return [path];
  const found: string[] = [];
  for (let holder = value; holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (holder === Object.prototype || holder === Function.prototype || holder === Promise.prototype) break;
    for (const key of Reflect.ownKeys(holder)) {
      if (key === 'constructor' || key === 'prototype') continue;
      const step = `${path}.${String(key)}`;
      if (['revealSecret', 'derive', 'issueAt', 'authenticate', 'knows'].includes(String(key)))
        found.push(step);
      const { get, value: own } = Object.getOwnPropertyDescriptor(holder, key) ?? {};
      const inner = get === undefined ? own : readBy(get, value);
      found.push(...leaksIn(inner, step, seen));
    }
  }
  if (value instanceof Map)
    for (const [key, inner] of value) found.push(...leaksIn([key, inner], path, seen));
  return found;
}

function readBy(get: () => unknown, of: unknown): unknown {
  try {
    return get.call(of);
  } catch {
    return undefined;
  }
}

describe('no way leads to material', () => {
  test('from what keyturn/rotation answers', async () => {
    const options = { cwd: tempDir(), env: {}, profile: 'dev' };
    const begun = await initKeyring(options);
    await using rotation = await openRotation(options);
    const staged = await rotation.stage({ dryRun: true });
    expect(staged.keyring.keys).toHaveLength(2);
    expect(staged.former).toEqual(await rotation.keyring());
    const answers = {
      begun,
      rotation,
      staged,
      keyring: await rotation.keyring(),
      status: await rotation.status(),
      history: await rotation.history(),
      replicas: await rotation.replicas(),
      deploys: await rotation.deploys(),
      impact: await rotation.impact({ step: 'rotate' }),
      revoked: await rotation.revoke(staged.former.keys[0]?.id as string, { why: 'a test' }),
    };
    expect(leaksIn(answers)).toEqual([]);
  });

  test('from what an app holds', async () => {
    await using keyturn = await testKeyturn();
    const store = memoryStore();
    const signer = keyturn.signer<number>('invitation');
    const sealer = keyturn.sealer<number>('draft', { maxAge: '1h' });
    const held = {
      keyturn,
      signer,
      sealer,
      verified: signer.verify(signer.sign(1)),
      opened: sealer.open(sealer.seal(1)),
      links: keyturn.links(),
      jwt: createJwt(keyturn, { issuer: 'i', audience: 'a' }),
      refresh: createRefreshTokens(keyturn, { store }),
      once: createSingleUse(store),
      sealed: sealedStore(store, keyturn),
      blobs: await createBlobStore(keyturn, { folder: tempDir() }),
    };
    expect(leaksIn(held)).toEqual([]);
  });
});

test('the search finds what it looks for', () => {
  const key = new Key(new Material('a secret that is long enough for a test'), 'active');
  expect(leaksIn({ deep: [{ key }] })).toEqual(['.deep.0.key']);
  expect(leaksIn({ issueAt: () => '' })).toEqual(['.issueAt']);
});

test('a signer does what an app may do, and no more', async () => {
  const signer = (await testKeyturn()).signer('password-reset', { maxAge: '3h' });
  expect(Object.keys(signer)).toEqual(['purpose', 'maxAge', 'sign', 'verify']);
  expect(signer).toMatchObject({ purpose: 'password-reset', maxAge: 10_800 });
  // Methods may be taken by themselves.
  const { sign, verify } = signer;
  expect(verify(sign('anything'))).toMatchObject({ ok: true, payload: 'anything' });
});

test('await using closes', async () => {
  const keyturn = await testKeyturn();
  const closed: string[] = [];
  const { close } = keyturn;
  keyturn.close = async () => {
    closed.push('keyturn');
    await close.call(keyturn);
  };
  {
    await using held = keyturn;
    expect(held.profile).toBe('test');
  }
  expect(closed).toEqual(['keyturn']);
});
