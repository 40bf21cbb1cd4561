// What verifying an access token yields.
import { REFUSALS, type RefusalReason } from '../signing/result.js';
import type { RegisteredClaims } from './claims.js';

/**
 * - `wrong_issuer`, `wrong_audience`, `wrong_subject`: genuine, and meant for another place or person
 * - `not_yet_valid`: genuine, and its `nbf` has not come, or its `iat` is more than a day away
 *
 * The others as for every token; `malformed` also where the header asks for another algorithm.
 */
export type JwtRefusalReason =
  | Exclude<RefusalReason, 'bind_mismatch'>
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'wrong_subject';

/** That a token is not accepted. */
export interface JwtRefusal {
  readonly ok: false;
  /** Why, for logs and metrics; clients are never told. */
  readonly reason: JwtRefusalReason;
}

/** A token that is accepted. */
export interface JwtVerified<T> {
  readonly ok: true;
  /** Its claims: those of the app, and the registered ones. */
  readonly payload: T & RegisteredClaims;
  /** Id of the key that signed. */
  readonly kid: string;
  /** Whether that key is retiring. */
  readonly stale: boolean;
  /** Undefined where another library signed without `iat`. */
  readonly issuedAt: Date | undefined;
  /** When it expires. */
  readonly expiresAt: Date;
}

/** What `verify()` yields: look at `ok` first. */
export type JwtResult<T> = JwtVerified<T> | JwtRefusal;

/** One frozen value per reason: refusing costs no allocation. */
export const JWT_REFUSALS: { readonly [Reason in JwtRefusalReason]: JwtRefusal } = Object.freeze({
  ...REFUSALS,
  wrong_issuer: Object.freeze({ ok: false, reason: 'wrong_issuer' }),
  wrong_audience: Object.freeze({ ok: false, reason: 'wrong_audience' }),
  wrong_subject: Object.freeze({ ok: false, reason: 'wrong_subject' }),
});
