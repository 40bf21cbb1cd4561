// The body of a sealed token: what is in it, and how that is encrypted. `sealed-token.ts` has the form of the whole.
import { randomBytesInto } from './random.js';
import { NONCE } from './sealed-token.js';
import type { Aead } from './sodium.js';
import { PAYLOAD_START } from './token.js';

/** What comes first inside says what follows. */
const JSON_INSIDE = 1;
const BYTES_INSIDE = 2;

// One scratch pad for all sealers, as for MACs: the code is synchronous. Cookies fit.
const scratch = Buffer.alloc(4096);
const additional = Buffer.alloc(PAYLOAD_START);
const nonce = new Uint8Array(NONCE);

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

/** The JSON text inside; undefined when there is something else inside. */
export function jsonInside(content: Uint8Array): string | undefined {
  if (content[0] !== JSON_INSIDE) return undefined;
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8', 1);
}

/** The bytes inside; undefined when it is something else. */
export function bytesInside(content: Uint8Array): Uint8Array | undefined {
  return content[0] === BYTES_INSIDE ? content.slice(1) : undefined;
}
