// What an app has for its requests: its cookies, sessions, CSRF protection and flash messages. Made once for an app; one
// request and its response are a `Visit`.

import { type OptionNames, requireFunction } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { SteadyRing } from '../keyring/steady-ring.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { MoveInOption } from '../move-in/options.js';
import type { Keeper } from '../runtime/keeper.js';
import type { SessionHooks, SessionKind } from '../sessions/kind.js';
import type { SessionStore } from '../sessions/stores/contract.js';
import type { ReachableStore } from '../sessions/stores/reachable.js';
import { requireStore } from '../sessions/stores/require.js';
import type { TokenSigner } from '../signing/signer.js';
import type { HttpRequest } from './contract.js';
import { Csrf } from './csrf.js';
import type { RequestLog } from './http-log.js';
import { isRead, isSafeMethod } from './methods.js';
import { type AppSessions, openSessions } from './open-sessions.js';
import { HttpCookies } from './request-cookies.js';
import type { HeaderSessions } from './session-field.js';

/** What every adapter takes. */
export interface HttpOptions extends SessionHooks {
  /** Where sessions are kept; default: as `session.backend` says. */
  readonly store?: SessionStore;
  /**
   * Whether what is read at a path, by GET or HEAD, is served without a session, as files are: `(path) =>
   * path.startsWith('/assets/')`. No store is asked then, and the session is not extended; looking at it is an error.
   */
  readonly sessionless?: (path: string) => boolean;
  /**
   * The library that sessions move in from, so that nobody is signed out: `{ 'express-session': { store } }`, by the name
   * of its section under `[move_in]`. See docs/moving-in.md.
   */
  readonly moveIn?: MoveInOption;
}

export const HTTP_OPTIONS: OptionNames<HttpOptions> = {
  store: true,
  epoch: true,
  user: true,
  label: true,
  lastWins: true,
  sessionless: true,
  moveIn: true,
};

export class HttpCore {
  readonly cookies: HttpCookies;
  readonly sessions: SessionKind;
  /** Undefined for sessions that are the token itself. */
  readonly store: ReachableStore | undefined;
  /** Sessions that travel in a header field, where one is set. */
  readonly inHeader: HeaderSessions | undefined;
  /** The names of the request's fields that a response depends on which looks at the session. */
  readonly varies: { readonly inCookie: readonly string[]; readonly inHeader: readonly string[] };
  readonly csrf: Csrf;
  readonly csrfIds: TokenSigner<string>;
  readonly flashSigner: TokenSigner<readonly (readonly [string, string])[]>;
  readonly log: RequestLog;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Whether opening a session may have to wait for a store or an epoch. */
  readonly waits: boolean;
  /** Whether it is told what JSON changes: outside of production. */
  readonly tellsLosses: boolean;
  readonly ring: SteadyRing;
  readonly keeper: Keeper;
  /** As the adapter was given them. */
  readonly options: HttpOptions;

  /**
   * What most call is {@link openHttpCore}.
   *
   * @throws KeyturnError `argument_invalid`, `store_invalid`, `cookie_invalid`, `config_invalid`
   */
  static async open(keyturn: Keyturn, options: HttpOptions, log: RequestLog): Promise<HttpCore> {
    requireHttpOptions(options);
    const cookies = new HttpCookies(keyturn);
    const opened = await openSessions(keyturn, options, options.store, log, cookies);
    const sessions = await movingIn(keyturn, options.moveIn, opened, cookies);
    return new HttpCore(keyturn, options, log, cookies, sessions, await csrfOf(keyturn));
  }

  private constructor(
    keyturn: Keyturn,
    options: HttpOptions,
    log: RequestLog,
    cookies: HttpCookies,
    { inCookie, inHeader, store }: AppSessions,
    csrf: Csrf,
  ) {
    const { ownSigner, clock, keeper, ring } = internalsOf(keyturn);
    this.log = log;
    this.tellsLosses = keyturn.profile !== 'prod';
    this.cookies = cookies;
    this.sessions = inCookie;
    this.inHeader = inHeader;
    this.store = store;
    const field = inHeader === undefined ? [] : [inHeader.name];
    this.varies = { inCookie: ['Cookie', ...field], inHeader: field };
    this.waits = store !== undefined || options.epoch !== undefined || options.moveIn !== undefined;
    this.csrf = csrf;
    this.csrfIds = ownSigner('csrf-id');
    this.flashSigner = ownSigner('flash');
    this.clock = clock;
    this.keeper = keeper;
    this.options = options;
    this.ring = ring;
  }

  /** Whether there can be anything to wait for before the app runs, of any request. */
  get everWaits(): boolean {
    return this.waits || this.keeper.follows;
  }

  /** Whether there may be anything to wait for before the app runs: see {@link Visit.before}. */
  mayWait(request: HttpRequest): boolean {
    return this.everWaits && this.#mayCarry(request) && !this.leavesOut(request);
  }

  /** Whether a response may need a {@link Visit} that nobody has asked for: `finish` finds out whether it does. */
  mayNeedVisit(request: HttpRequest): boolean {
    if (this.ring.found === undefined) return false;
    const looks = this.cookies.csrfToken !== undefined && isRead(request.method);
    return (looks || (!this.waits && this.#mayCarry(request))) && !this.leavesOut(request);
  }

  /** Whether a request is served without its session. One that changes something is protected by what is bound to it. */
  leavesOut(request: HttpRequest): boolean {
    if (!isSafeMethod(request.method)) return false;
    if (request.sessionless === true || request.sessionless === 'empty') return true;
    const { sessionless } = this.options;
    if (sessionless === undefined) return false;
    const { path } = request;
    // Where nobody knows the path, as of cookies alone, somebody looks at the session.
    return path !== undefined && sessionless(path) === true;
  }

  #mayCarry(request: HttpRequest): boolean {
    if (this.cookies.mayBeIn(request.header('cookie'))) return true;
    return this.inHeader !== undefined && request.header(this.inHeader.name) !== undefined;
  }
}

/** The sessions, each of which may have a counterpart in another library. */
async function movingIn(
  keyturn: Keyturn,
  option: MoveInOption | undefined,
  sessions: AppSessions,
  cookies: HttpCookies,
): Promise<AppSessions> {
  const { build, movingIn: named } = internalsOf(keyturn);
  if (build !== undefined) return sessions;
  if (option === undefined) {
    if (named.size > 0) (await import('../move-in/unused.js')).tellUnused(keyturn);
    return sessions;
  }
  const { openMoveIn } = await import('../move-in/open.js');
  const moved = openMoveIn(keyturn, option, sessions.inCookie, cookies.all);
  cookies.lookFor(moved.names);
  return { ...sessions, inCookie: moved.sessions };
}

async function csrfOf(keyturn: Keyturn): Promise<Csrf> {
  const { settings, ownSigner } = internalsOf(keyturn);
  const mode = settings.get('csrf.mode');
  const origins = settings.get('csrf.origins');
  const listed = origins.some((origin) => origin.includes('*'))
    ? new (await import('../config/csrf-origins.js')).ListedOrigins(origins, mode)
    : new Set(origins);
  return new Csrf(ownSigner('csrf'), mode, listed);
}

/** The option of adapters whose middleware checks requests by itself. @throws KeyturnError `argument_invalid` */
export function requireCsrf(csrf: 'auto' | 'manual' = 'auto'): 'auto' | 'manual' {
  if (csrf === 'auto' || csrf === 'manual') return csrf;
  throw new KeyturnError(
    'argument_invalid',
    'the option csrf is neither "auto" nor "manual"',
    'leave it out, or write csrf: "manual"; how tokens are asked for is set under [csrf], in keyturn.toml or config',
  );
}

/** @throws KeyturnError `argument_invalid` */
export function requireHttpOptions(options: HttpOptions): void {
  const { store, epoch, user, label, lastWins, sessionless, moveIn } = options;
  if (store !== undefined) requireStore(store, 'the option store');
  requireFunction(epoch, 'the option epoch', 'write epoch: (data) => the epoch of its user');
  requireFunction(user, 'the option user', 'write user: (data) => data.userId');
  requireFunction(label, 'the option label', 'write label: (data) => data.device');
  requireFunction(
    sessionless,
    'the option sessionless',
    "write sessionless: (path) => path.startsWith('/assets/')",
  );
  if (moveIn !== undefined && (typeof moveIn !== 'object' || moveIn === null || Array.isArray(moveIn)))
    throw new KeyturnError(
      'argument_invalid',
      'the option moveIn is not an object',
      "write moveIn: { 'express-session': { store } }",
    );
  if (
    lastWins === undefined ||
    (Array.isArray(lastWins) && lastWins.every((name) => typeof name === 'string'))
  )
    return;
  throw new KeyturnError(
    'argument_invalid',
    'the option lastWins is not a list of names',
    'write lastWins: ["lastPage"]',
  );
}
