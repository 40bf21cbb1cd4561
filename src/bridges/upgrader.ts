// Stands in front of a library whose cookies are signed: verifies what comes in with any live key, counts the use for the
// fleet, hands the library the same cookie signed by the key that it knows, and signs again what goes out.
//
// A cookie whose key is only staged here was signed by a replica that is a step ahead. The library gets it signed anew, as it
// can verify nothing else; the browser keeps what it has.
import { type CookieFormat, type LibraryKey, type SignedValue, sameSignature } from '../codecs/cookies.js';
import { decoded, eachCookie, joinCookies, lifeOf, setCookieParts } from './cookie-header.js';
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
  readonly #librarySecret: LibraryKey | undefined;

  /**
   * @param names those of the cookies that the library signs, or what says whether a name is of one
   * @param librarySecret what the library signs with and verifies by, where it cannot follow the ring: nothing that this has
   * signed comes in or goes out. Default: the library follows, and has the key that signs
   */
  constructor(
    keys: BridgeKeys,
    format: CookieFormat,
    names: readonly string[] | ((name: string) => boolean),
    librarySecret?: LibraryKey,
  ) {
    this.keys = keys;
    this.#format = format;
    this.#isWatched = typeof names === 'function' ? names : (name) => names.includes(name);
    this.#librarySecret = librarySecret;
  }

  /**
   * Which live key has signed a cookie. It counts as a use of that key.
   *
   * @param signature for formats beside: the value of the cookie `.sig`
   * @returns undefined where none has
   */
  verify(name: string, value: string, signature?: string): SeenCookie | undefined {
    const parts = this.#parts(value, signature);
    // What does not look signed is another one's cookie, and nothing to refuse.
    if (parts === undefined) return undefined;
    const key = this.#keyOf(name, parts);
    if (key === undefined) {
      this.keys.refused('bad_signature');
      return undefined;
    }
    this.keys.verified(key);
    return { payload: parts.payload, key, received: signature ?? value };
  }

  /** Signs a value: what stands in the header, or for formats beside in the cookie `.sig`. */
  sign(name: string, payload: string): string {
    return this.#signedBy(this.keys.signing, name, payload);
  }

  #signedBy(key: BridgeKey, name: string, payload: string): string {
    this.keys.signed(key);
    return this.#signed(name, payload, key.secret);
  }

  /**
   * The header of a request as the library is to see it. Cookies that no live key has signed stay as they are: the library
   * refuses them, and says so in its own way.
   */
  incoming(header: string | undefined): Incoming {
    if (header === undefined) return { header, seen: NOTHING_SEEN };
    const cookies = eachCookie(header);
    const first = new Map<string, string>();
    if (this.#format.beside)
      for (const { name, value } of cookies) if (!first.has(name)) first.set(name, value);
    const looked = new Set<string>();
    const seen = new Map<string, SeenCookie>();
    const changed = new Map<string, string>();
    for (const { name, value } of cookies) {
      // Of two of one name libraries take the first, whatever it is.
      if (name === '' || looked.has(name) || !this.#isWatched(name)) continue;
      looked.add(name);
      const signature = this.#format.beside ? first.get(`${name}.sig`) : undefined;
      const found = this.verify(name, value, signature);
      if (found === undefined) continue;
      seen.set(name, found);
      const again = this.#forLibrary(name, found);
      if (again !== undefined) changed.set(this.#format.beside ? `${name}.sig` : name, again);
    }
    return changed.size === 0 ? { header, seen } : { header: joinCookies(cookies, changed), seen };
  }

  /**
   * What a response sets, signed by the key that signs, with all attributes kept. What the visitor has already, signed by a
   * key that is only staged here, is sent as it came: nothing is ever signed backwards. A process that must not sign leaves
   * out what it would have to sign.
   */
  outgoing(setCookies: readonly string[], seen: SeenCookies = NOTHING_SEEN): readonly string[] {
    const sent = setCookies.map(setCookieParts);
    const { beside } = this.#format;
    // Asked once: the answer may turn at any moment, and the response is on its way. What is thrown here ends the process.
    const { maySign } = this.keys;
    const { signing } = this.keys.current;
    return setCookies.flatMap((line, at) => {
      const { name, value, attributes } = sent[at] as (typeof sent)[number];
      const isSignature = beside && name.endsWith('.sig');
      const of = isSignature ? name.slice(0, -4) : name;
      // A cookie that is set twice has each signature behind its value.
      const signature = isSignature
        ? value
        : sent.find((one, on) => on > at && one.name === `${of}.sig`)?.value;
      const valued = isSignature ? sent.findLast((one, on) => on < at && one.name === of) : { value };
      const payload = valued?.value ?? seen.get(of)?.payload;
      if (!this.#isWatched(of) || payload === undefined) return [line];
      const made = this.#made(of, payload, signature);
      if (made === undefined) return [line];
      this.keys.lives(lifeOf(attributes, this.keys.now()));
      const before = seen.get(of);
      const isKept = before?.payload === made.payload && (before.key.state === 'staged' || !maySign);
      const isValue = beside && !isSignature;
      if (isKept) return [isValue ? line : `${name}=${before.received}${attributes}`];
      // Of a cookie that is taken away nobody asks who has signed it.
      if (!maySign) {
        if (made.payload === '') return [line];
        this.keys.refused('keyring_unavailable');
        return [];
      }
      if (isValue) return [line];
      if (made.key !== signing) return [`${name}=${this.#signedBy(signing, of, made.payload)}${attributes}`];
      // The library has signed it, and with the right key.
      this.keys.signed(made.key);
      return [line];
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
    return this.#signedBy(this.keys.current.signing, name, found.payload);
  }

  /** Undefined where the library can verify it as it came. */
  #forLibrary(name: string, { payload, key, received }: SeenCookie): string | undefined {
    const { signing } = this.keys.current;
    if (this.#librarySecret === undefined && key === signing) return undefined;
    const again = this.#signed(name, payload, this.#librarySecret ?? signing.secret);
    return again === received ? undefined : again;
  }

  /** Takes a cookie apart; undefined where it cannot be a signed one. */
  #parts(value: string, signature: string | undefined): SignedValue | undefined {
    const { beside, encoded, split } = this.#format;
    if (beside) return signature === undefined ? undefined : { payload: value, signature };
    const text = encoded ? decoded(value) : value;
    return text === undefined ? undefined : split(text);
  }

  #keyOf(name: string, { payload, signature }: SignedValue): BridgeKey | undefined {
    const isBy = ({ secret }: BridgeKey) =>
      sameSignature(this.#format.sign(name, payload, secret), signature);
    return this.keys.current.all.find(isBy);
  }

  /** What the library has signed, or somebody with a live key. */
  #made(
    name: string,
    value: string,
    signature: string | undefined,
  ): { readonly payload: string; readonly key: BridgeKey | undefined } | undefined {
    const parts = this.#parts(value, signature);
    if (parts === undefined) return undefined;
    const own = this.#librarySecret;
    const isOwn =
      own !== undefined && sameSignature(this.#format.sign(name, parts.payload, own), parts.signature);
    const key = isOwn ? undefined : this.#keyOf(name, parts);
    return isOwn || key !== undefined ? { payload: parts.payload, key } : undefined;
  }

  #signed(name: string, payload: string, key: LibraryKey): string {
    const { beside, encoded } = this.#format;
    const signature = this.#format.sign(name, payload, key);
    if (beside) return signature;
    const text = this.#format.join({ payload, signature });
    return encoded ? encodeURIComponent(text) : text;
  }
}
