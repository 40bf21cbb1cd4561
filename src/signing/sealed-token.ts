// The wire format of a sealed token, version 1. docs/token-format.md is its specification.
//
//   ks1.<kid>.<issued><expires>.<body>
//
// The header is that of a signed token. body: nonce (24 bytes), what was encrypted, tag (16 bytes), in base64url.
// Authenticated beside it: the header with its last dot, and what the token is bound to.
import { randomBytesInto } from './random.js';
import type { Aead } from './sodium.js';
import { KID_END, KID_START, PAYLOAD_START, parseTime, TIME_CHARACTERS, TIMES_START } from './token.js';

const NONCE = 24;
const TAG = 16;
/** What comes first inside says what follows. */
const JSON_INSIDE = 1;
const BYTES_INSIDE = 2;
const SHORTEST = PAYLOAD_START + Math.ceil(((NONCE + 1 + TAG) * 4) / 3);
/**
 * The most that one token may hold, in bytes. The memory that libsodium works in grows to twice of it and never
 * shrinks, and strangers may send tokens of any length.
 */
export const LARGEST_CONTENT: number = 1024 * 1024;
const LONGEST = PAYLOAD_START + Math.ceil(((NONCE + 1 + LARGEST_CONTENT + TAG) * 4) / 3);

/** Where the parts of a sealed token lie. Nothing in it has been verified. */
export interface SealedParts {
  readonly kid: string;
  /** With its last dot. */
  readonly header: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** base64url, one hopes. */
  readonly body: string;
}

// One scratch pad for all sealers, as for MACs: the code is synchronous. Cookies fit.
const scratch = Buffer.alloc(4096);
const additional = Buffer.alloc(PAYLOAD_START);
const nonce = new Uint8Array(NONCE);

/** Takes a sealed token apart; undefined when it does not have the form of one. Costs no cryptography. */
export function parseSealed(token: string): SealedParts | undefined {
  if (token.length < SHORTEST || token.length > LONGEST || !token.startsWith('ks1.')) return undefined;
  if (token[KID_END] !== '.' || token[PAYLOAD_START - 1] !== '.') return undefined;
  const issuedAt = parseTime(token, TIMES_START);
  const expiresAt = parseTime(token, TIMES_START + TIME_CHARACTERS);
  if (issuedAt < 0 || expiresAt < 0) return undefined;
  return {
    kid: token.slice(KID_START, KID_END),
    header: token.slice(0, PAYLOAD_START),
    issuedAt,
    expiresAt,
    body: token.slice(PAYLOAD_START),
  };
}

/** A random nonce, good until the next call: with 192 bits none comes twice, so nobody has to count messages. */
export function freshNonce(): Uint8Array {
  randomBytesInto(nonce);
  return nonce;
}

/** The body of a token: what `content` holds, encrypted under a nonce that was never used before. */
export function sealBody(
  aead: Aead,
  key: Uint8Array,
  header: string,
  bind: string | undefined,
  nonce: Uint8Array,
  content: Uint8Array,
): string {
  const sealed = aead.seal(content, additionalData(header, bind), nonce, key);
  const length = NONCE + sealed.length;
  const body = length <= scratch.length ? scratch : Buffer.allocUnsafe(length);
  body.set(nonce);
  body.set(sealed, NONCE);
  return body.toString('base64url', 0, length);
}

/**
 * The bytes of a body, in memory that the next call uses again.
 *
 * @returns undefined when it is not base64url in the one form there is: no other characters, no spare bits set
 */
export function decodeBody(body: string): Uint8Array | undefined {
  const room = body.length <= scratch.length ? scratch : Buffer.allocUnsafe(body.length);
  const length = room.write(body, 0, 'base64url');
  // Decoders pass over much, and a token must have one form only: encoded again it must be the same.
  return room.toString('base64url', 0, length) === body ? room.subarray(0, length) : undefined;
}

/** What is inside a body; undefined when it is not genuine for this key, header and bind. */
export function openBody(
  aead: Aead,
  key: Uint8Array,
  header: string,
  bind: string | undefined,
  body: Uint8Array,
): Uint8Array | undefined {
  const sealed = body.subarray(NONCE);
  return aead.open(sealed, additionalData(header, bind), body.subarray(0, NONCE), key);
}

/** A header has one length, so a bound one reads like no other. */
function additionalData(header: string, bind: string | undefined): Uint8Array {
  if (bind !== undefined) return Buffer.from(`${header}.${Buffer.from(bind, 'utf8').toString('base64url')}`);
  additional.write(header, 'latin1');
  return additional;
}

const content = Buffer.alloc(4096);

/** JSON text as it is encrypted, in memory that the next call uses again. */
export function jsonContent(json: string): Uint8Array {
  // A UTF-16 unit takes three bytes at most.
  const fits = 1 + json.length * 3 <= content.length;
  const room = fits ? content : Buffer.allocUnsafe(1 + Buffer.byteLength(json));
  room[0] = JSON_INSIDE;
  return room.subarray(0, 1 + room.write(json, 1, 'utf8'));
}

/** Bytes as they are encrypted. */
export function bytesContent(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(1 + bytes.length);
  room[0] = BYTES_INSIDE;
  room.set(bytes, 1);
  return room;
}

/** The JSON text inside; undefined when it is none. */
export function jsonInside(content: Uint8Array): string | undefined {
  if (content[0] !== JSON_INSIDE) return undefined;
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8', 1);
}

/** The bytes inside; undefined when it is something else. */
export function bytesInside(content: Uint8Array): Uint8Array | undefined {
  return content[0] === BYTES_INSIDE ? content.slice(1) : undefined;
}
