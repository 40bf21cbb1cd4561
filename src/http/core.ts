// What an app has for its requests: its cookies, sessions, CSRF protection and flash messages. Made once for an app; one
// request and its response are a `Visit`.

import { type OptionNames, requireFunction } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { LiveKeyring } from '../keyring/live.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { Keeper } from '../runtime/keeper.js';
import { CookieSessions } from '../sessions/in-cookie.js';
import type { SessionHooks, SessionKind } from '../sessions/kind.js';
import type { SessionStore } from '../sessions/stores/contract.js';
import { requireStore } from '../sessions/stores/require.js';
import { SessionTimes } from '../sessions/times.js';
import type { TokenSigner } from '../signing/signer.js';
import { Csrf } from './csrf.js';
import { HttpLog } from './http-log.js';
import { isRead } from './methods.js';
import { HttpCookies } from './request-cookies.js';

/** What every adapter takes. */
export interface HttpOptions extends SessionHooks {
  /** Where sessions are kept; default: as `session.backend` says. */
  readonly store?: SessionStore;
}

export const HTTP_OPTIONS: OptionNames<HttpOptions> = {
  store: true,
  epoch: true,
  user: true,
  lastWins: true,
};

export class HttpCore {
  readonly cookies: HttpCookies;
  readonly sessions: SessionKind;
  readonly csrf: Csrf;
  readonly csrfIds: TokenSigner<string>;
  readonly flashSigner: TokenSigner<readonly (readonly [string, string])[]>;
  readonly log: HttpLog;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Whether opening a session may have to wait for a store or an epoch. */
  readonly waits: boolean;
  readonly ring: LiveKeyring;
  readonly keeper: Keeper;

  /** @throws KeyturnError `argument_invalid`, `store_invalid`, `cookie_invalid`, `config_invalid` */
  static async open(keyturn: Keyturn, options: HttpOptions): Promise<HttpCore> {
    requireHttpOptions(options);
    const log = new HttpLog(internalsOf(keyturn).logger, keyturn.profile !== 'prod');
    const cookies = new HttpCookies(keyturn);
    const sessions = await openSessions(keyturn, options, log, cookies);
    return new HttpCore(keyturn, options, log, cookies, sessions, await csrfOf(keyturn));
  }

  private constructor(
    keyturn: Keyturn,
    options: HttpOptions,
    log: HttpLog,
    cookies: HttpCookies,
    sessions: SessionKind,
    csrf: Csrf,
  ) {
    const { ownSigner, clock, keeper, ring } = internalsOf(keyturn);
    this.log = log;
    this.cookies = cookies;
    this.sessions = sessions;
    this.waits = !(sessions instanceof CookieSessions) || options.epoch !== undefined;
    this.csrf = csrf;
    this.csrfIds = ownSigner('csrf-id');
    this.flashSigner = ownSigner('flash');
    this.clock = clock;
    this.keeper = keeper;
    this.ring = ring;
  }

  /** Whether there can be anything to wait for before the app runs: see {@link Visit.before}. */
  get mayWait(): boolean {
    return this.waits || this.keeper.follows;
  }

  /** Whether a response may need a {@link Visit} that nobody has asked for: `finish` finds out whether it does. */
  mayNeedVisit(method: string, cookie: string | undefined): boolean {
    if (this.ring.found === undefined) return false;
    if (this.cookies.csrfToken !== undefined && isRead(method)) return true;
    return !this.waits && this.cookies.mayBeIn(cookie);
  }
}

async function csrfOf(keyturn: Keyturn): Promise<Csrf> {
  const { settings, ownSigner } = internalsOf(keyturn);
  const mode = settings.get('csrf.mode');
  const origins = settings.get('csrf.origins');
  const listed = origins.some((origin) => origin.includes('*'))
    ? new (await import('./csrf-origins.js')).ListedOrigins(origins, mode)
    : new Set(origins);
  return new Csrf(ownSigner('csrf'), mode, listed);
}

async function openSessions(
  keyturn: Keyturn,
  options: HttpOptions,
  log: HttpLog,
  { session: cookie }: HttpCookies,
): Promise<SessionKind> {
  const { settings, ownSigner, ownSealer, clock, sessionStore } = internalsOf(keyturn);
  const persistent = settings.get('session.cookie.persistent');
  const shared = { cookie, times: new SessionTimes(settings, clock), hooks: options, persistent, clock };
  const signer = ownSigner<string>('session');
  if (options.store === undefined && sessionStore === undefined) {
    // A cookie made the other way, before a switch, is good too.
    const sealer = ownSealer('session');
    const sealed = sealer !== undefined && settings.get('session.sealed');
    return new CookieSessions({
      ...shared,
      ...(sealed ? { codec: sealer, other: signer } : { codec: signer, other: sealer }),
    });
  }
  const { ReachableStore } = await import('../sessions/stores/reachable.js');
  const { StoreSessions } = await import('../sessions/in-store.js');
  if (options.store?.compareAndSet !== undefined) log.comparesInProcess();
  const store = options.store === undefined ? sessionStore : new ReachableStore(options.store);
  return new StoreSessions({ ...shared, store: store as SessionStore, signer, dropped: () => log.dropped() });
}

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
    'the option lastWins is not a list of names',
    'write lastWins: ["lastPage"]',
  );
}
