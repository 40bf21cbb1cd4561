// The framework-neutral core: what one request and its response have to do with sessions, CSRF and flash.
// An adapter tells it what came in, hands its parts to the app, and applies what it wants sent.
import { KeyturnError } from '../errors.js';
import type { LiveKeyring } from '../keyring/live.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import { AppCookie, RequestCookies } from '../purposes/cookie.js';
import { Csrf, type CsrfReason, isSafeMethod } from '../purposes/csrf.js';
import { CsrfId } from '../purposes/csrf-id.js';
import { type Flash, FlashBox } from '../purposes/flash.js';
import { type CookieSessionParts, CookieSessions } from '../purposes/session/in-cookie.js';
import { StoreSessions } from '../purposes/session/in-store.js';
import {
  andThen,
  type ResponseTraits,
  type SessionHooks,
  type SessionKind,
  SessionTimes,
} from '../purposes/session/kind.js';
import type { Carried, Session, SessionState } from '../purposes/session/session.js';
import type { RingKeeper } from '../runtime/keeper.js';
import type { Logger } from '../runtime/log.js';
import type { TokenCodec } from '../signing/live-purpose.js';
import type { Signer } from '../signing/signer.js';
import { ReachableStore } from '../stores/reachable.js';
import type { Awaitable, SessionStore } from '../stores/store.js';

/** What every adapter takes. */
export interface HttpOptions extends SessionHooks {
  /** Where sessions are kept; default: as `session.backend` says. */
  readonly store?: SessionStore;
}

/** A request, as far as it matters here. */
export interface HttpRequest {
  readonly method: string;
  readonly cookie: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  /** Host and port as the browser named them: behind a trusted proxy what the proxy passes on. */
  readonly host: string | undefined;
  readonly https: boolean;
}

/** What is to be sent with a response. */
export interface HttpChanges {
  /** `Set-Cookie` headers, to be added to those of the app. */
  readonly cookies: readonly string[];
  /** The `Cache-Control` header to send instead of the app's. */
  readonly cacheControl: string | undefined;
}

/** Milliseconds: whoever shows the same cookie again and again must not fill the log. */
const CLOCK_TOLD_EVERY = 60_000;

/** One app's sessions, CSRF protection and flash messages. Made once; makes a {@link Visit} per request. */
export class HttpCore {
  readonly sessions: SessionKind;
  readonly sessionCookie: AppCookie;
  readonly csrf: Csrf;
  readonly csrfCookie: AppCookie;
  readonly csrfIds: Signer<string>;
  readonly flashCookie: AppCookie;
  readonly flashSigner: Signer<readonly (readonly [string, string])[]>;
  readonly logger: Logger;
  readonly clock: () => number;
  /** Whether opening a session may have to wait for a store or an epoch. */
  readonly waits: boolean;
  /** Tells of a change that came too late to be kept. */
  readonly late: () => void;
  readonly ring: LiveKeyring;
  readonly #keeper: RingKeeper;
  readonly #sessionCodecs: readonly TokenCodec[];
  #clockToldAt = Number.NEGATIVE_INFINITY;
  /** What the names of all its cookies have in common. */
  readonly #stem: string;

  /** @throws KeyturnError `cookie_invalid`, `config_invalid` */
  constructor(keyturn: Keyturn, options: HttpOptions) {
    const { settings, ownSigner, ownSealer, logger, clock, sessionStore, keeper, ring } =
      internalsOf(keyturn);
    this.#keeper = keeper;
    this.ring = ring;
    const { profile } = keyturn;
    const name = settings.get('session.cookie.name');
    const stem = name.replace(/\.sid$/, '');
    this.#stem = stem;
    this.sessionCookie = new AppCookie(name, settings, profile);
    this.csrfCookie = new AppCookie(`${stem}.csrf`, settings, profile);
    this.flashCookie = new AppCookie(`${stem}.flash`, settings, profile);
    this.csrf = new Csrf(ownSigner('csrf'), settings.get('csrf.origins'));
    this.csrfIds = ownSigner('csrf-id');
    this.flashSigner = ownSigner('flash');
    this.logger = logger;
    this.clock = clock;
    const store = options.store === undefined ? sessionStore : new ReachableStore(options.store);
    const times = new SessionTimes(settings);
    const persistent = settings.get('session.cookie.persistent');
    const dropped = () =>
      logger.info(
        { event: 'session.dropped' },
        'a request wrote to a session that was ended meanwhile: nothing of it is kept',
      );
    const shared = { cookie: this.sessionCookie, times, hooks: options, persistent, clock };
    this.sessions =
      store === undefined
        ? new CookieSessions({ ...shared, ...cookieCodecs(keyturn) })
        : new StoreSessions({ ...shared, store, signer: ownSigner('session'), dropped });
    this.#sessionCodecs = [ownSigner('session'), ownSealer('session') ?? []].flat();
    this.waits = store !== undefined || options.epoch !== undefined;
    this.late = () =>
      logger.warn(
        { event: 'session.late' },
        'a session or flash message was changed after the response had been sent: nothing of it is kept',
      );
  }

  /** Whether there can be anything to wait for before the app runs: see {@link before}. */
  get mayWait(): boolean {
    return this.waits || this.#keeper.follows;
  }

  /**
   * What to wait for before the app runs: a store or an epoch, and for a cookie of a key that the ring does not
   * know one look for a newer ring (shared by all requests of a second; a courtesy, no guarantee rests on it).
   *
   * @returns undefined when there is nothing to wait for; it rejects with `keyring_unavailable` when the key is
   * still unknown, and the ring too old to say that it is nobody's: the visitor may be signed in elsewhere
   */
  before(cookie: string | undefined, visit: () => Visit): Promise<unknown> | undefined {
    // Most requests have other cookies only, or none.
    if (cookie?.includes(this.#stem) !== true) return undefined;
    const { cookies } = visit();
    const session = cookies.values(this.sessionCookie);
    const openFirst = () => (this.waits && session.length > 0 ? visit().open() : undefined);
    const isUnknown = () =>
      this.#noneKnown(session, (token) => this.sessions.verifies(token)) ||
      this.#noneKnown(cookies.values(this.csrfCookie), (token) => this.csrfIds.check(token).ok);
    if (this.#keeper.follows && isUnknown()) {
      return this.#keeper.ask().then(() => {
        if (isUnknown()) this.ring.requireFresh();
        return openFirst();
      });
    }
    const opened = openFirst();
    return opened instanceof Promise ? opened : undefined;
  }

  /** Whether a newer ring could tell more: one is of an unknown key, and none is good as it is. */
  #noneKnown(tokens: readonly string[], verifies: (token: string) => boolean): boolean {
    return tokens.some((token) => !this.csrfIds.knows(token)) && !tokens.some(verifies);
  }

  /**
   * Whether the session is to be opened, at the latest, when a response goes out: using an app extends a session,
   * whichever pages look at it. Where sessions are waited for they have been opened by then.
   */
  opensUnseen(cookie: string | undefined): boolean {
    if (this.waits || this.ring.found === undefined) return false;
    return cookie?.includes(this.sessionCookie.name) === true;
  }

  /**
   * Whether a cookie is a session's that was issued more than a day in the future: this clock is wrong, or was that of
   * whoever issued it. Looked at only where the cookie has given no session.
   */
  isFromTheFuture(cookie: string): boolean {
    const codec = this.#sessionCodecs.find(({ version }) => cookie.startsWith(version));
    const checked = codec?.check(cookie);
    if (checked === undefined || checked.ok || checked.reason !== 'not_yet_valid') return false;
    const now = performance.now();
    if (now - this.#clockToldAt >= CLOCK_TOLD_EVERY) {
      this.#clockToldAt = now;
      this.logger.error(
        {
          event: 'session.clock',
          hint: 'compare the clocks of all replicas with the time, and set them right',
        },
        'a session was issued more than a day in the future: the clock of this process or of another is wrong. The visitor counts as signed out and keeps the cookie',
      );
    }
    return true;
  }

  visit(request: HttpRequest): Visit {
    return new Visit(this, request);
  }
}

/** What makes session cookies, and what else reads them: one made the other way, before a switch, is good too. */
function cookieCodecs(keyturn: Keyturn): Pick<CookieSessionParts, 'codec' | 'other'> {
  const { settings, ownSigner, ownSealer } = internalsOf(keyturn);
  const signer = ownSigner('session');
  const sealer = ownSealer('session');
  const sealed = sealer !== undefined && settings.get('session.sealed');
  return sealed ? { codec: sealer, other: signer } : { codec: signer, other: sealer };
}

/** One request and its response. Nothing is read or verified before it is asked for. */
export class Visit {
  readonly #core: HttpCore;
  readonly #request: HttpRequest;
  #cookies: RequestCookies | undefined;
  #session: SessionState | undefined;
  #flash: FlashBox | undefined;
  #csrfId: CsrfId | undefined;
  #issuedToken = false;
  /** Saving the session has failed (or is still going on): the browser keeps the one it has. */
  #unsaved = false;
  #finished = false;
  /** The request carries a session from the future: it is none, and no other takes its place before a sign-in. */
  #fromTheFuture = false;

  constructor(core: HttpCore, request: HttpRequest) {
    this.#core = core;
    this.#request = request;
  }

  /** What the request carries. */
  get cookies(): RequestCookies {
    this.#cookies ??= new RequestCookies(this.#request.cookie);
    return this.#cookies;
  }

  /** Opens the session. Adapters await it before the app runs where {@link HttpCore.waits}. */
  open(): Awaitable<SessionState> {
    if (this.#session !== undefined) return this.#session;
    const { sessions, sessionCookie } = this.#core;
    const cookies = this.cookies.values(sessionCookie);
    const opened = sessions.open(cookies);
    return andThen(opened, (state) => {
      this.#session = state;
      if (state.fresh) this.#fromTheFuture = cookies.some((cookie) => this.#core.isFromTheFuture(cookie));
      return state;
    });
  }

  get session(): Session {
    return this.#state.session;
  }

  get #state(): SessionState {
    const state = this.#session ?? this.open();
    if (state instanceof Promise)
      throw new TypeError(
        'the session is not open yet: register Keyturn before the hooks and routes that use the session',
      );
    return state;
  }

  get flash(): Flash {
    const { flashSigner, flashCookie } = this.#core;
    const shown = this.#request.method !== 'HEAD';
    this.#flash ??= new FlashBox(flashSigner, flashCookie, this.cookies, shown);
    const box = this.#flash;
    return ((type?: string, text?: string) => {
      if (type === undefined) return box.takeAll();
      if (text === undefined) return box.take(type);
      if (this.#finished) this.#core.late();
      return box.add(type, text);
    }) as Flash;
  }

  /** A CSRF token for the page that is being made. */
  csrfToken(): string {
    this.#issuedToken = true;
    const state = this.#state;
    if (!this.#willHaveSession(state)) return this.#core.csrf.issue(this.#id.issue(state.ended));
    const id = this.#unsaved ? (state.carried as Carried).id : state.id;
    return this.#core.csrf.issue(state.csrf ?? id);
  }

  /**
   * Refuses a forged request. Safe methods pass.
   *
   * @param token what the form or the header holds
   * @throws KeyturnError `csrf_refused`, which never says why; the log does
   */
  checkCsrf(token: unknown): void {
    if (isSafeMethod(this.#request.method)) return;
    const { csrf, logger } = this.#core;
    const state = this.#state;
    const boundTo = state.carried === undefined ? this.#id.carried : (state.csrf ?? state.carried.id);
    const reason: CsrfReason | undefined =
      csrf.refusesProvenance(this.#request) ?? csrf.refusesToken(token, boundTo);
    if (reason === undefined) return;
    const { origin, fetchSite, host } = this.#request;
    const facts = { origin: forLog(origin), fetchSite: forLog(fetchSite), host: forLog(host) };
    logger.warn({ event: 'csrf.refused', reason, ...facts }, CSRF_ADVICE[reason]);
    throw new KeyturnError(
      'csrf_refused',
      'the request could not be accepted; reload the page and try again',
      'send the token of the page as _csrf or x-csrf-token',
    );
  }

  /**
   * Saves what has changed and tells what to send. Call it before the headers go out. Where it fails an error is
   * answered instead, and it is called again for that answer: then without the session, which stays as it was.
   *
   * @param cacheControl the `Cache-Control` header that the app has set
   */
  finish(cacheControl: string | undefined): Awaitable<HttpChanges | undefined> {
    if (this.#finished) return undefined;
    // First, since it can fail: nothing is saved then.
    const flashCookie = this.#flash?.commit();
    if (this.#session === undefined && this.#core.opensUnseen(this.#request.cookie)) this.open();
    const state = this.#session;
    // Where saving has failed the browser keeps the session it has, but for one that was to end.
    if (state === undefined || this.#unsaved || this.#keepsCookie(state))
      return this.#changes(state?.cleared, flashCookie, cacheControl);
    this.#adoptCsrfId(state);
    this.#unsaved = true;
    const saved = this.#core.sessions.commit(state, this.#traits(cacheControl));
    return andThen(saved, (cookie) => {
      this.#unsaved = false;
      state.late = this.#core.late;
      return this.#changes(cookie, flashCookie, cacheControl);
    });
  }

  #changes(
    sessionCookie: string | undefined,
    flashCookie: string | undefined,
    cacheControl: string | undefined,
  ): HttpChanges | undefined {
    this.#finished = true;
    const cookies = [sessionCookie, this.#csrfIdCookie(), flashCookie].filter(
      (cookie) => cookie !== undefined,
    );
    const personal = cookies.length > 0 || this.#issuedToken || this.#flash?.touched === true;
    return personal ? { cookies, cacheControl: privately(cacheControl) } : undefined;
  }

  #csrfIdCookie(): string | undefined {
    const state = this.#session;
    if (state === undefined) return undefined;
    const begins = state.carried === undefined && this.#willHaveSession(state);
    const over = begins || (state.ended && !this.#unsaved && !this.#issuedToken);
    if (!over && this.#csrfId === undefined) return undefined;
    const { safe, canSign } = this.#traits(undefined);
    return this.#id.commit(over, safe && canSign);
  }

  /** A session that begins without a sign-in goes on accepting the tokens of pages already open. */
  #adoptCsrfId(state: SessionState): void {
    if (state.carried !== undefined || state.csrf !== undefined || !this.#willHaveSession(state)) return;
    if (state.createdAt === undefined && !state.regenerated) state.csrf = this.#id.known;
  }

  /** When the clock is right again the visitor is signed in as before: only a new sign-in is worth that. */
  #keepsCookie(state: SessionState): boolean {
    return this.#fromTheFuture && !state.regenerated;
  }

  #willHaveSession(state: SessionState): boolean {
    if (this.#keepsCookie(state)) return false;
    return this.#unsaved ? state.carried !== undefined && state.cleared === undefined : state.willBe;
  }

  #traits(cacheControl: string | undefined): ResponseTraits {
    const { method } = this.#request;
    return {
      safe: method === 'GET' || method === 'HEAD',
      publiclyCacheable: cacheControl !== undefined && /(^|[\s,])(public|s-maxage)\b/i.test(cacheControl),
      canSign: this.#core.ring.fresh,
    };
  }

  get #id(): CsrfId {
    const { csrfIds, csrfCookie, clock } = this.#core;
    this.#csrfId ??= new CsrfId(csrfIds, csrfCookie, clock, this.cookies);
    return this.#csrfId;
  }
}

/** More of a header than this helps nobody, and would let strangers fill the log. */
const LOGGED_CHARACTERS = 200;

const CSRF_ADVICE: Readonly<Record<CsrfReason, string>> = {
  cross_site: 'a page of another site sent a request; if it may, list its origin under [csrf] origins',
  foreign_origin:
    'a request came from another origin than this host; behind a proxy, pass the Host header on or list the origin under [csrf] origins',
  no_token: 'a request came without a CSRF token: put one into the form as _csrf, or send it as x-csrf-token',
  no_cookie: 'a request came with a CSRF token, but without the cookie that it is bound to',
  token_refused: 'a request came with a CSRF token that is expired, altered, or of another session',
};

/** What came in a header, so that it cannot pass for anything else in a log. */
function forLog(header: string | undefined): string | undefined {
  return header?.slice(0, LOGGED_CHARACTERS).replace(/[^!-~]/g, '?');
}

/** What one visitor alone may see must not be kept by a shared cache. */
function privately(cacheControl: string | undefined): string | undefined {
  if (cacheControl === undefined) return 'private';
  // `private="x-user"` is about that one header field.
  if (/(^|[\s,])(private(?!\s*=)|no-store)\b/i.test(cacheControl)) return undefined;
  const rest = cacheControl
    .split(',')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && !/^(public|s-maxage)\b/i.test(directive));
  return ['private', ...rest].join(', ');
}
