// A signer: signs payloads for one purpose and verifies tokens of it, with whatever keyring is in force.
import { requireDuration } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import type { Key } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { LiveKeyring } from '../keyring/live.js';
import { type Hmac, sameMac } from './hmac.js';
import { type Epoch, type Macs, type PurposeKeys, purposeKeys } from './purpose-keys.js';
import { REFUSALS, type Refusal, type RefusalReason, type Result, type Verified } from './result.js';
import {
  BIND_TAG_CHARACTERS,
  decodePayload,
  encodePayload,
  formatHeader,
  fromJson,
  parseToken,
  type TokenParts,
  toJson,
} from './token.js';
import type { Usage } from './usage.js';

/** The state that a token is tied to: what it is bound to at signing must be the same at verification. */
export type Bind<T> =
  | string
  | ((payload: T) => string | undefined | null | Promise<string | undefined | null>);

export interface SignOptions {
  /**
   * Ties the token to a state, such as the hash of a password: it ends when that changes. A state that is
   * undefined is a mistake and not "no bind": leave the option out for that.
   */
  readonly bind?: string;
  /** Shorter than the signer's own: seconds, or a text such as `"15min"`. */
  readonly maxAge?: number | string;
}

export interface VerifyOptions<T> {
  /** The state as it is now, or a function of the (already authenticated) payload that looks it up. */
  readonly bind?: Bind<T>;
}

/** A verified token before it is dressed for the public: times in seconds since 1970. */
export interface Checked {
  readonly ok: true;
  /** The payload as JSON text: the caller parses it, and may compare it first. */
  readonly json: string;
  readonly key: Key;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

interface Authenticated extends Checked {
  readonly macs: Macs;
}

/** Told of every refusal; for logs and metrics. */
export type RefusalListener = (purpose: string, reason: RefusalReason, kid: string | undefined) => void;

export interface SignerParts {
  readonly purpose: string;
  /** Seconds. */
  readonly maxAge: number;
  readonly ring: LiveKeyring;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly onRefusal: RefusalListener;
  readonly usage: Usage;
  readonly epoch: Epoch;
}

/** Signs payloads of type `T` for one purpose. Synchronous; follows the ring in force. */
export class Signer<T = unknown> {
  readonly purpose: string;
  /** The lifetime of the tokens it signs, in seconds. */
  readonly maxAge: number;
  readonly #ring: LiveKeyring;
  readonly #clock: () => number;
  readonly #onRefusal: RefusalListener;
  readonly #usage: Usage;
  readonly #epoch: Epoch;
  #keys: PurposeKeys;

  /** @internal use `keyturn.signer()` */
  constructor(parts: SignerParts) {
    this.purpose = parts.purpose;
    this.maxAge = parts.maxAge;
    this.#ring = parts.ring;
    this.#clock = parts.clock;
    this.#onRefusal = parts.onRefusal;
    this.#usage = parts.usage;
    this.#epoch = parts.epoch;
    this.#keys = purposeKeys(parts.ring.current, parts.purpose, parts.usage);
  }

  /**
   * Signs a payload: any value that JSON can carry. It can be read by whoever holds the token.
   *
   * @throws KeyturnError `payload_not_json`, `bind_invalid`, `purpose_lifetime`, `duration_invalid`
   */
  sign(payload: T, options: SignOptions = {}): string {
    const now = Math.floor(this.#clock() / 1000);
    const maxAge = options.maxAge === undefined ? this.maxAge : this.#shorter(options.maxAge);
    // A state that turned out undefined (an account without a password) must not make a token bound to nothing.
    const bind = 'bind' in options ? requireBind(options.bind) : undefined;
    return this.signJsonAt(toJson(payload), now, now + maxAge, bind);
  }

  /**
   * Verifies a token. Whatever it is given, it does not throw: a refusal is a result with a reason. It returns
   * a promise only when `bind` does; an exception of that function is passed on.
   */
  verify(
    token: unknown,
    options?: { readonly bind?: string | ((payload: T) => string | undefined | null) },
  ): Result<T>;
  verify(token: unknown, options: VerifyOptions<T>): Result<T> | Promise<Result<T>>;
  verify(token: unknown, options: VerifyOptions<T> = {}): Result<T> | Promise<Result<T>> {
    const parts = typeof token === 'string' ? parseToken(token) : undefined;
    if (parts === undefined) return this.#refuse('malformed');
    const checked = this.#authenticate(parts);
    if (!checked.ok) return checked;
    const parsed = fromJson(checked.json);
    if (parsed === undefined) return this.#refuse('malformed', parts.kid);
    const payload = parsed.value as T;
    if (!('bind' in options)) {
      return parts.bindTag === undefined ? dress(checked, payload) : this.#refuse('bind_mismatch', parts.kid);
    }
    const bound = typeof options.bind === 'function' ? options.bind(payload) : options.bind;
    const settle = (state: string | undefined | null): Result<T> => {
      const reason = this.#bindRefusal(parts, checked.macs, state);
      return reason === undefined ? dress(checked, payload) : this.#refuse(reason, parts.kid);
    };
    return isPromise(bound) ? bound.then(settle) : settle(bound);
  }

  /** @internal Verifies an unbound token; the hot path of every request. */
  check(token: string): Checked | Refusal {
    const parts = parseToken(token);
    if (parts === undefined) return this.#refuse('malformed');
    const checked = this.#authenticate(parts);
    return checked.ok && parts.bindTag !== undefined ? this.#refuse('bind_mismatch', parts.kid) : checked;
  }

  /** @internal Signs with given dates, in seconds since 1970: a cookie signed again keeps its own. */
  signJsonAt(json: string, issuedAt: number, expiresAt: number, bind?: string): string {
    const { active } = this.#current();
    const { sign, bind: bindMac } = active.macs(this.#epoch, issuedAt);
    let signed = formatHeader(active.key.id, issuedAt, expiresAt) + encodePayload(json);
    if (bind !== undefined) signed += `.${bindTag(bindMac, signed, bind)}`;
    active.use.signed++;
    active.use.signedAt = this.#clock();
    return `${signed}.${sign.mac(signed)}`;
  }

  /** @internal Whether the ring knows the key of a token, or says that it is gone; false: look for a newer ring. */
  knows(token: string): boolean {
    const parts = parseToken(token);
    return parts === undefined || this.#ring.current.get(parts.kid) !== undefined;
  }

  #authenticate(parts: TokenParts): Authenticated | Refusal {
    const keys = this.#current();
    const found = keys.byId.get(parts.kid);
    if (found === undefined) return this.#refuseKid(keys.ring, parts.kid);
    const now = this.#clock();
    const { signed, mac, issuedAt, expiresAt } = parts;
    const macs = found.match(signed, mac, this.#epoch, issuedAt, now / 1000, this.maxAge);
    if (macs === null) return this.#refuse('malformed', parts.kid);
    if (macs === undefined) return this.#refuse('bad_signature', parts.kid);
    // Written so that a clock that gives no number refuses.
    if (!(expiresAt * 1000 > now)) return this.#refuse('expired', parts.kid);
    found.use.verified++;
    found.use.verifiedAt = now;
    return { ok: true, json: decodePayload(parts.payload), key: found.key, issuedAt, expiresAt, macs };
  }

  /** Why a genuine token is refused for a state; undefined when it is bound to that. */
  #bindRefusal(parts: TokenParts, macs: Macs, state: string | undefined | null): RefusalReason | undefined {
    // Looked up anew: while a promise for the state was awaited, the key may have been revoked.
    const keys = this.#current();
    if (!keys.byId.has(parts.kid)) return absence(keys.ring.get(parts.kid));
    if (parts.bindTag === undefined || !isState(state)) return 'bind_mismatch';
    const unbound = parts.signed.slice(0, -BIND_TAG_CHARACTERS - 1);
    return sameMac(bindTag(macs.bind, unbound, state), parts.bindTag) ? undefined : 'bind_mismatch';
  }

  /** Only here the characters of a kid are looked at: those of a known one are right. What goes to logs is clean. */
  #refuseKid(ring: Keyring, kid: string): Refusal {
    return /^[\w-]{8}$/.test(kid) ? this.#refuse(absence(ring.get(kid)), kid) : this.#refuse('malformed');
  }

  #current(): PurposeKeys {
    const ring = this.#ring.current;
    if (ring !== this.#keys.ring) this.#keys = purposeKeys(ring, this.purpose, this.#usage);
    return this.#keys;
  }

  #refuse(reason: RefusalReason, kid?: string): Refusal {
    this.#onRefusal(this.purpose, reason, kid);
    return REFUSALS[reason];
  }

  #shorter(maxAge: number | string): number {
    const seconds = requireDuration(maxAge, 'maxAge');
    if (seconds > this.maxAge) {
      throw new KeyturnError(
        'purpose_lifetime',
        `a token for "${this.purpose}" may live ${this.maxAge} s, not ${seconds} s`,
        "code may only shorten a lifetime; lengthen the purpose's own",
      );
    }
    return seconds;
  }
}

/** Why there is no material for a key id. The id is not authenticated: an attacker may write any. */
function absence(key: Key | undefined): RefusalReason {
  if (key?.state === 'retired') return 'retired_key';
  return key?.state === 'revoked' ? 'revoked_key' : 'unknown_key';
}

/** 132 bits of an HMAC over the token so far and the state, encoded so that no two pairs read the same. */
function bindTag(mac: Hmac, unbound: string, state: string): string {
  const message = `${unbound}.${Buffer.from(state, 'utf8').toString('base64url')}`;
  return (mac.mac(message) as string).slice(0, BIND_TAG_CHARACTERS);
}

/** What a token can be bound to. Ill-formed texts are none: different ones would become the same bytes. */
function isState(state: unknown): state is string {
  return typeof state === 'string' && state !== '' && state.isWellFormed();
}

function requireBind(state: string | undefined): string {
  if (isState(state)) return state;
  throw new KeyturnError(
    'bind_invalid',
    'bind is not a text, an empty or an ill-formed one',
    'pass the state that ends the token when it changes, such as the password hash; leave bind out for none',
  );
}

function dress<T>(checked: Checked, payload: T): Verified<T> {
  return {
    ok: true,
    payload,
    kid: checked.key.id,
    stale: checked.key.state === 'retiring',
    issuedAt: new Date(checked.issuedAt * 1000),
    expiresAt: new Date(checked.expiresAt * 1000),
  };
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
