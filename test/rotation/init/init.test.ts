// Starting a keyring document from a program, as `keyturn init` and `keyturn import` do.
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createKeyturn } from '../../../src/index.js';
import { Material } from '../../../src/keyring/key.js';
import { initKeyring, openRotation } from '../../../src/rotation/index.js';
import { memoryLogger, OTHER_SECRET, SECRET } from '../../support/keyturn.js';

const folder = () => mkdtempSync(join(tmpdir(), 'keyturn-found-'));
const kid = (secret: string) => new Material(secret).kid;

async function verifies(cwd: string, token: string): Promise<boolean> {
  const keyturn = await createKeyturn({ cwd, env: {}, profile: 'dev', logger: memoryLogger() });
  await keyturn.close();
  return keyturn.signer('password-reset').verify(token).ok;
}

test('of the keys in force: what they signed goes on verifying', async () => {
  const cwd = folder();
  const before = await createKeyturn({ cwd, env: {}, profile: 'dev', logger: memoryLogger() });
  const token = before.signer('password-reset').sign(1);
  const { place, path, keys } = await initKeyring({ cwd, env: {}, profile: 'dev', who: 'a test' });
  expect(path).toBe(join(cwd, '.keyturn', 'keyring.json'));
  expect(place).toBe(path);
  expect(statSync(place).mode & 0o777).toBe(0o600);
  expect(keys).toEqual([{ id: before.keyring.keys[0]?.id, state: 'active' }]);
  expect(await verifies(cwd, token)).toBe(true);
  const rotation = await openRotation({ cwd, env: {}, profile: 'dev' });
  expect(await rotation.history()).toMatchObject([{ what: 'init', who: 'a test' }]);
});

test('of secrets of another place: the first signs, the others and the one in force verify', async () => {
  const cwd = folder();
  const before = await createKeyturn({ cwd, env: {}, profile: 'dev', logger: memoryLogger() });
  const { keys } = await initKeyring({
    cwd,
    env: {},
    profile: 'dev',
    secrets: [SECRET, OTHER_SECRET, SECRET],
  });
  expect(keys).toEqual([
    { id: kid(SECRET), state: 'active' },
    { id: kid(OTHER_SECRET), state: 'retiring' },
    { id: before.keyring.keys[0]?.id, state: 'retiring' },
  ]);
  expect(await verifies(cwd, before.signer('password-reset').sign(1))).toBe(true);
});

test('of nothing: a fresh key, and nothing is overwritten', async () => {
  const cwd = folder();
  const { place } = await initKeyring({ cwd, env: {}, profile: 'prod' });
  const written = readFileSync(place, 'utf8');
  await expect(initKeyring({ cwd, env: {}, profile: 'prod' })).rejects.toMatchObject({
    code: 'keyring_exists',
  });
  expect(readFileSync(place, 'utf8')).toBe(written);
});

test('a weak secret is refused, and nothing is written', async () => {
  const cwd = folder();
  await expect(initKeyring({ cwd, env: {}, profile: 'dev', secrets: ['changeme'] })).rejects.toMatchObject({
    code: 'secret_weak',
  });
  await expect(
    openRotation({ cwd, env: {}, profile: 'dev' }).then((rotation) => rotation.status()),
  ).rejects.toMatchObject({
    code: 'secret_missing',
  });
});

test('a revoked key never comes back, whichever place it stands in', async () => {
  const env = {
    KEYTURN_SECURITY__SIGNING_SECRET: SECRET,
    KEYTURN_SECURITY__SIGNING_SECRET__REVOKED_KIDS: kid(OTHER_SECRET),
  };
  for (const secrets of [[OTHER_SECRET], [SECRET, OTHER_SECRET]]) {
    const cwd = folder();
    await expect(initKeyring({ cwd, env, profile: 'dev', secrets })).rejects.toMatchObject({
      code: 'key_state',
    });
    expect(existsSync(join(cwd, '.keyturn', 'keyring.json'))).toBe(false);
  }
});
