// One purpose with whatever keyring is in force: what a signer and a sealer have in common.

import type { AppNames } from '../config/app.js';
import { requireLifetime } from '../config/lifetime.js';
import { KeyturnError } from '../errors.js';
import { isKid } from '../formats.js';
import type { Key } from '../keyring/key.js';
import type { SteadyRing } from '../keyring/steady-ring.js';
import type { SignOptions } from './public-signer.js';
import { type Derive, type Epoch, type PurposeKeys, purposeKeys } from './purpose-keys.js';
import type { ReceivedToken } from './received.js';
import type { RecentToken } from './recent-tokens.js';
import { REFUSALS, type Refusal, type RefusalReason, type Verified } from './result.js';
import type { Usage } from './usage.js';

/** Told of every refusal; for logs and metrics. */
type RefusalListener = (purpose: string, reason: RefusalReason, kid: string | undefined) => void;

/** What a signer and a sealer are made of. */
export interface PurposeKeyringParts {
  readonly purpose: string;
  /** Seconds. */
  readonly maxAge: number;
  readonly ring: SteadyRing;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly onRefusal: RefusalListener;
  readonly usage: Usage;
  readonly epoch: Epoch;
  /** Required also for an app without a name: whoever left it out would refuse every token of a named app. */
  readonly apps: AppNames;
}

/** A genuine token, as Keyturn itself handles it. Times in seconds since 1970. */
export interface Checked {
  readonly ok: true;
  /** The payload as JSON text: the caller parses it, and may compare it first. */
  readonly json: string;
  /** Where it was genuine a moment ago, too. */
  readonly recent: RecentToken | undefined;
  readonly key: Key;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What makes and reads the tokens in cookies: a signer or a sealer, with dates handed in and the payload as text. */
export interface TokenCodec {
  /** Whether a token has the form of its own: signed, or sealed. */
  reads(token: ReceivedToken): boolean;
  /** Whether a token is genuine and in time, and what it carries. */
  checkReceived(token: ReceivedToken): Checked | Refusal;
  /** Makes a token with given dates, in seconds since 1970. */
  issueAt(json: string, issuedAt: number, expiresAt: number): string;
}

/**
 * How far ahead of ours the clock of whoever signed may be, in seconds. Clocks differ by minutes and time zones by hours,
 * which must sign nobody out; a clock that is years ahead made tokens that would live for years.
 */
export const FARTHEST_AHEAD = 86_400;

/** Why a genuine token is not accepted now. @param now milliseconds since 1970 */
export function timeRefusal(
  issuedAt: number,
  expiresAt: number,
  now: number,
): 'expired' | 'not_yet_valid' | undefined {
  // Written so that a clock that gives no number refuses.
  if (!(expiresAt * 1000 > now)) return 'expired';
  return (issuedAt - FARTHEST_AHEAD) * 1000 > now ? 'not_yet_valid' : undefined;
}

export class PurposeKeyring<K> {
  readonly parts: PurposeKeyringParts;
  readonly #derive: Derive<K>;
  #keys: PurposeKeys<K> | undefined;

  constructor(parts: PurposeKeyringParts, derive: Derive<K>) {
    this.parts = parts;
    this.#derive = derive;
  }

  /** Those of the ring in force. @throws KeyturnError `keyring_unavailable` before there is one */
  get keys(): PurposeKeys<K> {
    const ring = this.parts.ring.current;
    if (ring !== this.#keys?.ring)
      this.#keys = purposeKeys(ring, this.parts.purpose, this.parts.usage, this.#derive, this.parts.apps);
    return this.#keys as PurposeKeys<K>;
  }

  /** The same for signing. @throws KeyturnError `keyring_unavailable` too when the ring is past its lease */
  get signing(): PurposeKeys<K> {
    this.parts.ring.requireFresh();
    return this.keys;
  }

  refuse(reason: RefusalReason, kid?: string): Refusal {
    this.parts.onRefusal(this.parts.purpose, reason, kid);
    return REFUSALS[reason];
  }

  /** Only here the characters of a kid are looked at: those of a known one are right. What goes to logs is clean. */
  refuseKid(kid: string): Refusal {
    if (!isKid(kid)) return this.refuse('malformed');
    return this.refuse(missingKeyReason(this.keys.ring.get(kid)), kid);
  }

  /**
   * The dates of a token that is made now, in seconds since 1970, and what it is bound to.
   *
   * @throws KeyturnError `purpose_lifetime`, `duration_invalid`, `bind_invalid`
   */
  terms(options: SignOptions): { issuedAt: number; expiresAt: number; bind: string | undefined } {
    const { purpose, maxAge, clock } = this.parts;
    const issuedAt = Math.floor(clock() / 1000);
    const cure = 'lengthen max_age of the purpose';
    const expiresAt = issuedAt + requireLifetime(options.maxAge, maxAge, `a token for "${purpose}"`, cure);
    // A state that turned out undefined (an account without a password) must not make a token bound to nothing.
    return { issuedAt, expiresAt, bind: 'bind' in options ? requireBind(options.bind) : undefined };
  }
}

/** Why there is no material for a key id. The id is not authenticated: an attacker may write any. */
export function missingKeyReason(key: Key | undefined): 'retired_key' | 'revoked_key' | 'unknown_key' {
  if (key?.state === 'retired') return 'retired_key';
  return key?.state === 'revoked' ? 'revoked_key' : 'unknown_key';
}

/** Whether a token can be bound to it. Not to an ill-formed text: different ones would become the same bytes. */
export function isState(state: unknown): state is string {
  return typeof state === 'string' && state !== '' && state.isWellFormed();
}

/** @throws KeyturnError `bind_invalid` */
export function requireBind(state: string | undefined): string {
  if (isState(state)) return state;
  throw new KeyturnError(
    'bind_invalid',
    'bind is empty, or is not a well-formed text',
    'pass the state that ends the token when it changes, such as the password hash; leave bind out for none',
  );
}

/** A token as the public sees it. */
export function toVerified<T>(checked: Omit<Checked, 'json' | 'recent'>, payload: T): Verified<T> {
  return {
    ok: true,
    payload,
    kid: checked.key.id,
    stale: checked.key.state === 'retiring',
    issuedAt: new Date(checked.issuedAt * 1000),
    expiresAt: new Date(checked.expiresAt * 1000),
  };
}

/** Issued more than a day in the future: this clock is wrong, or was that of whoever issued it. */
export function isEarly(checked: Checked | Refusal): boolean {
  return !checked.ok && checked.reason === 'not_yet_valid';
}
