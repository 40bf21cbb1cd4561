// JWS compact serialization (RFC 7515), as much of it as one algorithm needs: header.payload.mac, each base64url.
//
// Every text has one form only here: no padding, no spare bits, no characters that a lenient decoder would skip.
import { isUtf8 } from 'node:buffer';
import { type Hmac, MAC_CHARACTERS, sameMac } from '../signing/hmac.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The characters that may stand last, by the number of characters over a multiple of four: spare bits are zero. */
const LAST = ['', '', every(16), every(4)] as const;
/** A header names an algorithm and a key. One that goes on and on is not one of ours, whoever parses it. */
const LONGEST_HEADER = 1024;
/** Members of a header that change what a token means; RFC 7515 4.1.11, RFC 7797, RFC 7519 5.2. */
const REFUSED_MEMBERS = ['crit', 'b64', 'cty'] as const;

// Payloads that travel in a header fit; a Buffer of its own for each would cost as much as the decoding.
const scratch = Buffer.alloc(4096);

function every(step: number): string {
  return [...ALPHABET].filter((_, value) => value % step === 0).join('');
}

/** A key that tokens are verified with. */
export interface CompactKey {
  readonly kid: string;
  /** The header of the tokens that we sign with it, encoded, with the dot after it. */
  readonly header: string;
  readonly hmac: Hmac;
}

export interface CompactKeys<K extends CompactKey> {
  /** The one that most tokens are signed by. */
  readonly active: K;
  readonly byHeader: ReadonlyMap<string, K>;
  readonly byKid: ReadonlyMap<string, K>;
}

export type CompactResult<K> =
  | { readonly refused: undefined; readonly key: K; readonly json: string }
  | { readonly refused: 'malformed'; readonly key?: K }
  | { readonly refused: 'bad_signature'; readonly key: K }
  | { readonly refused: 'unknown_key'; readonly kid: string };

const MALFORMED = Object.freeze({ refused: 'malformed' });

/** The header of a token of ours: one fixed text per key, with the dot after it. */
export function headerOf(kid: string): string {
  return `${encodeSegment(`{"alg":"HS256","kid":"${kid}","typ":"JWT"}`)}.`;
}

/** Finds the key of a token and checks its MAC. The payload of an accepted token is authentic, and has not been read. */
export function verifyCompact<K extends CompactKey>(token: string, keys: CompactKeys<K>): CompactResult<K> {
  const macDot = token.length - MAC_CHARACTERS - 1;
  if (token[macDot] !== '.') return MALFORMED;
  let key: K | undefined = keys.active;
  let payloadStart = key.header.length;
  if (!token.startsWith(key.header)) {
    payloadStart = token.indexOf('.') + 1;
    key = keys.byHeader.get(token.slice(0, payloadStart));
    if (key === undefined) {
      // Another library orders the members otherwise. Headers are read only here, and no key is chosen by
      // anything in them but its id.
      const kid = readHeader(token.slice(0, payloadStart - 1));
      if (kid === undefined) return MALFORMED;
      key = keys.byKid.get(kid);
      if (key === undefined) return { refused: 'unknown_key', kid };
    }
  }
  // Two dots and no more, and something between them.
  if (payloadStart >= macDot || token.indexOf('.', payloadStart) !== macDot) return MALFORMED;
  const computed = key.hmac.mac(token.slice(0, macDot));
  if (computed === undefined) return MALFORMED;
  if (!sameMac(computed, token.slice(macDot + 1))) return { refused: 'bad_signature', key };
  const json = decodeSegment(token.slice(payloadStart, macDot));
  return json === undefined ? { refused: 'malformed', key } : { refused: undefined, key, json };
}

/**
 * The key id that a header names.
 *
 * @returns undefined unless the header is one of a JWT signed with HS256, and nothing in it asks for more than that
 */
export function readHeader(segment: string): string | undefined {
  if (segment.length > LONGEST_HEADER) return undefined;
  const json = decodeSegment(segment);
  if (json === undefined) return undefined;
  let members = -1;
  let header: unknown;
  try {
    header = JSON.parse(json, function (this: unknown, _name, value) {
      if (!Array.isArray(this)) members++;
      return value;
    });
  } catch {
    return undefined;
  }
  // The parser lets the last of two members of a name win, other libraries the first: with as many colons as
  // members no name is there twice.
  if (json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1 !== members) return undefined;
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined;
  if (REFUSED_MEMBERS.some((name) => Object.hasOwn(header, name))) return undefined;
  const { alg, kid, typ } = header as Readonly<Record<string, unknown>>;
  if (alg !== 'HS256' || typeof kid !== 'string') return undefined;
  if (typ !== undefined && (typeof typ !== 'string' || !/^(application\/)?jwt$/i.test(typ))) return undefined;
  return kid;
}

/** A text in its place in a token. */
export function encodeSegment(text: string): string {
  // A character takes 3 bytes at most.
  return text.length * 3 <= scratch.length
    ? scratch.toString('base64url', 0, scratch.write(text, 0, 'utf8'))
    : Buffer.from(text, 'utf8').toString('base64url');
}

/** Undefined for anything but the one base64url form of a text in UTF-8. */
export function decodeSegment(segment: string): string | undefined {
  const over = segment.length & 3;
  if (over === 1) return undefined;
  if (over !== 0 && !(LAST[over] as string).includes(segment[segment.length - 1] as string)) return undefined;
  const size = (segment.length * 3) >> 2;
  const bytes = size <= scratch.length ? scratch : Buffer.alloc(size);
  // What the decoder skips shows in the count. It does not skip the other alphabet, and cuts wider characters short.
  if (bytes.write(segment, 0, 'base64url') !== size || segment.includes('+') || segment.includes('/'))
    return undefined;
  if (Buffer.byteLength(segment, 'utf8') !== segment.length) return undefined;
  const text = bytes.toString('utf8', 0, size);
  return text.includes('\ufffd') && !isUtf8(bytes.subarray(0, size)) ? undefined : text;
}
