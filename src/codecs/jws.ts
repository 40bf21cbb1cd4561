// Tokens of other libraries, as far as it takes to see which key has signed one: RFC 7515, compact, HMAC with SHA-256. The
// library itself verifies them, and says what is wrong with one.
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { parseJson } from '../formats.js';
import { sameSignature } from './cookies.js';

export type { KeyObject };

/** What a token says of itself. Nothing of it is true before its signature has been checked. */
export interface JwsParts {
  /** Undefined where it names none. */
  readonly kid: string | undefined;
  readonly isHs256: boolean;
  /** What is signed. */
  readonly input: string;
  readonly signature: string;
}

/** A header names an algorithm and a key: a longer one is not looked into. */
const LONGEST_HEADER = 4096;

/** @returns undefined where it is no token */
export function jwsParts(token: unknown): JwsParts | undefined {
  if (typeof token !== 'string') return undefined;
  const [dot, last] = [token.indexOf('.'), token.lastIndexOf('.')];
  if (dot < 1 || dot > LONGEST_HEADER || last === dot) return undefined;
  const header = readSegment(token.slice(0, dot));
  return header && { ...said(header), input: token.slice(0, last), signature: token.slice(last + 1) };
}

/** The same of a header that a library has decoded. */
export function said(header: Readonly<Record<string, unknown>>): Pick<JwsParts, 'kid' | 'isHs256'> {
  const { alg, kid } = header;
  return { kid: typeof kid === 'string' ? kid : undefined, isHs256: alg === 'HS256' };
}

/** Whether a key has signed it. In constant time. */
export function isSignedBy({ input, signature }: JwsParts, key: Uint8Array): boolean {
  return sameSignature(createHmac('sha256', key).update(input, 'utf8').digest('base64url'), signature);
}

/** When a token was made and when it ends, in seconds since 1970; undefined where it does not say so. */
export interface JwtDates {
  readonly made: number | undefined;
  readonly end: number | undefined;
}

export function datesIn({ input }: JwsParts): JwtDates {
  return datesOf(readSegment(input.slice(input.indexOf('.') + 1)));
}

/** The same of what a token carries. */
export function datesOf(claims: unknown): JwtDates {
  const { iat, exp } = (claims ?? {}) as { readonly iat?: unknown; readonly exp?: unknown };
  const dateOf = (value: unknown) => (typeof value === 'number' ? value : undefined);
  return { made: dateOf(iat), end: dateOf(exp) };
}

/** A key as libraries take it, that nothing prints. */
export function keyObject(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes);
}

/** A key that nobody has: nothing is signed by it. */
export const nobodysKey = (): Uint8Array => randomBytes(32);

function readSegment(segment: string): Readonly<Record<string, unknown>> | undefined {
  const read = parseJson(Buffer.from(segment, 'base64url').toString('utf8'));
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return undefined;
  return read as Record<string, unknown>;
}
