// What an app that gets Fetch requests works with: a handler for a request, or a visit that it commits itself.
import { KeyturnError } from '../errors.js';
import type { Config } from '../purposes/payloads.js';
import type { Session } from '../sessions/session.js';
import type { CookieJar } from './cookie-jar.js';
import type { HttpCore } from './core.js';
import { fetchVisit, finishResponse, protect } from './fetch.js';
import type { FetchRequest } from './fetch-request.js';
import type { Flash } from './flash.js';
import type { Visit } from './visit.js';

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

/** Runs a handler for a request. */
export async function handleFetch(
  core: HttpCore,
  request: Request,
  run: (context: WebContext) => Response | Promise<Response>,
  { csrf = true }: WebVisitOptions = {},
): Promise<Response> {
  const visit = await begin(core, request);
  try {
    if (csrf) await protect(visit, request);
  } catch (error) {
    if (!(error instanceof KeyturnError) || error.code !== 'csrf_refused') throw error;
    return await finishResponse(visit, new Response(error.message, { status: error.statusCode }));
  }
  return await finish(visit, await answerOf(visit, run));
}

/** Opens a request. */
export async function openFetch(
  core: HttpCore,
  request: FetchRequest,
  { csrf = true }: WebVisitOptions = {},
): Promise<WebVisit> {
  const visit = await begin(core, request);
  if (csrf) await protect(visit, request);
  return new OpenWebVisit(visit);
}

async function begin(core: HttpCore, request: FetchRequest): Promise<Visit> {
  const visit = fetchVisit(core, request);
  await visit.before();
  return visit;
}

/**
 * Settings with `csrf.mode` "headers", unless they say otherwise. Browsers say where a request comes from, and frameworks
 * that make forms in the browser have no place for a token.
 */
export function withHeadersMode(config: Config | undefined): Config {
  const { csrf, ...others } = config ?? {};
  return { ...others, csrf: { mode: 'headers', ...csrf } };
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

/** Frameworks take other things too, and a handler that returns one to Keyturn would be told nothing that helps. */
async function finish(visit: Visit, response: Response): Promise<Response> {
  if (typeof response?.headers?.get !== 'function') throw (await import('./no-response.js')).noResponse();
  return await finishResponse(visit, response);
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
  readonly commit = async (response: Response): Promise<Response> => await finish(this.#visit, response);
  readonly save = async (cookies: CookieJar): Promise<void> => {
    const { saveIn } = await import('./cookie-jar.js');
    await saveIn(this.#visit, cookies);
  };
}
