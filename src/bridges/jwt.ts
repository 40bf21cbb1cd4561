// Beside libraries that sign and verify JWT: which key signs, and which one a token asks for. A token names it by `kid`; one
// without is from before Keyturn.
//
// Whoever asks for the key of a token that has none gets one that nobody has: the library refuses the token in its own way,
// and no app answers a forged one with an error of the server.
import {
  datesIn,
  datesOf,
  isSignedBy,
  type JwsParts,
  type JwtDates,
  jwsParts,
  type KeyObject,
  keyObject,
  nobodysKey,
  said,
} from '../codecs/jws.js';
import { type OptionNames, requireOptions } from '../config/options.js';
import type { Keyturn } from '../keyturn.js';
import { type BridgeKey, BridgeKeys } from './keys.js';

/** What every bridge to a library for JWT takes. */
export interface JwtOptions {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `api-token`. */
  readonly purpose?: string;
  /**
   * How long tokens live: seconds, or a text such as `"1h"`. No token may live longer. Default: what `[purposes.api-token]`
   * says.
   */
  readonly maxAge?: number | string;
}

const OPTIONS: OptionNames<JwtOptions> = { maxAge: true, purpose: true };

/** The header that a library has decoded, whatever it calls its type. */
// biome-ignore lint/suspicious/noExplicitAny: every library has a type of its own
export type DecodedHeader = any;

export class JwtKeys {
  readonly #keys: BridgeKeys;
  readonly #objects = new WeakMap<BridgeKey, KeyObject>();
  readonly #nobody: Uint8Array = nobodysKey();
  readonly #nobodysKey: KeyObject = keyObject(this.#nobody);

  /**
   * @param call as a programmer writes it
   * @throws KeyturnError `argument_invalid` for options that are not known; as `keyturn.signer()`
   */
  constructor(keyturn: Keyturn, options: JwtOptions | undefined, call: string) {
    requireOptions(options, call, OPTIONS);
    const { purpose = 'api-token', maxAge } = options ?? {};
    this.#keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  }

  /** Seconds. */
  get maxAge(): number {
    return this.#keys.maxAge;
  }

  /** Another one for every change of the keys. */
  get generation(): string {
    return this.#keys.current.id;
  }

  /** What the next token is named by. Nothing counts. */
  get kid(): string | undefined {
    const { state, id } = this.#keys.current.signing;
    return state === 'old' ? undefined : id;
  }

  /**
   * The key that signs, before a token is signed: it counts. Old secrets sign as they did, without a `kid`.
   *
   * @throws KeyturnError `keyring_unavailable`
   */
  signing(): { readonly key: BridgeKey; readonly kid: string | undefined } {
    const key = this.#keys.signing;
    this.#keys.signed(key);
    return { key, kid: this.kid };
  }

  /** The key of a token, whole. A genuine one that has not ended counts as verified. Undefined: there is none. */
  ofToken(token: unknown): BridgeKey | undefined {
    const parts = jwsParts(token);
    if (parts === undefined) return undefined;
    const found = this.#choose(parts);
    if (found === undefined || !isSignedBy(parts, found.bytes)) return found;
    const dates = datesIn(parts);
    // One that has ended says nothing of what is still in use, however often it is sent.
    if (dates.end === undefined || dates.end * 1000 > this.#keys.now()) this.#count(found, dates);
    return found;
  }

  /** The same by the header alone: of several old secrets it is the first, and nothing counts. */
  ofHeader(header: DecodedHeader): BridgeKey | undefined {
    if (typeof header !== 'object' || header === null) return undefined;
    return this.#choose(said(header));
  }

  /** The key of a token, whole. Nothing counts: whoever lets the library verify it says so with {@link verified}. */
  chosen(token: unknown): BridgeKey | undefined {
    const parts = jwsParts(token);
    return parts && this.#choose(parts);
  }

  #choose(parts: Pick<JwsParts, 'kid' | 'isHs256'> & Partial<JwsParts>): BridgeKey | undefined {
    const { kid, isHs256 } = parts;
    // RFC 8725, section 3.1: the token does not choose how it is verified.
    if (!isHs256) return this.#refuse('malformed');
    if (kid !== undefined) {
      const key = this.#keys.get(kid);
      if (key !== undefined) return key;
      const reason = this.#keys.missing(kid);
      if (reason !== 'unknown_key') return this.#refuse(reason, kid);
    }
    // Without a `kid`, or with one that an app gave its tokens before.
    const old = this.#keys.current.all.filter(({ state }) => state === 'old');
    if (old.length === 0) return this.#refuse('unknown_key');
    const { input, signature } = parts;
    if (old.length === 1 || input === undefined || signature === undefined) return old[0];
    const whole = { ...parts, input, signature };
    return old.find(({ bytes }) => isSignedBy(whole, bytes)) ?? old[0];
  }

  /** After a library has verified a token itself. @param claims what it carries */
  verified(key: BridgeKey, claims: unknown): void {
    this.#count(key, datesOf(claims));
  }

  /** A genuine token. One that lives longer than its key is kept will be refused: whoever signs it is to hear of that. */
  #count(key: BridgeKey, { made, end }: JwtDates): void {
    this.#keys.verified(key);
    // An old secret is kept for as long as its section says.
    if (key.state === 'old') return;
    const now = this.#keys.now() / 1000;
    this.#keys.lives(end === undefined ? Infinity : end - Math.min(made ?? now, now));
  }

  /** As libraries take it. Of no key: one that nobody has. */
  objectOf(key: BridgeKey | undefined): KeyObject {
    if (key === undefined) return this.#nobodysKey;
    let object = this.#objects.get(key);
    if (object === undefined) {
      object = keyObject(key.bytes);
      this.#objects.set(key, object);
    }
    return object;
  }

  /** The same as bytes, for libraries that take no other. */
  bytesOf(key: BridgeKey | undefined): Buffer {
    const { buffer, byteOffset, byteLength } = key?.bytes ?? this.#nobody;
    return Buffer.from(buffer, byteOffset, byteLength);
  }

  #refuse(reason: string, kid?: string): undefined {
    this.#keys.refused(reason, kid);
    return undefined;
  }
}
