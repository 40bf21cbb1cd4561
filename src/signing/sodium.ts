// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) by libsodium's own WebAssembly build, an optional peer.
//
// Its calls answer at once when it is loaded. They copy what they are given into WebAssembly memory, free it after
// each call, also when they throw, and do not wipe it; that memory grows with the largest message and never shrinks.
import { KeyturnError } from '../errors.js';
import { loadOptional } from '../process/optional-package.js';
import { AEAD_PACKAGE } from './sealer-unavailable.js';

/** Authenticated encryption with additional data. */
export interface Aead {
  /** The ciphertext and, behind it, the tag of 16 bytes. */
  seal(content: Uint8Array, additional: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  /** Undefined when anything has been altered, or belongs to something else. */
  open(
    sealed: Uint8Array,
    additional: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): Uint8Array | undefined;
}

/**
 * Loads the peer.
 *
 * @returns undefined when it is not installed
 * @throws KeyturnError `sealer_unavailable` when it is there and cannot be used
 */
export async function loadAead(): Promise<Aead | undefined> {
  let sodium: typeof import('libsodium-wrappers') | undefined;
  try {
    sodium = loadOptional<typeof import('libsodium-wrappers')>(AEAD_PACKAGE, 'ready');
    if (sodium === undefined) return undefined;
    await sodium.ready;
  } catch (error) {
    throw new KeyturnError(
      'sealer_unavailable',
      `the package ${AEAD_PACKAGE} could not be loaded`,
      `install it anew: npm install ${AEAD_PACKAGE}@0.8`,
      { cause: error },
    );
  }
  const { crypto_aead_xchacha20poly1305_ietf_encrypt: encrypt } = sodium;
  const { crypto_aead_xchacha20poly1305_ietf_decrypt: decrypt } = sodium;
  if (typeof encrypt !== 'function' || typeof decrypt !== 'function') {
    throw new KeyturnError(
      'sealer_unavailable',
      `the package ${AEAD_PACKAGE} that is installed has no XChaCha20-Poly1305`,
      `install another version: npm install ${AEAD_PACKAGE}@0.8`,
    );
  }
  return {
    seal: (content, additional, nonce, key) => encrypt(content, additional, null, nonce, key),
    open: (sealed, additional, nonce, key) => {
      try {
        return decrypt(null, sealed, additional, nonce, key);
      } catch {
        // It throws for a tag that does not fit, and for anything shorter than a tag.
        return undefined;
      }
    },
  };
}
