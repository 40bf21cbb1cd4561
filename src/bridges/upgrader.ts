// Stands in front of a library whose cookies are signed: verifies what comes in with any live key, counts the use for the
// fleet, hands the library the same cookie signed by the key that signs, and signs again what goes out.
//
// A cookie whose key is only staged here was signed by a replica that is a step ahead. The library gets it signed anew, as it
// can verify nothing else; the browser keeps what it has.
import { type CookieFormat, sameSignature } from '../codecs/cookies.js';
import { decoded, eachCookie, joinCookies, setCookieParts } from './cookie-header.js';
import type { BridgeKey, BridgeKeys } from './keys.js';

/** A genuine cookie of a request. */
export interface SeenCookie {
  readonly payload: string;
  readonly key: BridgeKey;
  /** Its value as it came, percent-encoded where it was; for formats beside, the value of the cookie `.sig`. */
  readonly received: string;
}

/** What was seen in a request, by the name of the cookie. */
export type SeenCookies = ReadonlyMap<string, SeenCookie>;

/** What a request becomes. */
export interface Incoming {
  /** For the library. */
  readonly header: string | undefined;
  readonly seen: SeenCookies;
}

export const NOTHING_SEEN: SeenCookies = new Map();

export class Upgrader {
  readonly keys: BridgeKeys;
  readonly #format: CookieFormat;
  readonly #isWatched: (name: string) => boolean;

  /** @param names those of the cookies that the library signs, or what says whether a name is of one */
  constructor(
    keys: BridgeKeys,
    format: CookieFormat,
    names: readonly string[] | ((name: string) => boolean),
  ) {
    this.keys = keys;
    this.#format = format;
    this.#isWatched = typeof names === 'function' ? names : (name) => names.includes(name);
  }

  /**
   * Which live key has signed a cookie. It counts as a use of that key.
   *
   * @param signature for formats beside: the value of the cookie `.sig`
   * @returns undefined where none has
   */
  verify(name: string, value: string, signature?: string): SeenCookie | undefined {
    const found = this.#find(name, value, signature);
    if (found === undefined) this.keys.refused('bad_signature');
    else this.keys.verified(found.key);
    return found;
  }

  /** Signs a value: what stands in the header, or for formats beside in the cookie `.sig`. */
  sign(name: string, payload: string): string {
    const key = this.keys.signing;
    this.keys.signed(key);
    return this.#signed(name, payload, key);
  }

  /**
   * The header of a request as the library is to see it. Cookies that no live key has signed stay as they are: the library
   * refuses them, and says so in its own way.
   */
  incoming(header: string | undefined): Incoming {
    if (header === undefined) return { header, seen: NOTHING_SEEN };
    const cookies = eachCookie(header);
    const seen = new Map<string, SeenCookie>();
    const changed = new Map<string, string>();
    for (const { name, value } of cookies) {
      // Of two of one name libraries take the first.
      if (!this.#isWatched(name) || seen.has(name)) continue;
      const signature = this.#format.beside
        ? cookies.find((one) => one.name === `${name}.sig`)?.value
        : undefined;
      if (this.#format.beside && signature === undefined) continue;
      const found = this.verify(name, value, signature);
      if (found === undefined) continue;
      seen.set(name, found);
      const again = this.#signed(name, found.payload, this.keys.current.signing);
      if (again !== found.received) changed.set(this.#format.beside ? `${name}.sig` : name, again);
    }
    return changed.size === 0 ? { header, seen } : { header: joinCookies(cookies, changed), seen };
  }

  /**
   * What a response sets, signed by the key that signs, with all attributes kept. What the visitor has already, signed by a
   * key that is only staged here, is sent as it came: nothing is ever signed backwards.
   */
  outgoing(setCookies: readonly string[], seen: SeenCookies = NOTHING_SEEN): readonly string[] {
    return setCookies.map((line) => {
      const { name, value, attributes } = setCookieParts(line);
      const of = this.#format.beside && name.endsWith('.sig') ? name.slice(0, -4) : name;
      if (!this.#isWatched(of) || value === '' || (this.#format.beside && of === name)) return line;
      const payload = this.#format.beside ? this.#besideIn(setCookies, of) : undefined;
      if (this.#format.beside && payload === undefined) return line;
      const found = this.#find(of, payload ?? value, this.#format.beside ? value : undefined);
      if (found === undefined) return line;
      const before = seen.get(of);
      if (before?.payload === found.payload && before.key.state === 'staged')
        return `${name}=${before.received}${attributes}`;
      const { signing } = this.keys.current;
      if (found.key.kid !== signing.kid && this.keys.maySign)
        return `${name}=${this.sign(of, found.payload)}${attributes}`;
      // The library has signed it, and with the right key.
      this.keys.signed(found.key);
      return line;
    });
  }

  /**
   * A cookie of the request signed anew, where its key is due to go; undefined where there is nothing to do.
   *
   * @returns the value as it stands in the header; for formats beside that of the cookie `.sig`
   */
  again(name: string, seen: SeenCookies): string | undefined {
    const found = seen.get(name);
    if (found === undefined || !this.keys.isStale(found.key) || !this.keys.maySign) return undefined;
    return this.sign(name, found.payload);
  }

  #besideIn(setCookies: readonly string[], name: string): string | undefined {
    return setCookies.map(setCookieParts).find((one) => one.name === name)?.value;
  }

  #find(name: string, value: string, signature: string | undefined): SeenCookie | undefined {
    const { beside, encoded } = this.#format;
    const text = encoded ? decoded(value) : value;
    const parts =
      beside && signature !== undefined ? { payload: value, signature } : text && this.#format.split(text);
    if (!parts) return undefined;
    for (const key of this.keys.current.all) {
      if (!sameSignature(this.#format.sign(name, parts.payload, key.secret), parts.signature)) continue;
      return { payload: parts.payload, key, received: signature ?? value };
    }
    return undefined;
  }

  #signed(name: string, payload: string, key: BridgeKey): string {
    const { beside, encoded } = this.#format;
    const signature = this.#format.sign(name, payload, key.secret);
    if (beside) return signature;
    const text = this.#format.join({ payload, signature });
    return encoded ? encodeURIComponent(text) : text;
  }
}
