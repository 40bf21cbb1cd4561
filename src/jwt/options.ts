// What `createJwt()`, `sign()` and `verify()` take.

import { requireLifetime } from '../config/lifetime.js';
import type { OptionHints, OptionNames } from '../config/options.js';
import type { Internals } from '../internals.js';
import { invalid, requireText } from './claims.js';
import { ACCESS } from './keys.js';

/** What `createJwt()` takes. */
export interface JwtOptions {
  /** Who signs: `iss` of every token, such as `https://auth.example.com`. */
  readonly issuer: string;
  /**
   * Whom tokens are for: `aud`, such as `https://api.example.com`. Required, since a token without one is good
   * at every service that shares the secret. Of a list tokens carry all, and one of them is enough to verify.
   */
  readonly audience: string | readonly string[];
  /** Lifetime of the tokens: seconds, or a text such as `"15min"`, which is the default. */
  readonly maxAge?: number | string;
  /** By how many seconds clocks may differ, when `exp` and `nbf` are looked at: 0, the default, to 300. */
  readonly clockTolerance?: number;
}

/** What `sign()` takes beside the claims. */
export interface JwtSignOptions {
  /** Whom the token speaks of: `sub`. */
  readonly subject?: string;
  /** Shorter than that of the others. */
  readonly maxAge?: number | string;
  /** Refused before then: `nbf`. */
  readonly notBefore?: Date;
}

/** What `verify()` takes beside the token. */
export interface JwtVerifyOptions {
  /** Instead of that of `createJwt`: one of these must be among those of the token. */
  readonly audience?: string | readonly string[];
  /** Refuse tokens of anybody else. */
  readonly subject?: string;
}

export const JWT_OPTIONS: OptionNames<JwtOptions> = {
  issuer: true,
  audience: true,
  maxAge: true,
  clockTolerance: true,
};
export const SIGN_OPTIONS: OptionNames<JwtSignOptions> = { subject: true, maxAge: true, notBefore: true };
export const VERIFY_OPTIONS: OptionNames<JwtVerifyOptions> = { audience: true, subject: true };

const ALGORITHM = 'leave it out: tokens are signed with HS256, and no other algorithm is ever accepted';
const KEY = 'leave it out: the keys are those of the keyring';
export const JWT_HINTS: OptionHints = {
  algorithm: ALGORITHM,
  algorithms: ALGORITHM,
  secret: KEY,
  key: KEY,
  privateKey: KEY,
  clockTimestamp: 'leave it out: the clock is an option of createKeyturn',
};
export const VERIFY_HINTS: OptionHints = {
  ...JWT_HINTS,
  issuer: 'leave it out: the issuer is that of createJwt',
  maxAge: 'leave it out: every token says itself when it expires',
  clockTolerance: 'say it to createJwt: it lengthens how long a key is needed',
  ignoreExpiration: 'leave it out: every token expires',
};

const DEFAULT_AGE = 15 * 60;
const LONGEST_TOLERANCE = 300;

export function lifetime(parts: Internals, asked: number | string | undefined, tolerance: number): number {
  // A token is accepted until the tolerance after its expiry: a ring that retires a key must have waited so long.
  const longest = parts.registry.own(ACCESS).maxAge - tolerance;
  if (asked === undefined && longest > 0) return Math.min(DEFAULT_AGE, longest);
  return requireLifetime(
    asked ?? DEFAULT_AGE,
    longest,
    'an access token (clock tolerance taken off)',
    `set max_age under [purposes.${ACCESS}] in keyturn.toml`,
  );
}

export function notBefore(moment: Date, expiresAt: number): number {
  const seconds = moment instanceof Date ? Math.ceil(moment.getTime() / 1000) : Number.NaN;
  if (seconds < expiresAt) return seconds;
  throw invalid(
    'notBefore is not a date before the expiry of the token',
    'pass a Date, and a maxAge that reaches beyond it',
  );
}

export function requireTolerance(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= LONGEST_TOLERANCE) return seconds;
  throw invalid(
    `clockTolerance is not a number of seconds from 0 to ${LONGEST_TOLERANCE}`,
    'leave it out, or allow a few seconds; clocks that differ by more should be set right',
  );
}

export function requireAudience(audience: string | readonly string[]): readonly string[] {
  const what = 'whom tokens are for, such as "https://api.example.com"';
  const all: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (all.length === 0) throw invalid('audience is an empty list', `say ${what}`);
  return Object.freeze(all.map((one) => requireText(one, 'audience', what)));
}
