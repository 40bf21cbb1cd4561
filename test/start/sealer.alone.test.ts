// kt.sealer(): when the optional peer is loaded, what happens without it, and which purposes may be sealed.
import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { KeyturnError } from '../../src/errors.js';
import type { Keyturn } from '../../src/keyturn.js';
import { type TestKeyturnOptions, testKeyturn } from '../support/keyturn.js';

const PROFILES = ['dev', 'test', 'prod'] as const;
const refusal = (code: string, hint = '') =>
  expect.objectContaining({ code, hint: expect.stringContaining(hint) });
const draft = { purposes: { draft: { max_age: '2h', sealed: true } } };

const PACKAGES = '../../src/process/optional-package.js';

/** As if the peer were not installed, or as another would have it. */
async function withPeer(peer: () => object | undefined, options: TestKeyturnOptions): Promise<Keyturn> {
  vi.resetModules();
  vi.doMock(PACKAGES, () => ({ loadOptional: peer }));
  const { testKeyturn: another } = await import('../support/keyturn.js');
  return (await another(options)) as unknown as Keyturn;
}

const absent = () => undefined;

afterEach(() => {
  vi.doUnmock(PACKAGES);
  vi.resetModules();
});

describe.each(PROFILES)('profile %s', (profile) => {
  test('a declared purpose is sealed, for its own lifetime or a shorter one', async () => {
    const kt = await testKeyturn({ profile, config: draft });
    const sealer = kt.sealer<{ n: number }>('draft', { maxAge: '1h' });
    expect([sealer.purpose, sealer.maxAge, kt.sealer('draft').maxAge]).toEqual(['draft', 3600, 7200]);
    const token = sealer.seal({ n: 1 });
    expect(token.startsWith('ks1.')).toBe(true);
    expect(kt.sealer('draft').open(token)).toMatchObject({ ok: true, payload: { n: 1 } });
    expect(() => kt.sealer('draft', { maxAge: '3h' })).toThrow(refusal('purpose_lifetime'));
  });

  test('a purpose is signed or sealed, not both', async () => {
    const kt = await testKeyturn({
      profile,
      config: { purposes: { ...draft.purposes, note: { max_age: '1h' }, invitation: { sealed: true } } },
    });
    expect(() => kt.signer('draft')).toThrow(refusal('purpose_sealed', 'keyturn.sealer("draft")'));
    expect(() => kt.sealer('note')).toThrow(refusal('purpose_sealed', 'sealed = true'));
    expect(() => kt.sealer('password-reset')).toThrow(refusal('purpose_sealed', '[purposes.password-reset]'));
    expect(kt.sealer('invitation').maxAge).toBe(30 * 86_400);
    expect(() => kt.signer('invitation')).toThrow(refusal('purpose_sealed'));
    expect(() => kt.sealer('session')).toThrow(refusal('purpose_reserved'));
  });

  test("Keyturn's own cannot be declared sealed", async () => {
    for (const [name, hint] of [
      ['session', '[session]'],
      ['flash', 'take it out'],
    ] as const) {
      const config = { purposes: { [name]: { sealed: true } } };
      await expect(testKeyturn({ profile, config })).rejects.toThrow(refusal('purpose_reserved', hint));
    }
  });

  test('without the peer a declared purpose, or sealed sessions, stop the start', async () => {
    for (const [config, hint] of [
      [draft, '[purposes.draft]'],
      [{ session: { sealed: true } }, '[session]'],
    ] as const) {
      const error: KeyturnError = await withPeer(absent, { profile, config }).then(
        () => expect.fail('it started'),
        (thrown) => thrown,
      );
      expect(error).toMatchObject({ name: 'KeyturnError', code: 'sealer_unavailable' });
      expect(error.message).toContain('libsodium-wrappers is not installed');
      expect(error.hint).toMatch(/^npm install libsodium-wrappers;/);
      expect(error.hint).toContain(hint);
      expect(inspect(error)).not.toContain('/app/');
    }
  });

  test('without the peer everything else works', async () => {
    const kt = await withPeer(absent, {
      profile,
      config: { session: { sealed: false }, purposes: { note: { max_age: '1h' } } },
    });
    expect(kt.signer('note').verify(kt.signer('note').sign(1))).toMatchObject({ ok: true });
    const inMemory = { session: { backend: 'memory', sealed: true } };
    expect((await withPeer(absent, { profile, config: inMemory })).profile).toBe(profile);
  });

  test('a peer that is there and cannot be used says so, with its own error as the cause', async () => {
    const cause = new Error('no WebAssembly here');
    const broken = () => {
      throw cause;
    };
    await expect(withPeer(broken, { profile, config: draft })).rejects.toMatchObject({
      code: 'sealer_unavailable',
      cause,
    });
    const half = (way: string) => ({ [`crypto_aead_xchacha20poly1305_ietf_${way}`]: () => {} });
    for (const functions of [{}, half('encrypt'), half('decrypt')]) {
      const old = () => ({ ready: Promise.resolve(), ...functions });
      await expect(withPeer(old, { profile, config: draft })).rejects.toMatchObject({
        code: 'sealer_unavailable',
        message: expect.stringContaining('has no XChaCha20-Poly1305'),
      });
    }
  });
});

describe('an undeclared purpose', () => {
  test('in development is sealed in one line, and then no signer is to be had of it', async () => {
    const kt = await testKeyturn({ profile: 'dev' });
    const token = kt.sealer('made-up', { maxAge: '1h' }).seal('x');
    expect(kt.sealer('made-up').open(token)).toMatchObject({ ok: true, payload: 'x' });
    expect(() => kt.sealer('made-up-too')).toThrow(refusal('purpose_lifetime'));
    expect(() => kt.signer('made-up')).toThrow(refusal('purpose_sealed'));
  });

  test('in development without the peer, or with one that cannot be loaded, is a clear error', async () => {
    const broken = () => {
      throw new Error('no WebAssembly here');
    };
    for (const peer of [absent, broken]) {
      const kt = await withPeer(peer, { profile: 'dev' });
      expect(() => kt.sealer('made-up', { maxAge: '1h' })).toThrow(
        refusal('sealer_unavailable', 'npm install libsodium-wrappers'),
      );
    }
  });

  test('in production is refused, with what to add', async () => {
    const kt = await testKeyturn({ profile: 'prod' });
    expect(() => kt.sealer('made-up')).toThrow(refusal('purpose_undeclared', 'sealed = true'));
  });
});

test('production loads the peer only where something is sealed, or may have been', async () => {
  const loads = async (config: Record<string, unknown>, profile: 'dev' | 'prod' = 'prod') => {
    const peer = vi.fn(absent);
    await withPeer(peer, { profile, config }).catch(() => {});
    return peer.mock.calls.length > 0;
  };
  expect(await loads({})).toBe(false);
  expect(await loads({ purposes: { note: { max_age: '1h' } } })).toBe(false);
  expect(await loads(draft)).toBe(true);
  expect(await loads({ session: { sealed: true } })).toBe(true);
  expect(await loads({ session: { sealed: false } })).toBe(true);
  expect(await loads({}, 'dev')).toBe(true);
});
