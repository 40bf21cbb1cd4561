// One request and its response, whatever the framework. An adapter makes a visit, and calls in this order:
//
// 1. `before()`, and waits where it returns a promise; then the app runs
// 2. `protect(body)` once the body is parsed, unless the route is not to be protected
// 3. `finish(headers)` before the header goes out, and holds the response back where it returns a promise
// 4. `guard(headers)` when the header goes out, as everybody has left it
// 5. `end()` when the response is out, or when somebody else writes it
//
// Nothing is read or verified before it is asked for: an adapter may make a visit for every request, or leave it out
// where nobody has asked for one and `HttpCore.mayNeedVisit` says no.

import type { AppCookie } from '../sessions/cookie.js';
import type { Session } from '../sessions/session.js';
import type { SessionState } from '../sessions/state.js';
import type { Awaitable } from '../sessions/stores/contract.js';
import { andThen } from '../signing/thenable.js';
import { guardFromCaches, isPubliclyCacheable } from './cache-control.js';
import type { HttpRequest, ResponseHeaders } from './contract.js';
import type { HttpCore } from './core.js';
import { tokenInForm } from './csrf-token.js';
import { type Flash, FlashBox, flashFor } from './flash.js';
import type { LateThing } from './http-log.js';
import { dropsSecureCookies } from './insecure.js';
import { isRead, isSafeMethod } from './methods.js';
import { VisitCsrf } from './visit-csrf.js';
import type { EarlySaves, VisitParts } from './visit-parts.js';
import { VisitSession } from './visit-session.js';
import { watchChanges } from './watch-changes.js';

export class Visit {
  early: EarlySaves | undefined;
  readonly #core: HttpCore;
  readonly #request: HttpRequest;
  readonly #csrf: VisitCsrf;
  readonly #own: VisitSession;
  #flash: FlashBox | undefined;
  /** The app has looked at the session. Opening it is not looking: that is done for every request with a cookie. */
  #looked = false;
  #csrfIssuedLate = false;
  #setsCookie = false;
  /** What is sent in the header field of the session. */
  #field: string | undefined;
  #saving = false;
  #finished = false;
  #over = false;
  #told: Set<LateThing> | undefined;

  constructor(core: HttpCore, request: HttpRequest) {
    this.#core = core;
    this.#request = request;
    this.#own = new VisitSession(core, request);
    this.#csrf = new VisitCsrf(core, request, this.#own.cookies);
  }

  /**
   * What to wait for before the app runs: a store or an epoch, and for a cookie of a key that the ring does not
   * know one look for a newer ring.
   *
   * @returns undefined when there is nothing to wait for; it rejects with `keyring_unavailable` when the key is
   * still unknown, and the ring too old to say that it is nobody's: the visitor may be signed in elsewhere
   */
  before(): Promise<unknown> | undefined {
    return this.#own.before();
  }

  /** For {@link EarlySaves}. */
  get parts(): VisitParts {
    return { core: this.#core, request: this.#request, own: this.#own, csrf: this.#csrf };
  }

  /** Whether the session is saved with the response, or was: what comes now is too late for that. */
  get isPast(): boolean {
    return this.#finished || this.#saving || this.#over;
  }

  get session(): Session {
    const { session } = this.#state;
    return this.#over ? watchChanges(session, () => this.#late('session')) : session;
  }

  get #state(): SessionState {
    const state = this.#own.openForApp();
    if (state instanceof Promise)
      throw new TypeError('the session is not open yet: register Keyturn before what uses the session');
    this.#looked = true;
    if (this.#over) state.late ??= this;
    return state;
  }

  get flash(): Flash {
    const { flashSigner, cookies, sessions } = this.#core;
    const shown = this.#request.method !== 'HEAD';
    this.#flash ??= new FlashBox(flashSigner, cookies.flash, this.#own.cookies, shown);
    const box = this.#flash;
    const messages = sessions.messages?.(box, () => this.#state, shown) ?? box;
    const used = <T>(answer: T): T => {
      if (this.#over && box.changed) this.#late('flash');
      return answer;
    };
    return flashFor(messages, used);
  }

  /** A CSRF token for the page that is being made. */
  csrfToken(): string {
    if (this.#finished && !this.#csrf.issued) this.#csrfIssuedLate = true;
    if (this.#over && !this.#csrf.issued) this.#late('csrf');
    return this.#csrf.issue(this.#state);
  }

  /**
   * Refuses a forged request, by the token that its header or its form carries. Safe methods pass.
   *
   * @param body as a body parser has left it; undefined where there is none. See {@link wantsForm}
   * @throws KeyturnError `csrf_refused`, which never says why; the log does
   */
  protect(body: unknown): void {
    this.checkCsrf(this.#csrf.headerToken ?? tokenInForm(body));
  }

  /** Whether {@link protect} looks into the form: for adapters that parse no body before somebody asks for it. */
  get wantsForm(): boolean {
    if (!this.#isProtected || !this.#core.csrf.asksForToken) return false;
    return this.#csrf.headerToken === undefined;
  }

  /** As {@link protect}, by a token that the app has found itself. @throws KeyturnError `csrf_refused` */
  checkCsrf(token: unknown): void {
    if (this.#isProtected) this.#csrf.check(token, this.#state);
  }

  /** What travels in a header field no page of another site can send. */
  get #isProtected(): boolean {
    return !isSafeMethod(this.#request.method) && !this.#own.isInHeader;
  }

  /** Whether a call of {@link finish} is going on. */
  get saving(): boolean {
    return this.#saving;
  }

  /**
   * Saves what has changed, and adds the `Set-Cookie` fields. Where it fails an error is answered instead, and it is
   * called again for that answer: then without the session, which stays as it was.
   *
   * @param headers as the app has set them so far
   * @returns undefined where all is done when it returns
   */
  finish(headers: ResponseHeaders): Promise<void> | undefined {
    if (this.#finished) return undefined;
    const saving = this.early?.saving;
    if (saving !== undefined) return this.#during(saving.then(() => this.finish(headers)));
    // First, since it can fail: nothing is saved then.
    const flashCookie = this.#flash?.commit();
    if (this.#own.opensUnseen) this.#own.openNow();
    const state = this.#own.opened;
    // Where saving has failed the browser keeps the session it has, but for one that was to end.
    if (state === undefined || state.unsaved || state.keepsCookie) {
      this.#addCookies(headers, state?.cleared, flashCookie);
      return undefined;
    }
    this.#csrf.adoptId(state);
    state.unsaved = true;
    const saved = andThen(this.#commit(state, headers), (cookie) => {
      state.unsaved = false;
      if (state.saved !== undefined && this.#core.tellsLosses) this.#core.log.losses(state.session);
      state.late = this;
      this.#addCookies(headers, cookie, flashCookie);
    });
    return saved instanceof Promise ? this.#during(saved) : undefined;
  }

  #during(saving: Promise<void>): Promise<void> {
    this.#saving = true;
    return saving.finally(() => {
      this.#saving = false;
    });
  }

  #commit(state: SessionState, headers: ResponseHeaders): Awaitable<string | undefined> {
    const { ring } = this.#core;
    return this.#own.commit(state, {
      safe: isRead(this.#request.method),
      // No accessor: in an object literal it would give each object a shape of its own, which holds the request in memory.
      isPubliclyCacheable: () => isPubliclyCacheable(headers),
      // As it is by then: a store may answer late, and what is saved must not end in an error.
      canSign: () => ring.fresh,
    });
  }

  /**
   * Writes into the header what caches must know. Call it when the header goes out.
   *
   * @param headers as everybody has left them
   */
  guard(headers: ResponseHeaders): void {
    const flash = this.#flash;
    const csrf = this.#csrf;
    const { isInHeader, opened } = this.#own;
    const { inHeader, varies } = this.#core;
    if (inHeader !== undefined && this.#field !== undefined) headers.set(inHeader.name, this.#field);
    const carried = opened?.carried !== undefined || csrf.carried || isInHeader;
    const looked = this.#looked || flash !== undefined;
    const isPublic = guardFromCaches(headers, {
      varies: looked || this.#field !== undefined ? varies[isInHeader ? 'inHeader' : 'inCookie'] : [],
      personal: (this.#looked && carried) || csrf.issued || flash?.personal === true || this.#setsCookie,
      setsCookie: this.#setsCookie,
    });
    if (isPublic) this.#core.log.publicPage(this.#request.route);
  }

  /** Whether the response has to carry the session in a header field: known once it is saved. */
  get sendsField(): boolean {
    return this.#field !== undefined;
  }

  /** Nothing can be sent any more: the response is out, or somebody else writes it. */
  end(): void {
    if (this.#over || this.#saving) return;
    this.#over = true;
    if (this.#flash?.changed) this.#late('flash');
    if (this.#csrfIssuedLate || (this.#csrf.issued && !this.#finished)) this.#late('csrf');
    if (this.#own.isUnsaid(this.#finished)) this.#late('session');
  }

  /** Told by the session of what is changed when nothing is saved any more. */
  changedLate(): void {
    this.#late('session');
  }

  /** Once for each thing: a connection that stays open for days must not fill the log. */
  #late(what: LateThing): void {
    this.#told ??= new Set();
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#core.log.late(what, this.#request.route);
  }

  #addCookies(headers: ResponseHeaders, saved: string | undefined, flash: string | undefined): void {
    const session = this.early === undefined ? saved : this.early.toSend(saved);
    const { cookies, log, ring } = this.#core;
    if (this.#own.isInHeader) {
      if (flash !== undefined) log.flashInHeader(this.#request.route);
      this.#finished = true;
      this.#flash?.sent();
      this.#field = session;
      this.#setsCookie = session !== undefined;
      return;
    }
    // First, since a token may be the first of an id.
    const looks = cookies.csrfToken !== undefined && ring.found !== undefined && !this.#own.isLeftOut;
    const state = looks ? this.#own.openNow() : this.#own.opened;
    const token = state && this.#csrf.isTokenDue(state, headers) ? this.csrfToken() : undefined;
    this.#finished = true;
    this.#flash?.sent();
    this.#add(headers, cookies.session, session);
    for (const field of this.#own.opened?.moving?.setCookies ?? []) this.#addField(headers, field);
    this.#add(headers, cookies.csrfId, this.#own.opened && this.#csrf.idCookie(this.#own.opened));
    this.#add(headers, cookies.csrfToken, token && cookies.csrfToken?.set(token, undefined));
    this.#add(headers, cookies.flash, flash);
    if (this.#setsCookie && cookies.session.secure && dropsSecureCookies(this.#request))
      log.secureCookieSent(this.#request);
  }

  /** Of a cookie that the browser has under the other name of the app, this one takes the place. */
  #add(headers: ResponseHeaders, cookie: AppCookie | undefined, field: string | undefined): void {
    if (cookie === undefined || field === undefined) return;
    this.#addField(headers, field);
    const former = this.#own.cookies.clearFormer(cookie);
    if (former !== undefined) headers.append('set-cookie', former);
  }

  #addField(headers: ResponseHeaders, field: string): void {
    this.#setsCookie = true;
    headers.append('set-cookie', field);
  }
}
