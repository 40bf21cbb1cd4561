// What signs and verifies tokens for one purpose, with whatever keyring is in force.
import type { AppName } from '../config/app.js';
import type { Material } from '../keyring/key.js';
import { Hmac, sameMac } from './hmac.js';
import type { Signer, SignOptions, VerifyOptions } from './public-signer.js';
import {
  type Checked,
  isState,
  missingKeyReason,
  PurposeKeyring,
  type PurposeKeyringParts,
  type TokenCodec,
  timeRefusal,
  toVerified,
} from './purpose-keyring.js';
import type { PurposeKey } from './purpose-keys.js';
import { type ReceivedToken, receive } from './received.js';
import { type RecentToken, RecentTokens } from './recent-tokens.js';
import { REFUSALS, type Refusal, type RefusalReason, type Result } from './result.js';
import { andThen } from './thenable.js';
import {
  BIND_TAG_CHARACTERS,
  decodePayload,
  encodePayload,
  formatHeader,
  fromJson,
  parseToken,
  SIGNED,
  type TokenParts,
  toJson,
} from './token.js';

interface Authenticated extends Checked {
  /** What made it; undefined for one that was verified a moment ago. */
  readonly macs: Macs | undefined;
}

/** Times in seconds since 1970. */
export interface Authentic<T> {
  readonly ok: true;
  readonly payload: T;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly stale: boolean;
  isBoundTo(state: string): boolean;
}

/** The two MACs of a purpose: over tokens, and over what they are bound to. */
interface Macs {
  readonly sign: Hmac;
  readonly bind: Hmac;
}

function macsOf(material: Material, purpose: string, app: AppName): Macs {
  return {
    sign: new Hmac(material.derive('sign', purpose, app)),
    bind: new Hmac(material.derive('bind', purpose, app)),
  };
}

/** The class behind {@link Signer}, for all that Keyturn signs itself. */
export class TokenSigner<T = unknown> implements Signer<T>, TokenCodec {
  readonly purpose: string;
  readonly maxAge: number;
  readonly #live: PurposeKeyring<Macs>;
  readonly #recent = new RecentTokens();

  constructor(parts: PurposeKeyringParts) {
    this.purpose = parts.purpose;
    this.maxAge = parts.maxAge;
    this.#live = new PurposeKeyring(parts, macsOf);
  }

  sign(payload: T, options: SignOptions = {}): string {
    const { issuedAt, expiresAt, bind } = this.#live.terms(options);
    return this.issueAt(toJson(payload), issuedAt, expiresAt, bind);
  }

  readonly verify = ((token: unknown, options: VerifyOptions<T> = {}): Result<T> | Promise<Result<T>> => {
    const parts = typeof token === 'string' ? parseToken(token) : undefined;
    if (parts === undefined) return this.#live.refuse('malformed');
    const checked = this.#authenticate(parts);
    if (!checked.ok) return checked;
    const parsed = fromJson(checked.json);
    if (parsed === undefined) return this.#live.refuse('malformed', parts.kid);
    const payload = parsed.value as T;
    if (!('bind' in options)) {
      return parts.bindTag === undefined
        ? toVerified(checked, payload)
        : this.#live.refuse('bind_mismatch', parts.kid);
    }
    const bound = typeof options.bind === 'function' ? options.bind(payload) : options.bind;
    const settle = (state: string | undefined | null): Result<T> => {
      const reason = this.#bindRefusal(parts, checked.macs as Macs, state);
      return reason === undefined ? toVerified(checked, payload) : this.#live.refuse(reason, parts.kid);
    };
    return andThen(bound, settle);
  }) as Signer<T>['verify'];

  /**
   * A genuine token, before it is asked what it is bound to: for whoever also takes some that are bound to
   * what is not known any more.
   */
  authenticate(parts: TokenParts | undefined): Authentic<T> | Refusal {
    const checked = parts === undefined ? REFUSALS.malformed : this.#authenticate(parts);
    if (parts === undefined || !checked.ok) return checked as Refusal;
    const parsed = fromJson(checked.json);
    if (parsed === undefined) return REFUSALS.malformed;
    const { issuedAt, expiresAt, key, macs } = checked;
    return {
      ok: true,
      payload: parsed.value as T,
      issuedAt,
      expiresAt,
      stale: key.state === 'retiring',
      isBoundTo: (state) => this.#bindRefusal(parts, macs as Macs, state) === undefined,
    };
  }

  /** Verifies an unbound token. */
  check(token: string): Checked | Refusal {
    return this.checkReceived(receive(token));
  }

  /** The same for one that was taken apart before: the hot path of every request. */
  checkReceived({ signed: parts }: ReceivedToken): Checked | Refusal {
    if (parts === undefined) return this.#live.refuse('malformed');
    const { keys, parts: live } = this.#live;
    const genuine = this.#recent.find(keys.ring, parts.signed, parts.mac);
    const found = genuine === undefined ? undefined : keys.byId.get(parts.kid);
    if (genuine !== undefined && found !== undefined) {
      return this.#inTime(parts, found, undefined, genuine, live.clock());
    }
    const checked = this.#authenticate(parts);
    if (!checked.ok) return checked;
    if (parts.bindTag !== undefined) return this.#live.refuse('bind_mismatch', parts.kid);
    this.#recent.add(keys.ring, { signed: parts.signed, mac: parts.mac, json: checked.json });
    return checked;
  }

  /** Signs with given dates, in seconds since 1970: a cookie signed again keeps its own. */
  issueAt(json: string, issuedAt: number, expiresAt: number, bind?: string): string {
    const { parts, signing: keys } = this.#live;
    const { key, use } = keys.active;
    const { sign, bind: bindMac } = keys.active.at(parts.epoch, issuedAt);
    let signed = formatHeader(SIGNED, key.id, issuedAt, expiresAt) + encodePayload(json);
    if (bind !== undefined) signed += `.${bindTag(bindMac, signed, bind)}`;
    use.signed++;
    use.signedAt = parts.clock();
    return `${signed}.${sign.mac(signed)}`;
  }

  reads(token: ReceivedToken): boolean {
    return token.signed !== undefined;
  }

  /**
   * Whether the ring knows the key of a token, signed or sealed, or says that it is gone; false: look for
   * a newer ring, or for a first one.
   */
  knows(token: ReceivedToken): boolean {
    const parts = token.signed ?? token.sealed;
    const { ring } = this.#live.parts;
    return parts === undefined || (ring.found !== undefined && ring.current.get(parts.kid) !== undefined);
  }

  #authenticate(token: TokenParts): Authenticated | Refusal {
    const live = this.#live;
    const { clock, epoch } = live.parts;
    const { kid, signed, mac, issuedAt } = token;
    const found = live.keys.byId.get(kid);
    if (found === undefined) return live.refuseKid(kid);
    const now = clock();
    let macs: Macs | undefined;
    for (let turn = 0; turn < found.turns && macs === undefined; turn++) {
      const candidate = found.candidate(turn, epoch, issuedAt, now / 1000, this.maxAge);
      if (candidate === undefined) continue;
      const computed = candidate.sign.mac(signed);
      if (computed === undefined) return live.refuse('malformed', kid);
      if (sameMac(computed, mac)) macs = candidate;
    }
    if (macs === undefined) return live.refuse('bad_signature', kid);
    return this.#inTime(token, found, macs, undefined, now);
  }

  /** The last look at a genuine token. */
  #inTime(
    token: TokenParts,
    found: PurposeKey<Macs>,
    macs: Macs | undefined,
    recent: RecentToken | undefined,
    now: number,
  ): Authenticated | Refusal {
    const { kid, issuedAt, expiresAt } = token;
    const reason = timeRefusal(issuedAt, expiresAt, now);
    if (reason !== undefined) return this.#live.refuse(reason, kid);
    found.use.verified++;
    found.use.verifiedAt = now;
    return {
      ok: true,
      json: recent?.json ?? decodePayload(token.payload),
      recent,
      key: found.key,
      issuedAt,
      expiresAt,
      macs,
    };
  }

  #bindRefusal(parts: TokenParts, macs: Macs, state: string | undefined | null): RefusalReason | undefined {
    // Looked up anew: while a promise for the state was awaited, the key may have been revoked.
    const { keys } = this.#live;
    if (!keys.byId.has(parts.kid)) return missingKeyReason(keys.ring.get(parts.kid));
    if (parts.bindTag === undefined || !isState(state)) return 'bind_mismatch';
    const unbound = parts.signed.slice(0, -BIND_TAG_CHARACTERS - 1);
    return sameMac(bindTag(macs.bind, unbound, state), parts.bindTag) ? undefined : 'bind_mismatch';
  }
}

/** 132 bits of an HMAC over the token so far and the state, encoded so that no two pairs read the same. */
function bindTag(mac: Hmac, unbound: string, state: string): string {
  const message = `${unbound}.${Buffer.from(state, 'utf8').toString('base64url')}`;
  return (mac.mac(message) as string).slice(0, BIND_TAG_CHARACTERS);
}
