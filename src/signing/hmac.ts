// HMAC-SHA256 (RFC 2104) as two one-shot hashes over prepared pads.
//
// Why not createHmac: it costs twice as much per call (a native object, a key set-up and a Buffer each time),
// and it is most of what verifying a session costs. The construction is the RFC's, with node:crypto's own
// SHA-256; test/signing/hmac.test.ts proves it equal to createHmac for every length and many keys.
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 32;
/** The base64url form of a digest. */
export const MAC_CHARACTERS = 43;
/** Longer messages take the plain road: rare, and then the hash itself dominates. */
const CAPACITY = 4096;
/** A character beyond ASCII takes up to 4 bytes: with this much room one that does not fit shows in the count. */
const SPARE = 4;

// One scratch pad for all keys: the code is synchronous, so no two uses overlap, and memory stays bounded.
const inner = Buffer.alloc(BLOCK + CAPACITY + SPARE);
const outer = Buffer.alloc(BLOCK + DIGEST);
// Of full length from the start: set sparsely, by whoever sends a long token, it would turn into a slow hash table.
const innerViews = new Array<Uint8Array | undefined>(CAPACITY + 1).fill(undefined);
const full = [Buffer.alloc(MAC_CHARACTERS), Buffer.alloc(MAC_CHARACTERS)] as const;
let loaded: Hmac | undefined;

/** HMAC-SHA256 under one key. */
export class Hmac {
  readonly #key: KeyObject;
  readonly #innerPad = Buffer.alloc(BLOCK, 0x36);
  readonly #outerPad = Buffer.alloc(BLOCK, 0x5c);

  /** @param key at most 64 bytes (RFC 2104, section 2: a longer one would have to be hashed first) */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK) throw new RangeError('an HMAC-SHA256 key of more than 64 bytes');
    this.#key = createSecretKey(key);
    for (const [index, byte] of key.entries()) {
      this.#innerPad[index] = byte ^ 0x36;
      this.#outerPad[index] = byte ^ 0x5c;
    }
  }

  /**
   * The MAC of a message, in base64url.
   *
   * @param message ASCII, as every token is
   * @returns undefined for a message with any other character
   */
  mac(message: string): string | undefined {
    const length = message.length;
    if (length > CAPACITY) return this.#long(message);
    if (loaded !== this) {
      inner.set(this.#innerPad);
      outer.set(this.#outerPad);
      loaded = this;
    }
    // Beyond ASCII a character takes more bytes than one, so the count tells.
    if (inner.write(message, BLOCK, CAPACITY + SPARE, 'utf8') !== length) return undefined;
    let view = innerViews[length];
    if (view === undefined) {
      view = inner.subarray(0, BLOCK + length);
      innerViews[length] = view;
    }
    // As a text of bytes the inner digest avoids a Buffer, which would cost more than the hash.
    outer.write(hash('sha256', view, 'binary'), BLOCK, DIGEST, 'binary');
    return hash('sha256', outer, 'base64url');
  }

  #long(message: string): string | undefined {
    const bytes = Buffer.from(message, 'utf8');
    if (bytes.length !== message.length) return undefined;
    return createHmac('sha256', this.#key).update(bytes).digest('base64url');
  }
}

/**
 * Compares two MACs in base64url in constant time. The texts are compared, not the bytes they decode to: the
 * last character has spare bits, and a token must have one form only.
 */
export function sameMac(computed: string, candidate: string): boolean {
  const length = computed.length;
  if (candidate.length !== length || length > MAC_CHARACTERS) return false;
  const [expected, presented] =
    length === MAC_CHARACTERS ? full : [Buffer.alloc(length), Buffer.alloc(length)];
  expected.write(computed, 0, length, 'latin1');
  // Beyond ASCII a character becomes bytes of 128 and more, which no base64url text has; one that does not fit
  // is not written at all, and what stood there before must not count in its place.
  if (presented.write(candidate, 0, length, 'utf8') !== length) return false;
  return timingSafeEqual(expected, presented);
}
