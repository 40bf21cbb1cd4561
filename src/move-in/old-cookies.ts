// The cookie of the old library: found in a request where one of its secrets has signed it, or a key of the ring for the
// bridge that the library had before, and signed so that all replicas that are still there read it.
import { type CookieFormat, sameSignature } from '../codecs/cookies.js';
import type { Internals } from '../internals.js';
import type { Keyring } from '../keyring/keyring.js';
import { type LibraryRingKey, libraryKeys } from '../keyring/library-keys.js';
import type { MovingIn, OldKey } from '../resolve/move-in.js';
import { findCookies } from '../sessions/cookie.js';
import type { OldCookie, Style } from './attributes.js';

export interface OldCookieParts {
  readonly internals: Internals;
  readonly moving: MovingIn;
  readonly name: string;
  readonly format: CookieFormat;
  readonly style: Style;
}

/** A genuine cookie. */
export interface FoundCookie {
  /** What it holds. */
  readonly payload: string;
  /** The id of the old secret, or of the key of the ring, that has signed it. */
  readonly kid: string;
  /** Whether that is a key of the ring that only verifies until its last cookie has ended. */
  readonly isGoingOut: boolean;
}

type SigningKey = Pick<OldKey, 'kid' | 'secret'>;

export class OldCookies {
  readonly #parts: OldCookieParts;
  #derived: { readonly ring: Keyring; readonly keys: readonly LibraryRingKey[] } | undefined;
  /** What a `Cookie` header has of it, if it has one. */
  readonly name: string;

  constructor(parts: OldCookieParts) {
    this.#parts = parts;
    this.name = parts.name;
  }

  /** Without those that the ring has given up: a secret that was revoked is not let in by another door. */
  get #oldKeys(): readonly SigningKey[] {
    const { internals, moving } = this.#parts;
    return moving.secrets.filter(({ kid }) => internals.ring.found?.get(kid)?.live !== false);
  }

  /** What a bridge beside the library signs with in the phase over. */
  get #ringKeys(): readonly LibraryRingKey[] {
    const { internals, moving } = this.#parts;
    const ring = internals.ring.found;
    if (ring === undefined) return [];
    if (this.#derived?.ring !== ring)
      this.#derived = { ring, keys: libraryKeys(ring, internals.apps, moving.name) };
    return this.#derived.keys;
  }

  /**
   * The first old secret, as long as there is one: replicas on the library alone know no other, and those with a bridge
   * accept it in both phases. Where the app says that there is none left, `secrets = []`, only replicas with a bridge can be
   * there, and the key of the ring signs that all of them know.
   */
  get #signing(): SigningKey | undefined {
    return this.#parts.moving.secrets.length > 0 ? this.#oldKeys[0] : this.#ringKeys[0];
  }

  /** Whether there is a key left to sign with. */
  get canSign(): boolean {
    return this.#signing !== undefined;
  }

  /** The genuine cookies of a request. @param ringOnly whether what an old secret has signed is refused, as the end says */
  find(header: string | undefined, ringOnly = false): readonly FoundCookie[] {
    const { name, format, internals, moving } = this.#parts;
    if (header === undefined || !header.includes(name)) return [];
    const found: FoundCookie[] = [];
    const ringKeys = this.#ringKeys;
    const keys: readonly (SigningKey & { readonly state?: string })[] = ringOnly
      ? ringKeys
      : [...this.#oldKeys, ...ringKeys];
    const signatures = format.beside ? findCookies(header, `${name}.sig=`) : [];
    for (const raw of findCookies(header, `${name}=`)) {
      // Of a format that does not encode values none has a percent sign, unless who hands cookies on has put it there.
      const value = decoded(raw);
      if (value === undefined) continue;
      const candidates = format.beside
        ? signatures.map((signature) => ({ payload: value, signature }))
        : [format.split(value)];
      for (const candidate of candidates) {
        if (candidate === undefined) continue;
        const { payload, signature } = candidate;
        const key = keys.find((one) => sameSignature(format.sign(name, payload, one.secret), signature));
        if (key === undefined) {
          // After the end what is left of old secrets is expected, and nobody is to look for who sends it.
          if (!ringOnly) internals.refused(moving.name, 'bad_signature', undefined);
          continue;
        }
        found.push({ payload, kid: key.kid, isGoingOut: key.state === 'retiring' });
        break;
      }
    }
    return found;
  }

  /** Counts that a session was found by one: so `status` can say when the last was seen. */
  used({ kid }: FoundCookie): void {
    const { internals, moving } = this.#parts;
    const use = internals.usage.of(kid, moving.name);
    use.verified++;
    use.verifiedAt = internals.clock();
  }

  /** `Set-Cookie` headers that hand it out. */
  set(payload: string, cookie: OldCookie): readonly string[] {
    const { name, format, style, internals, moving } = this.#parts;
    const key = this.#signing;
    // Whose last old secret was revoked gets no more of them.
    if (key === undefined) return [];
    const use = internals.usage.of(key.kid, moving.name);
    use.signed++;
    use.signedAt = internals.clock();
    const signature = format.sign(name, payload, key.secret);
    if (format.beside)
      return [style(`${name}=${payload}`, cookie), style(`${name}.sig=${signature}`, cookie)];
    const text = format.join({ payload, signature });
    return [style(`${name}=${format.encoded ? encodeURIComponent(text) : text}`, cookie)];
  }

  /** `Set-Cookie` headers that remove it. */
  clear(cookie: OldCookie): readonly string[] {
    const { name, format, style } = this.#parts;
    const over = { ...cookie, expires: new Date(0) };
    return [name, ...(format.beside ? [`${name}.sig`] : [])].map((one) => style(`${one}=`, over));
  }
}

/** Percent-decoded, without quotation marks around it; undefined where it is not a valid encoding. */
function decoded(raw: string): string | undefined {
  const value = /^".*"$/.test(raw) ? raw.slice(1, -1) : raw;
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
