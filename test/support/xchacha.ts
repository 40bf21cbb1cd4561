// XChaCha20-Poly1305 a second time, after draft-irtf-cfrg-xchacha-03: HChaCha20 by hand, the rest by OpenSSL.
import { createCipheriv } from 'node:crypto';
import { createRequire } from 'node:module';

// By `require`, as Keyturn does: its memory is looked at here, and the copy that `import` gives has another.
const sodium: typeof import('libsodium-wrappers') = createRequire(import.meta.url)('libsodium-wrappers');

const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits));

function quarter(state: Uint32Array, a: number, b: number, c: number, d: number): void {
  const at = (index: number) => state[index] as number;
  state[a] = at(a) + at(b);
  state[d] = rotate(at(d) ^ at(a), 16);
  state[c] = at(c) + at(d);
  state[b] = rotate(at(b) ^ at(c), 12);
  state[a] = at(a) + at(b);
  state[d] = rotate(at(d) ^ at(a), 8);
  state[c] = at(c) + at(d);
  state[b] = rotate(at(b) ^ at(c), 7);
}

/** Section 2.2: a key from a key and 16 bytes. */
export function hchacha20(key: Uint8Array, nonce: Uint8Array): Buffer {
  const block = Buffer.concat([Buffer.from('expand 32-byte k'), key, nonce]);
  const state = Uint32Array.from({ length: 16 }, (_, index) => block.readUInt32LE(4 * index));
  for (let round = 0; round < 10; round++) {
    quarter(state, 0, 4, 8, 12);
    quarter(state, 1, 5, 9, 13);
    quarter(state, 2, 6, 10, 14);
    quarter(state, 3, 7, 11, 15);
    quarter(state, 0, 5, 10, 15);
    quarter(state, 1, 6, 11, 12);
    quarter(state, 2, 7, 8, 13);
    quarter(state, 3, 4, 9, 14);
  }
  const subkey = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((word, index) => {
    subkey.writeUInt32LE(state[word] as number, 4 * index);
  });
  return subkey;
}

/** Section 2.3: the ciphertext and the tag. */
export function xchachaSeal(
  content: Uint8Array,
  additional: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Buffer {
  const short = Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]);
  const cipher = createCipheriv('chacha20-poly1305', hchacha20(key, nonce.subarray(0, 16)), short, {
    authTagLength: 16,
  });
  cipher.setAAD(additional, { plaintextLength: content.length });
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** The memory that libsodium works in, in bytes: it grows and never shrinks. */
export function sodiumMemory(): number {
  return (sodium as unknown as { libsodium: { HEAPU8: Uint8Array } }).libsodium.HEAPU8.length;
}
