// The wire format of a signed token, version 1. docs/token-format.md is its specification.
//
//   kt1.<kid>.<issued><expires>.<payload>[.<bind tag>].<mac>
//
// kid: 8 characters. issued, expires: 6 characters each, seconds since 1970 as 36 bits, big-endian, base64url.
// payload: JSON, UTF-8, base64url. bind tag: 22 characters. mac: HMAC-SHA256 over everything before its dot.
import { KeyturnError } from '../errors.js';

/** How tokens begin: signed ones, and sealed ones (`sealed-token.ts`), which have the same header. */
export const SIGNED = 'kt1';
export const SEALED = 'ks1';
type Version = typeof SIGNED | typeof SEALED;
export const KID_START = 4;
export const KID_END = 12;
export const TIMES_START = 13;
export const TIME_CHARACTERS = 6;
/** Where the header ends, with its last dot. */
export const PAYLOAD_START = 26;
export const BIND_TAG_CHARACTERS = 22;
/** The shortest token that the parser takes. JSON is never empty, but that is not for the parser to judge. */
const SHORTEST = PAYLOAD_START + 1 + 43;
/** The last second that a token can name, in the year 4147. */
const LAST_SECOND = 2 ** 36 - 1;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** Where the parts of a token lie. Nothing in it has been verified. */
export interface TokenParts {
  readonly kid: string;
  /** Everything that the MAC covers. */
  readonly signed: string;
  readonly mac: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** base64url. */
  readonly payload: string;
  readonly bindTag: string | undefined;
}

/** The part of a token before the payload. */
export function formatHeader(version: Version, kid: string, issuedAt: number, expiresAt: number): string {
  return `${version}.${kid}.${formatTime(issuedAt)}${formatTime(expiresAt)}.`;
}

/** Six base64url characters for the seconds since 1970. What lies beyond an end becomes that end, never the other. */
function formatTime(time: number): string {
  const seconds = Math.min(Math.max(time, 0), LAST_SECOND);
  const high = Math.floor(seconds / 0x40000);
  const low = seconds & 0x3ffff;
  return (
    (ALPHABET[(high >> 12) & 63] as string) +
    ALPHABET[(high >> 6) & 63] +
    ALPHABET[high & 63] +
    ALPHABET[(low >> 12) & 63] +
    ALPHABET[(low >> 6) & 63] +
    ALPHABET[low & 63]
  );
}

/** Seconds since 1970; -1 where there is no time. */
export function parseTime(token: string, start: number): number {
  let high = 0;
  let low = 0;
  for (let index = 0; index < 3; index++) {
    const first = VALUES[token.charCodeAt(start + index)] ?? -1;
    const second = VALUES[token.charCodeAt(start + 3 + index)] ?? -1;
    if (first < 0 || second < 0) return -1;
    high = (high << 6) | first;
    low = (low << 6) | second;
  }
  return high * 0x40000 + low;
}

/** Takes a token apart; undefined when it does not have the form of one. Costs no cryptography. */
export function parseToken(token: string): TokenParts | undefined {
  if (token.length < SHORTEST || !token.startsWith('kt1.')) return undefined;
  if (token[KID_END] !== '.' || token[PAYLOAD_START - 1] !== '.') return undefined;
  const macDot = token.length - 44;
  if (token[macDot] !== '.') return undefined;
  const payloadEnd = token.indexOf('.', PAYLOAD_START);
  let bindTag: string | undefined;
  if (payloadEnd !== macDot) {
    if (payloadEnd !== macDot - BIND_TAG_CHARACTERS - 1) return undefined;
    bindTag = token.slice(payloadEnd + 1, macDot);
    if (bindTag.includes('.')) return undefined;
  }
  const issuedAt = parseTime(token, TIMES_START);
  const expiresAt = parseTime(token, TIMES_START + TIME_CHARACTERS);
  if (issuedAt < 0 || expiresAt < 0) return undefined;
  return {
    kid: token.slice(KID_START, KID_END),
    signed: token.slice(0, macDot),
    mac: token.slice(macDot + 1),
    issuedAt,
    expiresAt,
    payload: token.slice(PAYLOAD_START, payloadEnd),
    bindTag,
  };
}

/**
 * A payload as JSON text.
 *
 * @throws KeyturnError `payload_not_json` for what JSON cannot carry
 */
export function toJson(payload: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(payload);
  } catch (error) {
    throw new KeyturnError(
      'payload_not_json',
      'the payload cannot be written as JSON',
      'sign plain values: no BigInt, no object that holds itself',
      { cause: error },
    );
  }
  if (json === undefined) {
    throw new KeyturnError(
      'payload_not_json',
      `the payload is ${typeof payload}, which JSON cannot carry`,
      'sign a value: an object, an array, a text, a number, true, false or null',
    );
  }
  return json;
}

/** JSON text in its place in the token. */
export function encodePayload(json: string): string {
  return Buffer.from(json, 'utf8').toString('base64url');
}

// Payloads of cookies fit; a Buffer of its own for each would cost as much as the decoding.
const decoded = Buffer.alloc(4096);

/** The text of a payload that has been authenticated. */
export function decodePayload(payload: string): string {
  if (payload.length > decoded.length) return Buffer.from(payload, 'base64url').toString('utf8');
  return decoded.toString('utf8', 0, decoded.write(payload, 0, 'base64url'));
}

/** Undefined when a holder of the key has signed something that is not JSON. */
export function fromJson(json: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) };
  } catch {
    return undefined;
  }
}
