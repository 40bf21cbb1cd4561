// The optional peer that seals: what is taken for it.
import { beforeEach, expect, test, vi } from 'vitest';
import { loadAead } from '../../src/signing/sodium.js';

let peer: object | undefined;
vi.mock('../../src/process/optional-package.js', () => ({ loadOptional: () => peer }));
beforeEach(() => {
  peer = undefined;
});

const half = (way: string) => ({ [`crypto_aead_xchacha20poly1305_ietf_${way}`]: () => {} });

test('without it there is none', async () => {
  expect(await loadAead()).toBeUndefined();
});

test('one that lacks either function is another version', async () => {
  for (const functions of [{}, half('encrypt'), half('decrypt')]) {
    peer = { ready: Promise.resolve(), ...functions };
    await expect(loadAead()).rejects.toMatchObject({
      code: 'sealer_unavailable',
      message: expect.stringContaining('has no XChaCha20-Poly1305'),
      hint: expect.stringContaining('npm install libsodium-wrappers@0.8'),
    });
  }
});

test('one that does not get ready says why', async () => {
  const cause = new Error('no WebAssembly here');
  peer = { ready: Promise.reject(cause) };
  await expect(loadAead()).rejects.toMatchObject({
    code: 'sealer_unavailable',
    message: expect.stringContaining('could not be loaded'),
    cause,
  });
});

test('what throws for a tag that does not fit opens nothing', async () => {
  const decrypt = () => {
    throw new Error('ciphertext cannot be decrypted using that key');
  };
  peer = {
    ready: Promise.resolve(),
    ...half('encrypt'),
    crypto_aead_xchacha20poly1305_ietf_decrypt: decrypt,
  };
  const bytes = new Uint8Array(1);
  expect((await loadAead())?.open(bytes, bytes, bytes, bytes)).toBeUndefined();
});
