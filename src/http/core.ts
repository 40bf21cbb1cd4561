// The framework-neutral core: what one request and its response have to do with sessions, CSRF and flash.
// An adapter tells it what came in, hands its parts to the app, and applies what it wants sent.

import { sessionCookieName } from '../config/app.js';
import { type OptionNames, requireFunction } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { LiveKeyring } from '../keyring/live.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { Keeper } from '../runtime/keeper.js';
import type { Logger } from '../runtime/log.js';
import { AppCookie, RequestCookies } from '../sessions/cookie.js';
import { type CookieSessionParts, CookieSessions } from '../sessions/in-cookie.js';
import {
  andThen,
  type ResponseTraits,
  type SessionHooks,
  type SessionKind,
  SessionTimes,
} from '../sessions/kind.js';
import { lossIn } from '../sessions/losses.js';
import { dataText, type Session, type SessionState } from '../sessions/session.js';
import type { Awaitable, SessionStore } from '../sessions/stores/contract.js';
import { requireStore } from '../sessions/stores/require.js';
import type { TokenCodec } from '../signing/purpose-keyring.js';
import type { TokenSigner } from '../signing/signer.js';
import { guardFromCaches, isPubliclyCacheable, type ResponseFields } from './cache-control.js';
import { Csrf, type CsrfReason, isSafeMethod } from './csrf.js';
import { CsrfId } from './csrf-id.js';
import { type Flash, FlashBox, flashFor } from './flash.js';
import { watched } from './watched.js';

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
  /** Whether a proxy has left a sign of itself: the browser may have come by https all the same. */
  readonly proxied?: boolean;
  /** The route as the app has written it, for the log; undefined where there is none. */
  readonly route?: string | undefined;
}

export const HTTP_OPTIONS: OptionNames<HttpOptions> = {
  store: true,
  epoch: true,
  user: true,
  lastWins: true,
};

function requireHttpOptions({ store, epoch, user, lastWins }: HttpOptions): void {
  if (store !== undefined) requireStore(store, 'the option store');
  requireFunction(epoch, 'the option epoch', 'write epoch: (data) => the epoch of the user of the session');
  requireFunction(user, 'the option user', 'write user: (data) => data.userId');
  if (
    lastWins === undefined ||
    (Array.isArray(lastWins) && lastWins.every((name) => typeof name === 'string'))
  )
    return;
  throw new KeyturnError(
    'argument_invalid',
    'the option lastWins is no list of names',
    'write lastWins: ["lastPage"]',
  );
}

/** What can come too late. */
type LateThing = 'session' | 'flash' | 'csrf';

/** Milliseconds: whoever shows the same cookie again and again must not fill the log. */
const CLOCK_TOLD_EVERY = 60_000;

/** What sessions in a store need, and sessions in the cookie do not load. */
export interface StoreParts {
  readonly ReachableStore: typeof import('../sessions/stores/reachable.js').ReachableStore;
  readonly StoreSessions: typeof import('../sessions/in-store.js').StoreSessions;
}

/** One app's sessions, CSRF protection and flash messages. Made once; makes a {@link Visit} per request. */
export class HttpCore {
  readonly sessions: SessionKind;
  readonly sessionCookie: AppCookie;
  readonly csrf: Csrf;
  readonly csrfCookie: AppCookie;
  readonly csrfIds: TokenSigner<string>;
  /** What scripts read their token from, where there is such a cookie. */
  readonly csrfTokenCookie: AppCookie | undefined;
  readonly flashCookie: AppCookie;
  readonly flashSigner: TokenSigner<readonly (readonly [string, string])[]>;
  readonly logger: Logger;
  readonly clock: () => number;
  /** Whether opening a session may have to wait for a store or an epoch. */
  readonly waits: boolean;
  readonly ring: LiveKeyring;
  readonly #keeper: Keeper;
  readonly #sessionCodecs: readonly TokenCodec[];
  #clockToldAt = Number.NEGATIVE_INFINITY;
  #insecureTold = false;
  /** Whether what JSON changes is told: see {@link lossy}. */
  readonly #tellsLosses: boolean;
  readonly #lossesTold = new Set<string>();
  /** What the names of all its cookies have in common; while the name of the app changes, of the others too. */
  readonly #stems: readonly string[];
  /** Routes whose personal pages go out publicly, as far as they have been told of. */
  readonly #public = new Set<string | undefined>();

  /** @throws KeyturnError `argument_invalid`, `store_invalid`, `cookie_invalid`, `config_invalid` */
  static async open(keyturn: Keyturn, options: HttpOptions): Promise<HttpCore> {
    const store = options?.store ?? internalsOf(keyturn).sessionStore;
    if (store === undefined) return new HttpCore(keyturn, options);
    const { ReachableStore } = await import('../sessions/stores/reachable.js');
    const { StoreSessions } = await import('../sessions/in-store.js');
    return new HttpCore(keyturn, options, { ReachableStore, StoreSessions });
  }

  /** @param parts needed where there is a store; {@link open} loads them */
  constructor(keyturn: Keyturn, options: HttpOptions, parts?: StoreParts) {
    requireHttpOptions(options);
    const { settings, apps, ownSigner, ownSealer, logger, clock, sessionStore, keeper, ring } =
      internalsOf(keyturn);
    this.#keeper = keeper;
    this.ring = ring;
    const { profile } = keyturn;
    const names = apps.map((app) => sessionCookieName(settings, app));
    const stems = names.map((name) => name.replace(/\.sid$/, ''));
    const cookie = (of: (n: number) => string) =>
      new AppCookie(of(0), settings, profile, false, apps.length > 1 ? of(1) : undefined);
    this.#stems = stems;
    this.sessionCookie = cookie((n) => names[n] as string);
    this.csrfCookie = cookie((n) => `${stems[n]}.csrf`);
    this.flashCookie = cookie((n) => `${stems[n]}.flash`);
    this.csrf = new Csrf(ownSigner('csrf'), settings.get('csrf.mode'), settings.get('csrf.origins'));
    this.csrfTokenCookie = this.#readableCookie(settings.get('csrf.cookie'), keyturn);
    this.csrfIds = ownSigner('csrf-id');
    this.flashSigner = ownSigner('flash');
    this.logger = logger;
    this.clock = clock;
    this.#tellsLosses = profile !== 'prod';
    const store =
      options.store === undefined || parts === undefined
        ? sessionStore
        : new parts.ReachableStore(options.store);
    const times = new SessionTimes(settings);
    const persistent = settings.get('session.cookie.persistent');
    const dropped = () =>
      logger.info(
        { event: 'session.dropped' },
        'a request wrote to a session that was ended meanwhile: nothing of it is kept',
      );
    const shared = { cookie: this.sessionCookie, times, hooks: options, persistent, clock };
    this.sessions =
      store === undefined || parts === undefined
        ? new CookieSessions({ ...shared, ...cookieCodecs(keyturn) })
        : new parts.StoreSessions({ ...shared, store, signer: ownSigner('session'), dropped });
    this.#sessionCodecs = [ownSigner('session'), ownSealer('session') ?? []].flat();
    this.waits = store !== undefined || options.epoch !== undefined;
  }

  #readableCookie(name: string | undefined, keyturn: Keyturn): AppCookie | undefined {
    if (name === undefined) return undefined;
    if ([this.sessionCookie, this.csrfCookie, this.flashCookie].some((cookie) => cookie.name === name)) {
      throw new KeyturnError(
        'config_invalid',
        `csrf.cookie is ${name}, which is the name of another cookie of Keyturn`,
        'choose another name, such as "XSRF-TOKEN"',
      );
    }
    return new AppCookie(name, internalsOf(keyturn).settings, keyturn.profile, true);
  }

  /** The CSRF token that comes in a header: not to be taken from a form where there is one. */
  csrfHeader(headers: Readonly<Record<string, string | readonly string[] | undefined>>): unknown {
    const own = headers['x-csrf-token'];
    return own === undefined && this.csrfTokenCookie !== undefined ? headers['x-xsrf-token'] : own;
  }

  /** Tells of what came too late to be kept. */
  late(what: LateThing, route: string | undefined): void {
    this.logger.warn({ event: 'session.late', what, route }, LATE[what]);
  }

  /**
   * Tells once of cookies that no browser keeps: with `Secure`, in answer to a request that came by http. Behind a proxy
   * it is the proxy that knows how the browser came, and from localhost browsers take them all the same.
   */
  insecure({ https, proxied, host }: HttpRequest): void {
    if (this.#insecureTold || !this.sessionCookie.secure || https || proxied === true || isLocal(host))
      return;
    this.#insecureTold = true;
    this.logger.warn(
      {
        event: 'cookie.insecure',
        host: forLog(host),
        hint: 'serve the app by https; behind a proxy that does, let it send X-Forwarded-Proto; to try things out on this machine use http://localhost or KEYTURN_ENV=dev',
      },
      'a Secure cookie was sent in answer to a request that came by http: browsers drop it, and nobody stays signed in',
    );
  }

  /** Tells, outside of production and once for each place, of what comes back otherwise than it was put in. */
  lossy(session: Session): void {
    if (!this.#tellsLosses || this.#lossesTold.size >= MOST_LOSSES) return;
    const found = lossIn(session, 'session');
    if (found === undefined || this.#lossesTold.has(found.path)) return;
    this.#lossesTold.add(found.path);
    const { path, kind, becomes, hint } = found;
    this.logger.warn(
      { event: 'session.not_json', hint },
      `${path} holds ${kind}, which JSON cannot carry: the next request ${becomes}`,
    );
  }

  /** Tells, once for each route, of what a cache may show to others. */
  public(route: string | undefined): void {
    if (this.#public.has(route)) return;
    this.#public.add(route);
    this.logger.warn(
      { event: 'cache.public', route },
      'a page of one visitor goes out as Cache-Control: public, since the app says so: leave "public" out unless everybody may see it',
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
    if (cookie === undefined || !this.#stems.some((stem) => cookie.includes(stem))) return undefined;
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
  opensUnseen(method: string, cookie: string | undefined): boolean {
    if (this.ring.found === undefined) return false;
    // Scripts look for their token on whatever page they are.
    if (this.csrfTokenCookie !== undefined && isRead(method)) return true;
    if (this.waits) return false;
    const { name, former } = this.sessionCookie;
    return (
      cookie?.includes(name) === true || (former !== undefined && cookie?.includes(former.name) === true)
    );
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
  /** The id that tokens of the session are bound to that the request carried. */
  #carriedBinding: string | undefined;
  #flash: FlashBox | undefined;
  #csrfId: CsrfId | undefined;
  /** The app has looked at the session. Opening it is not looking: that is done for every request with a cookie. */
  #looked = false;
  #issuedToken = false;
  #issuedLate = false;
  #setsCookie = false;
  /** Saving the session has failed (or is still going on): the browser keeps the one it has. */
  #unsaved = false;
  #saving = false;
  #finished = false;
  /** The request carries a session from the future: it is none, and no other takes its place before a sign-in. */
  #fromTheFuture = false;
  #over = false;
  readonly #told = new Set<LateThing>();

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
      if (state.carried !== undefined) this.#carriedBinding = state.csrf ?? state.carried.id;
      return state;
    });
  }

  get session(): Session {
    const { session } = this.#state;
    return this.#over ? watched(session, () => this.#late('session')) : session;
  }

  get #state(): SessionState {
    const state = this.#session ?? this.open();
    if (state instanceof Promise)
      throw new TypeError(
        'the session is not open yet: register Keyturn before the hooks and routes that use the session',
      );
    this.#looked = true;
    if (this.#over) state.late ??= () => this.#late('session');
    return state;
  }

  get flash(): Flash {
    const { flashSigner, flashCookie } = this.#core;
    const shown = this.#request.method !== 'HEAD';
    this.#flash ??= new FlashBox(flashSigner, flashCookie, this.cookies, shown);
    const box = this.#flash;
    const used = <T>(answer: T): T => {
      if (this.#over && box.changed) this.#late('flash');
      return answer;
    };
    return flashFor(box, used);
  }

  /** A CSRF token for the page that is being made. */
  csrfToken(): string {
    if (this.#finished && !this.#issuedToken) this.#issuedLate = true;
    if (this.#over && !this.#issuedToken) this.#late('csrf');
    this.#issuedToken = true;
    const state = this.#state;
    const session = this.#sessionBinding(state);
    const { csrf } = this.#core;
    if (session !== undefined) return csrf.issue(session, 'session');
    return csrf.issue(this.#id.issue(state.ended), 'visitor');
  }

  /**
   * The id that tokens of the session are bound to that this response leaves the browser with. None where a session
   * begins without a sign-in: it takes over the id that tokens are bound to before there is one, so that pages already
   * open, and other tabs that begin one at the same time, stay good.
   */
  #sessionBinding(state: SessionState): string | undefined {
    if (this.#unsaved) return state.cleared === undefined ? this.#carriedBinding : undefined;
    if (state.ended) return undefined;
    if (state.regenerated) return state.id;
    return this.#carriedBinding;
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
    const session = this.#state.carried !== undefined;
    const boundTo = session ? this.#carriedBinding : this.#id.carried;
    const reason = csrf.refuses(this.#request, token, boundTo);
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

  /** Whether a call of {@link finish} is going on. */
  get saving(): boolean {
    return this.#saving;
  }

  /**
   * Saves what has changed. Call it before the headers go out. Where it fails an error is answered instead, and it is
   * called again for that answer: then without the session, which stays as it was.
   *
   * @param fields as the app has set them so far
   * @returns the `Set-Cookie` fields to send, beside those of the app
   */
  finish(fields: ResponseFields): Awaitable<readonly string[]> {
    if (this.#finished) return [];
    // First, since it can fail: nothing is saved then.
    const flashCookie = this.#flash?.commit();
    if (this.#session === undefined && this.#core.opensUnseen(this.#request.method, this.#request.cookie))
      this.open();
    const state = this.#session;
    // Where saving has failed the browser keeps the session it has, but for one that was to end.
    if (state === undefined || this.#unsaved || this.#keepsCookie(state))
      return this.#toSend(fields, state?.cleared, flashCookie);
    this.#adoptCsrfId(state);
    this.#unsaved = true;
    this.#saving = true;
    const settled = () => {
      this.#saving = false;
    };
    try {
      const saved = andThen(this.#core.sessions.commit(state, this.#traits(fields)), (cookie) => {
        this.#unsaved = false;
        if (state.saved !== undefined) this.#core.lossy(state.session);
        state.late = () => this.#late('session');
        return this.#toSend(fields, cookie, flashCookie);
      });
      if (saved instanceof Promise) return saved.finally(settled);
      settled();
      return saved;
    } catch (error) {
      settled();
      throw error;
    }
  }

  /**
   * Writes into the fields of the response what caches must know. Call it when they go out.
   *
   * @param fields as everybody has left them
   */
  guard(fields: ResponseFields): void {
    const flash = this.#flash;
    const carried = this.#session?.carried !== undefined || this.#csrfId?.carried !== undefined;
    const guarded = guardFromCaches(fields, {
      varies: this.#looked || flash !== undefined,
      personal:
        (this.#looked && carried) || this.#issuedToken || flash?.personal === true || this.#setsCookie,
      setsCookie: this.#setsCookie,
    });
    if (guarded) this.#core.public(this.#request.route);
  }

  /** Nothing can be sent any more: the response is out, or somebody else writes it. */
  end(): void {
    if (this.#over || this.#saving) return;
    this.#over = true;
    if (this.#flash?.changed) this.#late('flash');
    if (this.#issuedLate || (this.#issuedToken && !this.#finished)) this.#late('csrf');
    if (this.#session !== undefined && !this.#unsaved && this.#isUnsaid(this.#session)) this.#late('session');
  }

  /** Whether the session is another one than the one that the browser, or the store, has been given. */
  #isUnsaid(state: SessionState): boolean {
    if (!this.#finished && (state.regenerated || (state.ended && state.carried !== undefined))) return true;
    try {
      return dataText(state.session) !== (state.saved ?? (state.ended ? '{}' : state.base));
    } catch {
      return true;
    }
  }

  /** Once for each thing: a connection that stays open for days must not fill the log. */
  #late(what: LateThing): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#core.late(what, this.#request.route);
  }

  #toSend(
    fields: ResponseFields,
    sessionCookie: string | undefined,
    flashCookie: string | undefined,
  ): readonly string[] {
    // First, since its token may be the first of an id.
    const tokenCookie = this.#csrfTokenCookie(fields);
    this.#finished = true;
    this.#flash?.sent();
    const cookies: string[] = [];
    this.#add(cookies, sessionCookie, this.#core.sessionCookie);
    this.#add(cookies, this.#csrfIdCookie(), this.#core.csrfCookie);
    if (tokenCookie !== undefined) cookies.push(tokenCookie);
    this.#add(cookies, flashCookie, this.#core.flashCookie);
    this.#setsCookie ||= cookies.length > 0;
    if (cookies.length > 0) this.#core.insecure(this.#request);
    return cookies;
  }

  /** Of a cookie that the browser has under the other name of the app, this one takes the place. */
  #add(cookies: string[], header: string | undefined, cookie: AppCookie): void {
    if (header === undefined) return;
    cookies.push(header);
    const former = this.cookies.clearFormer(cookie);
    if (former !== undefined) cookies.push(former);
  }

  /** The cookie that scripts read their token from, where the one that the browser has will not do any more. */
  #csrfTokenCookie(fields: ResponseFields): string | undefined {
    const { csrfTokenCookie, csrf, clock, ring } = this.#core;
    const state = csrfTokenCookie === undefined ? undefined : this.open();
    if (csrfTokenCookie === undefined || state === undefined || state instanceof Promise) return undefined;
    const carried = csrf.fresh(this.cookies.values(csrfTokenCookie)[0], clock() / 1000);
    const id = this.#sessionBinding(state) ?? (state.ended ? undefined : this.#id.known);
    if (id !== undefined && carried?.isBoundTo(id) === true) return undefined;
    if (!ring.fresh || isPubliclyCacheable(fields)) return undefined;
    return csrfTokenCookie.set(this.csrfToken(), undefined);
  }

  #csrfIdCookie(): string | undefined {
    const state = this.#session;
    if (state === undefined) return undefined;
    const begins = state.carried === undefined && this.#willHaveSession(state);
    const over = begins || (state.ended && !this.#unsaved && !this.#issuedToken);
    if (!over && this.#csrfId === undefined) return undefined;
    return this.#id.commit(over, isRead(this.#request.method) && this.#core.ring.fresh);
  }

  /** A session that begins without a sign-in goes on accepting the tokens of pages already open. */
  #adoptCsrfId(state: SessionState): void {
    if (state.carried !== undefined || state.csrf !== undefined || !this.#willHaveSession(state)) return;
    if (state.createdAt !== undefined || state.regenerated) return;
    state.csrf = this.#core.csrfTokenCookie === undefined ? this.#id.known : this.#id.issue(false);
  }

  /** When the clock is right again the visitor is signed in as before: only a new sign-in is worth that. */
  #keepsCookie(state: SessionState): boolean {
    return this.#fromTheFuture && !state.regenerated;
  }

  #willHaveSession(state: SessionState): boolean {
    if (this.#keepsCookie(state)) return false;
    return this.#unsaved ? state.carried !== undefined && state.cleared === undefined : state.willBe;
  }

  #traits(fields: ResponseFields): ResponseTraits {
    return {
      safe: isRead(this.#request.method),
      // Looked at only where something is due.
      get publiclyCacheable() {
        return isPubliclyCacheable(fields);
      },
      canSign: this.#core.ring.fresh,
    };
  }

  get #id(): CsrfId {
    const { csrfIds, csrfCookie, clock } = this.#core;
    this.#csrfId ??= new CsrfId(csrfIds, csrfCookie, clock, this.cookies);
    return this.#csrfId;
  }
}

/** Where browsers take a `Secure` cookie by http too. */
function isLocal(host: string | undefined): boolean {
  return (
    host === undefined ||
    /^(?:[\w.-]+\.)?localhost(?::\d+)?$|^127(?:\.\d+){3}(?::\d+)?$|^\[::1\](?::\d+)?$/i.test(host)
  );
}

/** Of a program that puts a new place wrong with every request. */
const MOST_LOSSES = 100;

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

const LATE: Readonly<Record<LateThing, string>> = {
  session:
    'a session was changed when its response was out already, or was left to somebody else: nothing of it is kept',
  flash:
    'flash messages were left or taken when the response was out already: those left are lost, those taken come again',
  csrf: 'a CSRF token was made when the response was out already: ask for it before the page goes out',
};

/** More of a header than this helps nobody, and would let strangers fill the log. */
const LOGGED_CHARACTERS = 200;

const CSRF_ADVICE: Readonly<Record<CsrfReason, string>> = {
  cross_site: 'a page of another site sent a request; if it may, list its origin under [csrf] origins',
  foreign_origin:
    'a request came from another origin than this host; behind a proxy, pass the Host header on or list the origin under [csrf] origins',
  no_provenance:
    'a request said nothing of where it comes from, which csrf.mode "headers" asks for; a program can send Sec-Fetch-Site: none',
  no_token: 'a request came without a CSRF token: put one into the form as _csrf, or send it as x-csrf-token',
  no_cookie: 'a request came with a CSRF token, but without the cookie that it is bound to',
  token_refused: 'a request came with a CSRF token that is expired, altered, or of another session',
};

/** What came in a header, so that it cannot pass for anything else in a log. */
function forLog(header: string | undefined): string | undefined {
  return header?.slice(0, LOGGED_CHARACTERS).replace(/[^!-~]/g, '?');
}
