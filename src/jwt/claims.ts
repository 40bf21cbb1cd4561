// The claims of an access token (RFC 7519, section 4).
import { KeyturnError } from '../errors.js';
import type { Json } from '../signing/json.js';
import { toJson } from '../signing/token.js';

/** What an access token says besides the app's own claims. Times in seconds since 1970. */
export interface RegisteredClaims {
  /** Who signed. */
  readonly iss: string;
  /** Whom the token is for. */
  readonly aud: string | readonly string[];
  /** When it expires, in seconds since 1970. */
  readonly exp: number;
  /** Tokens of other libraries may lack it. */
  readonly iat?: number;
  /** It is refused before then, in seconds since 1970. */
  readonly nbf?: number;
  /** Whom it speaks of. */
  readonly sub?: string;
}

/** Claims of the app: an object that JSON can carry. `sub` and `jti` may be among them. */
export type AppClaims = Readonly<Record<string, unknown>>;

/** Claims as JSON carries them. */
export type JsonClaims<T extends object> = Json<T> extends object ? Json<T> : never;

/** What `Date` can hold, in seconds. */
const LAST_SECOND = 8.64e12;
/** Set from options only: two sources for one claim would be one too many. */
const OURS = ['iss', 'aud', 'exp', 'nbf', 'iat'] as const;

/** Claims of the kinds that they must have; `exp` is there. */
export type FoundClaims = Partial<RegisteredClaims> & Pick<RegisteredClaims, 'exp'>;

export function isClaims(value: unknown): value is FoundClaims {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { exp, nbf, iat, iss, sub, aud } = value as Readonly<Record<string, unknown>>;
  return (
    isTime(exp) &&
    (nbf === undefined || isTime(nbf)) &&
    (iat === undefined || isTime(iat)) &&
    (iss === undefined || typeof iss === 'string') &&
    (sub === undefined || typeof sub === 'string') &&
    (aud === undefined ||
      typeof aud === 'string' ||
      (Array.isArray(aud) && aud.every((one) => typeof one === 'string')))
  );
}

/** A NumericDate, which may have a fraction, in the range of dates. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_SECOND;
}

export function isFor(
  aud: string | readonly string[] | undefined,
  accepted: string | readonly string[],
): boolean {
  if (aud === undefined) return false;
  const accepts = (one: string) => (typeof accepted === 'string' ? one === accepted : accepted.includes(one));
  return typeof aud === 'string' ? accepts(aud) : aud.some(accepts);
}

/** The claims as JSON text of an object. */
export function claimsText(claims: object): string {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims) || 'toJSON' in claims) {
    throw invalid('the claims are not a plain object', 'pass an object such as { role: "editor" }');
  }
  for (const name of OURS) {
    if ((claims as Readonly<Record<string, unknown>>)[name] !== undefined) {
      throw invalid(
        `the claims hold ${name}, which Keyturn sets`,
        'issuer, audience and maxAge are options of createJwt; maxAge and notBefore of sign',
      );
    }
  }
  return toJson(claims);
}

export function requireText(value: unknown, what: string, hint: string): string {
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value;
  throw invalid(`${what} is missing, empty or not a text`, `say ${hint}`);
}

/** An error of whoever signs. */
export function invalid(message: string, hint: string): KeyturnError {
  return new KeyturnError('jwt_invalid', message, hint);
}
