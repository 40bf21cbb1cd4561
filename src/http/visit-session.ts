// The session of one request: how it travels, what to wait for, and where it is once it is open.

import { KeyturnError } from '../errors.js';
import type { AppCookie } from '../sessions/cookie.js';
import type { ResponseTraits, SessionKind } from '../sessions/kind.js';
import type { SessionState } from '../sessions/state.js';
import type { Awaitable } from '../sessions/stores/contract.js';
import { isEarly } from '../signing/purpose-keyring.js';
import type { ReceivedToken } from '../signing/received.js';
import { andThen } from '../signing/thenable.js';
import type { HttpRequest } from './contract.js';
import type { HttpCore } from './core.js';
import { isRead } from './methods.js';
import { RequestCookies } from './request-cookies.js';

export class VisitSession {
  readonly cookies: RequestCookies;
  readonly kind: SessionKind;
  /** It travels in a header field of its own: cookies are not looked at, and no browser sends it by itself. */
  readonly isInHeader: boolean;
  /** The request is served without one. */
  readonly isLeftOut: boolean;
  /** Who looks at it all the same sees an empty one. */
  readonly isEmpty: boolean;
  readonly #core: HttpCore;
  readonly #request: HttpRequest;
  #opened: SessionState | undefined;
  /** Why it could not be opened. It is not tried again: the answer tells of this, and goes without the session. */
  #failure: { readonly error: unknown } | undefined;
  #empty: Awaitable<SessionState> | undefined;

  constructor(core: HttpCore, request: HttpRequest) {
    this.#core = core;
    this.#request = request;
    this.isLeftOut = core.leavesOut(request);
    this.isEmpty = this.isLeftOut && request.sessionless === 'empty';
    const { inHeader } = core;
    const token = inHeader && request.header(inHeader.name);
    this.isInHeader = token !== undefined;
    if (inHeader === undefined || token === undefined) {
      this.kind = core.sessions;
      this.cookies = new RequestCookies(request.header('cookie'));
    } else {
      this.kind = inHeader.sessions;
      this.cookies = RequestCookies.ofHeader(core.cookies.session, token);
    }
  }

  /** See {@link Visit.before}. */
  before(): Promise<unknown> | undefined {
    if (this.isLeftOut) return undefined;
    const { keeper, ring } = this.#core;
    const looking = keeper.lookForKey(() => this.#hasUnknownKey);
    if (looking !== undefined) {
      return looking
        .then(() => this.#hasUnknownKey && ring.requireFresh())
        .then(
          () => this.#openFirst(),
          (error: unknown) => this.#failed(error),
        );
    }
    const opened = this.#openFirst();
    return opened instanceof Promise ? opened : undefined;
  }

  #openFirst(): Awaitable<SessionState> | undefined {
    return this.#core.waits && this.isCarried ? this.open() : undefined;
  }

  get #hasUnknownKey(): boolean {
    const { cookies, csrfIds } = this.#core;
    return (
      this.#noneKnown(cookies.session, (token) => this.kind.check(token).ok) ||
      this.#noneKnown(cookies.csrfId, (token) => csrfIds.checkReceived(token).ok)
    );
  }

  /** Whether a newer ring could tell more: one is of an unknown key, and none is good as it is. */
  #noneKnown(cookie: AppCookie, verifies: (token: ReceivedToken) => boolean): boolean {
    const tokens = this.cookies.tokens(cookie);
    return tokens.some((token) => !this.#core.csrfIds.knows(token)) && !tokens.some(verifies);
  }

  get tokens(): readonly ReceivedToken[] {
    return this.cookies.tokens(this.#core.cookies.session);
  }

  /** Whether the request carries what may be a token of a session. */
  get isCarried(): boolean {
    return this.tokens.length > 0 || this.#core.cookies.mayHaveOld(this.cookies.header);
  }

  /** As far as it is open. */
  get opened(): SessionState | undefined {
    return this.#opened;
  }

  set opened(state: SessionState) {
    this.#opened = state;
  }

  /** Opens it, if it is not open yet. @throws what a store, or the app's epoch, has thrown the first time */
  open(): Awaitable<SessionState> {
    if (this.#opened !== undefined) return this.#opened;
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      const opening = this.#open();
      return opening instanceof Promise ? opening.catch((error: unknown) => this.#failed(error)) : opening;
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** The same where nobody waits: undefined where it would take a wait, or cannot be opened. */
  openNow(): SessionState | undefined {
    if (this.#opened !== undefined) return this.#opened;
    if (this.#failure !== undefined || (this.#core.waits && this.isCarried)) return undefined;
    return this.open() as SessionState;
  }

  #failed(error: unknown): never {
    this.#failure = { error };
    throw error;
  }

  #open(): Awaitable<SessionState> {
    const tokens = this.tokens;
    return andThen(this.kind.open(tokens, this.cookies.header), (state) => {
      this.#opened = state;
      if (state.fresh && tokens.some((token) => isEarly(this.kind.check(token)))) {
        state.early = true;
        this.#core.log.fromTheFuture();
      }
      return state;
    });
  }

  /** Saves it: see {@link SessionKind.commit}. */
  commit(state: SessionState, response: ResponseTraits): Awaitable<string | undefined> {
    const known = state.dropped;
    return andThen(this.kind.commit(state, response), (sent) => {
      if (state.dropped && !known) this.#core.log.dropped(this.#request);
      return sent;
    });
  }

  /**
   * The one that the app looks at: an empty one, of which nothing is kept, where the request is served without.
   *
   * @throws KeyturnError `session_invalid` where nobody is to look
   */
  openForApp(): Awaitable<SessionState> {
    if (!this.isLeftOut) return this.open();
    if (!this.isEmpty) throw leftOut();
    this.#empty ??= this.kind.open([]);
    return this.#empty;
  }

  /**
   * Whether a session that nobody has looked at is opened: using an app extends a session, whichever pages look at it.
   * Where sessions are waited for it was opened before.
   */
  get opensUnseen(): boolean {
    const { ring, cookies, waits } = this.#core;
    if (ring.found === undefined || this.isLeftOut) return false;
    // Scripts look for their token on whatever page they are.
    if (cookies.csrfToken !== undefined && isRead(this.#request.method)) return true;
    return !waits && this.isCarried;
  }

  /** Whether it is another one than the browser, or the store, has been given. @param finished the response has it */
  isUnsaid(finished: boolean): boolean {
    const state = this.#opened;
    if (state?.unsaved !== false) return false;
    if (!finished && (state.regenerated || (state.ended && state.carried !== undefined))) return true;
    try {
      // Of one that has ended nothing is kept of what was saved before, as passport does on signing out.
      return state.text !== (state.ended ? '{}' : (state.saved ?? state.base));
    } catch {
      return true;
    }
  }
}

function leftOut(): KeyturnError {
  return new KeyturnError(
    'session_invalid',
    'the session was looked at in a request that is served without one',
    'take the path out of sessionless, or "session: false" out of the route',
  );
}
