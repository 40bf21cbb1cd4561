// Cross-site request forgery: every unsafe request carries a token that only our own pages can have, and comes
// from an origin that may send it.
//
// The token is a bound one: a random payload, tied to an id that sits in a cookie the attacker cannot read or
// set. A new one is made for each page, so that compression reveals nothing of it (BREACH).

import { randomId } from '../signing/random.js';
import type { Signer } from '../signing/signer.js';

/** What the browser said of where a request comes from. */
export interface Provenance {
  /** The `Origin` header. */
  readonly origin: string | undefined;
  /** The `Sec-Fetch-Site` header. */
  readonly fetchSite: string | undefined;
  /** Host and port that the request was sent to, as the browser named them. */
  readonly host: string | undefined;
  /** Whether the request is known to have come by https. */
  readonly https: boolean;
}

/** Why a request was refused; for logs, never for clients. */
export type CsrfReason = 'cross_site' | 'foreign_origin' | 'no_token' | 'no_cookie' | 'token_refused';

const NONCE_BYTES = 16;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Whether a method changes nothing (RFC 9110, section 9.2.1) and so needs no protection. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

export class Csrf {
  readonly #signer: Signer<string>;
  readonly #origins: ReadonlySet<string>;

  /** @param origins further origins whose pages may send requests here, as browsers write them */
  constructor(signer: Signer<string>, origins: readonly string[]) {
    this.#signer = signer;
    this.#origins = new Set(origins);
  }

  /** A token for one page, bound to the id of the session, or of the cookie that stands in for one. */
  issue(boundTo: string): string {
    return this.#signer.sign(randomId(NONCE_BYTES), { bind: boundTo });
  }

  /** Undefined when the token is one of ours for this id. */
  refusesToken(token: unknown, boundTo: string | undefined): CsrfReason | undefined {
    if (typeof token !== 'string' || token === '') return 'no_token';
    if (boundTo === undefined) return 'no_cookie';
    return this.#signer.verify(token, { bind: boundTo }).ok ? undefined : 'token_refused';
  }

  /**
   * Undefined when the request may come from where it comes from. Browsers do not let pages forge either
   * header; programs and old browsers send neither, and then the token alone decides.
   */
  refusesProvenance({ origin, fetchSite, host, https }: Provenance): CsrfReason | undefined {
    const listed = origin !== undefined && this.#origins.has(origin.toLowerCase());
    if (listed) return undefined;
    // `none`: the user's own doing, such as reloading a form. `same-site` is a sibling, which may be hostile.
    const own = fetchSite === 'same-origin' || fetchSite === 'none';
    if (fetchSite !== undefined && !own) return 'cross_site';
    if (origin === undefined) return undefined;
    // A page without referrers sends `null` from its own forms; then the other header must vouch for it.
    if (origin === 'null') return own ? undefined : 'foreign_origin';
    return isOwnOrigin(origin, host, https) ? undefined : 'foreign_origin';
  }
}

/** By https the origin must be https too: a page served in the clear can be anybody's. */
function isOwnOrigin(origin: string, host: string | undefined, https: boolean): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'https:' && (protocol !== 'http:' || https)) return false;
  // Parsed with the same scheme, so that a default port written out makes no difference.
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}
