// Sessions, flash messages and CSRF protection for whatever hands an app a Fetch `Request` and takes a `Response`: Next.js,
// React Router, SvelteKit, Astro, Nuxt, TanStack Start, Bun, Deno. A binding of `http/fetch.ts`, and no more.
import { CREATE_HINTS } from '../../config/foreign-options.js';
import type { OptionNames } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import { HTTP_OPTIONS, type HttpCore, type HttpOptions, requireHttpOptions } from '../../http/core.js';
import { fetchVisit, finishResponse, protect } from '../../http/fetch.js';
import type { FetchRequest } from '../../http/fetch-request.js';
import type { Flash } from '../../http/flash.js';
import { openCore } from '../../http/open-core.js';
import type { Visit } from '../../http/visit.js';
import type { Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import { keyturnInProcess } from '../../start/once.js';
import { Opening } from '../../start/opening.js';
import { KEYTURN_OPTIONS, type KeyturnOptions } from '../../start/options.js';
import { type CookieJar, saveIn } from './cookie-jar.js';
import { type CookiesToRead, type ReadVisit, readVisit } from './read.js';

export type { HttpOptions } from '../../http/core.js';
export type { FetchRequest } from '../../http/fetch-request.js';
export type { Flash, FlashMessages } from '../../http/flash.js';
export type { SessionHooks } from '../../sessions/kind.js';
export type {
  Session,
  SessionControls,
  SessionData,
  SessionName,
  SessionValues,
} from '../../sessions/session.js';
export type { CookieAttributes, CookieJar } from './cookie-jar.js';
export type { CookiesToRead, ReadFlash, ReadSession, ReadVisit } from './read.js';

/** What `createKeyturn()` takes, for the one that is made; or one that was made before. */
export interface KeyturnWebOptions extends HttpOptions, KeyturnOptions {
  /** What `createKeyturn()` returned; without it one is made, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
}

const OPTIONS: OptionNames<KeyturnWebOptions> = { ...HTTP_OPTIONS, ...KEYTURN_OPTIONS, keyturn: true };

/** How one request is treated. */
export interface WebVisitOptions {
  /** False leaves the CSRF check to the app: for webhooks, and where {@link WebContext.checkCsrf} is called. */
  readonly csrf?: boolean;
}

/** What the handler of a request works with. */
export interface WebContext {
  /** The session of the visitor: data in its properties, and `regenerate()`, `destroy()`, `update()`. */
  readonly session: Session;
  /** Messages for the next page: `flash('info', 'Saved')` leaves one, `flash('info')` takes those of a type. */
  readonly flash: Flash;
  /** A CSRF token for the page that is being made: the value of a form field `_csrf` or header `x-csrf-token`. */
  csrfToken(): string;
  /**
   * Refuses a forged request by a token that the app has found itself. Safe methods pass.
   *
   * @throws KeyturnError `csrf_refused`
   */
  checkCsrf(token: unknown): void;
}

/** A request that was opened. One of the last two methods saves what has changed. */
export interface WebVisit extends WebContext {
  /**
   * Saves what has changed, and puts the cookies into the response.
   *
   * @returns the response to send: the one that was given, or a copy of it
   * @throws KeyturnError `session_conflict`, `session_too_large`, … and whatever the store throws; it may be called
   * again, with the response that tells of the error
   */
  commit(response: Response): Promise<Response>;
  /**
   * Saves what has changed, and puts the cookies into a jar, as `await cookies()` of Next is one. Call it before
   * `redirect()`, which throws.
   *
   * @throws as {@link commit}
   */
  save(cookies: CookieJar): Promise<void>;
}

/** Sessions for an app that gets Fetch requests. */
export interface KeyturnWeb {
  /**
   * The Keyturn behind it, once it has started: signers, links, health.
   *
   * @throws KeyturnError all that `createKeyturn()` throws
   */
  ready(): Promise<Keyturn>;
  /**
   * Runs a handler: refuses forged requests with 403, and saves the session before the response is returned. What the
   * handler throws passes on, and nothing is saved then; a `Response` that it throws is saved and thrown.
   *
   * @throws KeyturnError `engine_unavailable`, `keyring_unavailable`, and what {@link WebVisit.commit} throws
   */
  handle(
    request: Request,
    run: (context: WebContext) => Response | Promise<Response>,
    options?: WebVisitOptions,
  ): Promise<Response>;
  /**
   * Opens a request, for handlers that end with `commit(response)`. Without a `Request`, as in a server action of Next,
   * `{ method: 'POST', headers: await headers() }` will do.
   *
   * @throws KeyturnError `csrf_refused`, `engine_unavailable`, `keyring_unavailable`
   */
  open(request: FetchRequest, options?: WebVisitOptions): Promise<WebVisit>;
  /**
   * Reads a session where nothing can be written, as in a Server Component: whatever would change it throws.
   *
   * @param cookies `await cookies()` of Next, or a `Cookie` header
   */
  read(cookies: CookiesToRead): Promise<ReadVisit>;
  /** Closes the Keyturn, unless it was given: everywhere in this process where the same options were. */
  close(): Promise<void>;
}

/**
 * Sessions, flash messages and CSRF protection over Fetch's `Request` and `Response`. Call it in a module of its own:
 * however often a framework evaluates that, the process has one Keyturn. Without another setting `csrf.mode` is
 * "headers": no token is needed.
 *
 * @throws KeyturnError where the app must not run: in production without a strong secret, for every mistake of
 * configuration. What a command or an engine has to say `ready()` tells; where nobody listens it ends the process
 * @example
 * const kt = keyturn();
 * const signIn = (request: Request) =>
 *   kt.handle(request, async ({ session }) => {
 *     session.regenerate();
 *     session.userId = 42;
 *     return Response.redirect(new URL('/', request.url), 303);
 *   });
 */
export default function keyturn(options: KeyturnWebOptions = {}): KeyturnWeb {
  const call = { call: 'keyturn(options)', known: OPTIONS, hints: CREATE_HINTS };
  requireHttpOptions(options);
  const { ready, close } = keyturnInProcess(options, call, withHeadersMode);
  const opening = new Opening(ready.then((made) => openCore(made, options)));
  const opened = async (request: FetchRequest): Promise<Visit> =>
    await begin(opening.opened ?? (await opening.forRequest()), request);
  const begin = async (core: HttpCore, request: FetchRequest): Promise<Visit> => {
    const visit = fetchVisit(core, request);
    await visit.before();
    return visit;
  };
  return {
    ready: async () => {
      await opening.ready();
      return await ready;
    },
    close,
    handle: async (request, run, { csrf = true } = {}) => {
      const core = opening.opened ?? (await opening.forRequest().catch(unavailable));
      if (core instanceof Response) return core;
      const visit = await begin(core, request);
      try {
        if (csrf) await protect(visit, request);
      } catch (error) {
        if (!(error instanceof KeyturnError) || error.code !== 'csrf_refused') throw error;
        return await finishResponse(visit, new Response(error.message, { status: error.statusCode }));
      }
      return await finishResponse(visit, await answerOf(visit, run));
    },
    open: async (request, { csrf = true } = {}) => {
      const visit = await opened(request);
      if (csrf) await protect(visit, request);
      return new OpenWebVisit(visit);
    },
    read: async (cookies) => await readVisit(await opening.forRequest(), cookies),
  };
}

/** The answer to a request that came too early. */
function unavailable(error: unknown): Response {
  if (!(error instanceof KeyturnError) || error.code !== 'keyring_unavailable') throw error;
  return new Response('Service Unavailable', { status: error.statusCode, headers: { ...error.headers } });
}

/** Browsers say where a request comes from, and frameworks that make forms in the browser have no place for a token. */
function withHeadersMode(options: KeyturnOptions): KeyturnOptions {
  const { csrf, ...config } = options.config ?? {};
  return { ...options, config: { ...config, csrf: { mode: 'headers', ...csrf } } };
}

async function answerOf(
  visit: Visit,
  run: (context: WebContext) => Response | Promise<Response>,
): Promise<Response> {
  try {
    return await run(new OpenWebVisit(visit));
  } catch (error) {
    // React Router has `throw redirect('/')`.
    if (error instanceof Response) throw await finishResponse(visit, error);
    visit.end();
    throw error;
  }
}

class OpenWebVisit implements WebVisit {
  readonly #visit: Visit;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  get session(): Session {
    return this.#visit.session;
  }

  get flash(): Flash {
    return this.#visit.flash;
  }

  // Own functions, so that `({ csrfToken }) => …` works.
  readonly csrfToken = (): string => this.#visit.csrfToken();
  readonly checkCsrf = (token: unknown): void => this.#visit.checkCsrf(token);
  readonly commit = (response: Response): Promise<Response> => finishResponse(this.#visit, response);
  readonly save = (cookies: CookieJar): Promise<void> => saveIn(this.#visit, cookies);
}
