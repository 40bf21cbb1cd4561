// What is logged of requests and their responses. Most things are told once, or once a minute: nobody may fill the log by
// sending the same request again and again. Header fields are cut short and cleaned, so that no line can be forged.
import { listOf } from '../printable.js';
import type { Logger } from '../runtime/log.js';
import type { lossIn } from '../sessions/losses.js';
import type { Session } from '../sessions/session.js';
import type { HttpRequest } from './contract.js';
import type { CsrfReason } from './csrf.js';
import { csrfAdvice, unreadHint } from './csrf-advice.js';
import { pathForLog } from './path-for-log.js';

/** What can come too late. */
export type LateThing = 'session' | 'flash' | 'csrf';

/** Milliseconds. */
const CLOCK_TOLD_EVERY = 60_000;
/** Of so many places something is told, and no more: a route may hold what a client has asked for. */
const MOST_PLACES = 100;
/** More of a header than this helps nobody. */
const LOGGED_CHARACTERS = 200;

const LATE: Readonly<Record<LateThing, string>> = {
  session:
    'a session was changed when its response was out already, or was left to somebody else: nothing of it is kept',
  flash:
    'flash messages were left or taken when the response was out already: those left are lost, those taken come again',
  csrf: 'a CSRF token was made when the response was out already: ask for it before the page goes out',
};

/** What is told of requests. */
export type RequestLog = Pick<HttpLog, keyof HttpLog>;

export class HttpLog {
  readonly #logger: Logger;
  readonly #lossIn: typeof lossIn | undefined;
  readonly #losses = new Places();
  #clockToldAt = Number.NEGATIVE_INFINITY;
  #insecureTold = false;
  #otherAppTold = false;
  /** Routes whose personal pages go out publicly. */
  readonly #public = new Places();
  /** Routes that leave messages which nobody will see. */
  readonly #unseen = new Places();

  /** @param find finds what JSON changes; undefined in production, where that is not told */
  constructor(logger: Logger, find: typeof lossIn | undefined) {
    this.#logger = logger;
    this.#lossIn = find;
  }

  /** Tells of what came too late to be kept. */
  late(what: LateThing, route: string | undefined): void {
    this.#logger.warn({ event: 'session.late', what, route }, LATE[what]);
  }

  /** Told at the start. */
  comparesInProcess(): void {
    this.#logger.info(
      {
        event: 'session.compares_in_process',
        hint: 'with one process nothing is lost; with several use redisStore({ client }) or postgresStore({ pool })',
      },
      'the session store has no compare-and-set: of two processes that change one session at the same moment the later one wins',
    );
  }

  /** Tells once of sessions that are opened outside of requests, and may be another app's. */
  otherApp(options: readonly string[]): void {
    if (this.#otherAppTold) return;
    this.#otherAppTold = true;
    this.#logger.warn(
      {
        event: 'session.other_app',
        options,
        hint: 'give each app a Keyturn of its own: config: { app: "second" }, or { keyturn } that was made for it; of one app make the store and the functions once',
      },
      `two apps of this process have one Keyturn, and each another ${listOf(options)}: sessions that are opened outside of requests are those of the first`,
    );
  }

  dropped(request: HttpRequest): void {
    this.#logger.info(
      { event: 'session.dropped', method: forLog(request.method), ...placeOf(request) },
      'a request wrote to a session that was ended meanwhile: nothing of it is kept',
    );
  }

  /** By the request's own logger, which says which request it was. */
  csrfRefused(reason: CsrfReason, request: HttpRequest): void {
    const [origin, fetchSite] = [request.header('origin'), request.header('sec-fetch-site')];
    const facts = { origin: forLog(origin), fetchSite: forLog(fetchSite), host: forLog(request.host) };
    const where = { method: forLog(request.method), ...placeOf(request) };
    const logger = request.log ?? this.#logger;
    const hint = reason === 'no_token' ? unreadHint(request) : undefined;
    if (hint === undefined)
      logger.warn({ event: 'csrf.refused', reason, ...where, ...facts }, csrfAdvice(reason, request));
    else
      logger.warn(
        { event: 'csrf.body_unread', reason, ...where, ...facts, hint },
        'a form was refused before its body was read: its token is in there',
      );
  }

  /** Tells, once for each route, of messages that nobody will see. */
  flashInHeader(route: string | undefined): void {
    if (!this.#unseen.isNew(route)) return;
    this.#logger.warn(
      { event: 'flash.header', route },
      'flash messages were left for a client whose session travels in a header field: it keeps no cookies, and they are lost',
    );
  }

  /** Tells once of cookies that no browser keeps: see {@link dropsSecureCookies}. */
  secureCookieSent(request: HttpRequest): void {
    if (this.#insecureTold) return;
    this.#insecureTold = true;
    this.#logger.warn(
      {
        event: 'cookie.insecure',
        host: forLog(request.host),
        hint: 'serve the app by https; behind a proxy that does, let it send X-Forwarded-Proto; to try things out on this machine use http://localhost or KEYTURN_ENV=dev',
      },
      'a Secure cookie was sent in answer to a request that came by http: browsers drop it, and nobody stays signed in',
    );
  }

  /** Tells, once for each place, of what comes back otherwise than it was put in. */
  losses(session: Session): void {
    if (this.#lossIn === undefined || this.#losses.isFull) return;
    const found = this.#lossIn(session, 'session');
    if (found === undefined || !this.#losses.isNew(found.path)) return;
    const { path, kind, becomes, hint } = found;
    this.#logger.warn(
      { event: 'session.not_json', hint },
      `${path} holds ${kind}, which JSON cannot carry: the next request ${becomes}`,
    );
  }

  /** Tells, once for each route, of what a cache may show to others. */
  publicPage(route: string | undefined): void {
    if (!this.#public.isNew(route)) return;
    this.#logger.warn(
      { event: 'cache.public', route },
      'a page of one visitor goes out as Cache-Control: public, since the app says so: leave "public" out unless everybody may see it',
    );
  }

  /** The session has ended all the same, and the next listener wants to hear of it. */
  listenerFailed(error: unknown): void {
    this.#logger.error(
      { event: 'listener.failed', error: String(error) },
      'a listener of the end of a session failed',
    );
  }

  fromTheFuture(): void {
    const now = performance.now();
    if (now - this.#clockToldAt < CLOCK_TOLD_EVERY) return;
    this.#clockToldAt = now;
    this.#logger.error(
      {
        event: 'session.clock',
        hint: 'compare the clocks of all replicas with the time, and set them right',
      },
      'a session was issued more than a day in the future: the clock of this process or of another is wrong. The visitor counts as signed out and keeps the cookie',
    );
  }
}

/** Where something is so that has been told of. */
class Places {
  readonly #told = new Set<string | undefined>();

  get isFull(): boolean {
    return this.#told.size >= MOST_PLACES;
  }

  /** Whether it is to be told of, which it is once. */
  isNew(place: string | undefined): boolean {
    if (this.isFull || this.#told.has(place)) return false;
    this.#told.add(place);
    return true;
  }
}

function forLog(header: string | undefined): string | undefined {
  return header?.slice(0, LOGGED_CHARACTERS).replace(/[^!-~]/g, '?');
}

/** The route, in which parameters have their names; where there is none yet, the path without what may be secret. */
function placeOf({ route, path }: HttpRequest): { readonly route: string } | { readonly path?: string } {
  if (route !== undefined) return { route };
  return path === undefined ? {} : { path: pathForLog(path) };
}
