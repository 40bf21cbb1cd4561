// Cross-site request forgery: every unsafe request carries a token that only our own pages can have, and comes
// from an origin that may send it.
//
// The token is a bound one: a random payload, tied to an id that sits in a cookie the attacker cannot read or
// set. A new one is made for each page, so that compression reveals nothing of it (BREACH).

import type { CsrfMode } from '../config/csrf-origins.js';
import { randomId } from '../signing/random.js';
import type { ReceivedToken } from '../signing/received.js';
import type { Authentic, TokenSigner } from '../signing/signer.js';
import { parseToken } from '../signing/token.js';

/** What the browser said of where a request comes from. Pages cannot forge either header. */
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
export type CsrfReason =
  | 'cross_site'
  | 'foreign_origin'
  | 'no_provenance'
  | 'no_token'
  | 'no_cookie'
  | 'key_revoked'
  | 'token_expired'
  | 'token_refused';

/** What a token is bound to: the id of a session, or of the cookie that stands in for one. */
export type Binding = 'session' | 'visitor';

const NONCE_BYTES = 16;
/** At the end of the payload: the beginning of every token is to differ. */
const MARK: Readonly<Record<Binding, string>> = { session: 's', visitor: 'v' };

/** Origins as browsers send them, in lower case. */
export type Origins = Pick<ReadonlySet<string>, 'has'>;

export class Csrf {
  readonly #signer: TokenSigner<string>;
  readonly #mode: CsrfMode;
  readonly #origins: Origins;

  /** @param origins further origins whose pages may send requests here */
  constructor(signer: TokenSigner<string>, mode: CsrfMode, origins: Origins) {
    this.#signer = signer;
    this.#mode = mode;
    this.#origins = origins;
  }

  /** Whether unsafe requests need a token: otherwise what the browser says of them is enough. */
  get asksForToken(): boolean {
    return this.#mode === 'token';
  }

  /** A token for one page. */
  issue(boundTo: string, binding: Binding): string {
    return this.#signer.sign(randomId(NONCE_BYTES) + MARK[binding], { bind: boundTo });
  }

  /** A genuine token that has more than half of its life before it; undefined for any other. */
  fresh(token: ReceivedToken | undefined, now: number): Authentic<string> | undefined {
    const found = this.#signer.authenticate(token?.signed);
    return !found.ok || found.stale || now > (found.issuedAt + found.expiresAt) / 2 ? undefined : found;
  }

  /**
   * Undefined when the request is one of our pages'.
   *
   * @param boundTo the id that the request carries, of its session or of the cookie that stands in for one
   */
  refuses(provenance: Provenance, token: unknown, boundTo: string | undefined): CsrfReason | undefined {
    const verdict = this.#judge(provenance);
    if (this.#mode === 'headers') return verdict === 'unsaid' ? 'no_provenance' : refusal(verdict);
    return refusal(verdict) ?? this.#refusesToken(token, boundTo, verdict === 'vouched');
  }

  /** Whether a page of this host, or of a listed origin, has sent a request: its `Origin` has to say so. */
  isOwnPage(origin: string | undefined, host: string | undefined, https: boolean): boolean {
    if (origin === undefined) return false;
    return this.#origins.has(origin.toLowerCase()) || isOwnOrigin(origin, host, https);
  }

  /**
   * A token that no session's id was ever behind was made for somebody not signed in. Where the browser says that one
   * of our own pages sends it, that is enough: of several tabs that were opened before there was a cookie only the
   * last has left its id in the browser.
   */
  #refusesToken(token: unknown, boundTo: string | undefined, vouched: boolean): CsrfReason | undefined {
    if (typeof token !== 'string' || token === '') return 'no_token';
    const found = this.#signer.authenticate(parseToken(token));
    if (found.ok) {
      if (vouched && found.payload.endsWith(MARK.visitor)) return undefined;
      if (boundTo !== undefined && found.isBoundTo(boundTo)) return undefined;
    } else if (found.reason === 'revoked_key') return 'key_revoked';
    else if (found.reason === 'expired') return 'token_expired';
    return boundTo === undefined ? 'no_cookie' : 'token_refused';
  }

  #judge({ origin, fetchSite, host, https }: Provenance): Verdict {
    // Also where Origin and Host differ: a proxy may have rewritten Host, and the browser has compared for itself.
    if (fetchSite === 'same-origin') return 'vouched';
    if (origin !== undefined && this.#origins.has(origin.toLowerCase())) return 'allowed';
    // `same-site` is a sibling, which may be hostile. `none` is the user's own doing, such as reloading a form.
    if (fetchSite !== undefined && fetchSite !== 'none') return 'cross_site';
    if (origin === undefined) return fetchSite === undefined ? 'unsaid' : 'allowed';
    return isOwnOrigin(origin, host, https) ? 'allowed' : 'foreign_origin';
  }
}

/** `unsaid`: neither header was there, as with programs and old browsers. */
type Verdict = 'vouched' | 'allowed' | 'unsaid' | 'cross_site' | 'foreign_origin';

function refusal(verdict: Verdict): CsrfReason | undefined {
  return verdict === 'cross_site' || verdict === 'foreign_origin' ? verdict : undefined;
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
