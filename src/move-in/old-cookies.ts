// The cookie of the old library: found in a request where one of its secrets has signed it, and signed as it did.
import { type CookieFormat, sameSignature } from '../codecs/cookies.js';
import type { Internals } from '../internals.js';
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
  /** The id of the secret that has signed it. */
  readonly kid: string;
}

export class OldCookies {
  readonly #parts: OldCookieParts;
  /** What a `Cookie` header has of it, if it has one. */
  readonly name: string;

  constructor(parts: OldCookieParts) {
    this.#parts = parts;
    this.name = parts.name;
  }

  /** Without those that the ring has given up: a secret that was revoked is not let in by another door. */
  get #keys(): readonly OldKey[] {
    const { internals, moving } = this.#parts;
    return moving.secrets.filter(({ kid }) => internals.ring.found?.get(kid)?.live !== false);
  }

  /** Whether there is a secret left to sign with. */
  get canSign(): boolean {
    return this.#keys.length > 0;
  }

  /** The genuine cookies of a request. */
  find(header: string | undefined): readonly FoundCookie[] {
    const { name, format, internals, moving } = this.#parts;
    if (header === undefined || !header.includes(name)) return [];
    const found: FoundCookie[] = [];
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
        const key = this.#keys.find((one) =>
          sameSignature(format.sign(name, payload, one.secret), signature),
        );
        if (key === undefined) {
          internals.refused(moving.name, 'bad_signature', undefined);
          continue;
        }
        found.push({ payload, kid: key.kid });
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
    const [key] = this.#keys;
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
