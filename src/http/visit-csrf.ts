// CSRF protection of one request and its response: what its tokens are bound to, and which cookies go with that.

import { KeyturnError } from '../errors.js';
import type { SessionState } from '../sessions/state.js';
import { isPubliclyCacheable } from './cache-control.js';
import type { HttpRequest, ResponseHeaders } from './contract.js';
import type { HttpCore } from './core.js';
import { CsrfId } from './csrf-id.js';
import { CSRF_FIELD, CSRF_HEADER, tokenInHeader } from './csrf-token.js';
import { isRead } from './methods.js';
import type { RequestCookies } from './request-cookies.js';

export class VisitCsrf {
  readonly #core: HttpCore;
  readonly #request: HttpRequest;
  readonly #cookies: RequestCookies;
  #id: CsrfId | undefined;
  #issued = false;

  constructor(core: HttpCore, request: HttpRequest, cookies: RequestCookies) {
    this.#core = core;
    this.#request = request;
    this.#cookies = cookies;
  }

  /** Whether a token was made for the page. */
  get issued(): boolean {
    return this.#issued;
  }

  /** Whether the request carries an id that tokens are bound to, as far as anybody has looked. */
  get carried(): boolean {
    return this.#id?.carried !== undefined;
  }

  get headerToken(): string | undefined {
    return tokenInHeader(this.#request, this.#core.cookies.csrfToken !== undefined);
  }

  /** @throws KeyturnError `csrf_refused`, which never says why; the log does */
  check(token: unknown, state: SessionState): void {
    const { csrf, log } = this.#core;
    const { host, https } = this.#request;
    const origin = this.#request.header('origin');
    const fetchSite = this.#request.header('sec-fetch-site');
    const boundTo = state.brought ?? this.#ownId.carried;
    const reason = csrf.refuses({ origin, fetchSite, host, https }, token, boundTo);
    if (reason === undefined) return;
    log.csrfRefused(reason, this.#request);
    throw new KeyturnError(
      'csrf_refused',
      'the request could not be accepted; reload the page and try again',
      csrf.asksForToken
        ? `send the token of the page as ${CSRF_FIELD} or ${CSRF_HEADER}`
        : 'send Origin or Sec-Fetch-Site, as every browser does by itself; mode = "headers" goes by them alone',
    );
  }

  /** A token for the page that is being made. */
  issue(state: SessionState): string {
    this.#issued = true;
    const { csrf } = this.#core;
    const session = sessionBinding(state);
    return session === undefined
      ? csrf.issue(this.#ownId.issue(state.ended), 'visitor')
      : csrf.issue(session, 'session');
  }

  /** Call it before the session is saved: one that begins without a sign-in accepts the tokens of pages already open. */
  adoptId(state: SessionState): void {
    if (state.carried !== undefined || state.csrf !== undefined || !willHaveSession(state)) return;
    if (state.createdAt !== undefined || state.regenerated) return;
    state.csrf = this.#core.cookies.csrfToken === undefined ? this.#ownId.known : this.#ownId.issue(false);
  }

  /** Whether the cookie that scripts read their token from is to be set anew: the one that the browser has will not do. */
  isTokenDue(state: SessionState, headers: ResponseHeaders): boolean {
    const { cookies, csrf, clock, ring } = this.#core;
    if (cookies.csrfToken === undefined) return false;
    const carried = csrf.fresh(this.#cookies.tokens(cookies.csrfToken)[0], clock() / 1000);
    const id = sessionBinding(state) ?? (state.ended ? undefined : this.#ownId.known);
    if (id !== undefined && carried?.isBoundTo(id) === true) return false;
    return ring.fresh && !isPubliclyCacheable(headers);
  }

  /** The `Set-Cookie` header of the id, if any. */
  idCookie(state: SessionState): string | undefined {
    const begins = (state.carried === undefined || state.begun) && willHaveSession(state);
    const over = begins || (state.ended && !state.unsaved && !this.#issued);
    if (!over && this.#id === undefined) return undefined;
    return this.#ownId.commit(over, isRead(this.#request.method) && this.#core.ring.fresh);
  }

  /** What tokens are bound to where there is no session. */
  get #ownId(): CsrfId {
    const { csrfIds, cookies, clock } = this.#core;
    this.#id ??= new CsrfId(csrfIds, cookies.csrfId, clock, this.#cookies);
    return this.#id;
  }
}

/**
 * The id that tokens of the session are bound to that this response leaves the browser with. None where a session
 * begins without a sign-in: it takes over the id that tokens are bound to before there is one, so that pages already
 * open, and other tabs that begin one at the same time, stay good.
 */
function sessionBinding(state: SessionState): string | undefined {
  if (state.unsaved) return state.cleared === undefined ? state.carriedBinding : undefined;
  if (state.ended) return undefined;
  return state.regenerated ? state.id : state.carriedBinding;
}

function willHaveSession(state: SessionState): boolean {
  if (state.keepsCookie) return false;
  return state.unsaved ? state.carried !== undefined && state.cleared === undefined : state.willBe;
}
