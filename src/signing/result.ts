// What verifying untrusted input yields. Never an exception: a refusal is an expected outcome, with a reason
// for logs and metrics. Clients are never told the reason.

/**
 * - `malformed`: has not the form of a token
 * - `unknown_key`: no key of the ring has this id
 * - `retired_key`: signed by a key that was retired
 * - `revoked_key`: signed by a key that was revoked
 * - `bad_signature`: altered, or made for another purpose
 * - `expired`: genuine, but its time is over
 * - `not_yet_valid`: genuine, but issued more than a day in the future: a clock is wrong, of whoever signed or here
 * - `bind_mismatch`: genuine, but what it was bound to has changed
 */
export type RefusalReason =
  | 'malformed'
  | 'unknown_key'
  | 'retired_key'
  | 'revoked_key'
  | 'bad_signature'
  | 'expired'
  | 'not_yet_valid'
  | 'bind_mismatch';

/** That a token is not accepted. */
export interface Refusal {
  readonly ok: false;
  /** Why, for logs and metrics; clients are never told. */
  readonly reason: RefusalReason;
}

/** A token that is accepted. */
export interface Verified<T> {
  readonly ok: true;
  /** What it carries. */
  readonly payload: T;
  /** Id of the key that signed. */
  readonly kid: string;
  /** Whether that key is retiring: the token is due to be signed again. */
  readonly stale: boolean;
  /** When it was signed. */
  readonly issuedAt: Date;
  /** When it expires. */
  readonly expiresAt: Date;
}

/** What verifying yields: look at `ok` first. */
export type Result<T> = Verified<T> | Refusal;

/** One frozen value per reason: refusing costs no allocation. */
export const REFUSALS: {
  readonly [Reason in RefusalReason]: { readonly ok: false; readonly reason: Reason };
} = Object.freeze({
  malformed: Object.freeze({ ok: false, reason: 'malformed' }),
  unknown_key: Object.freeze({ ok: false, reason: 'unknown_key' }),
  retired_key: Object.freeze({ ok: false, reason: 'retired_key' }),
  revoked_key: Object.freeze({ ok: false, reason: 'revoked_key' }),
  bad_signature: Object.freeze({ ok: false, reason: 'bad_signature' }),
  expired: Object.freeze({ ok: false, reason: 'expired' }),
  not_yet_valid: Object.freeze({ ok: false, reason: 'not_yet_valid' }),
  bind_mismatch: Object.freeze({ ok: false, reason: 'bind_mismatch' }),
});
