// Sessions, flash messages and CSRF protection for Cloudflare Workers, Deno and Bun: over Fetch, without a disk and
// without engines. A binding of `http/fetch-app.ts`, and no more.
import { type OptionNames, requireFunction, requireOptions } from '../../config/options.js';
import { HTTP_OPTIONS, HttpCore, type HttpOptions, requireHttpOptions } from '../../http/core.js';
import {
  handleFetch,
  openFetch,
  type WebContext,
  type WebVisit,
  type WebVisitOptions,
  withHeadersMode,
} from '../../http/fetch-app.js';
import type { FetchRequest } from '../../http/fetch-request.js';
import { type CookiesToRead, type ReadVisit, readVisit } from '../../http/read-visit.js';
import type { Keyturn } from '../../keyturn.js';
import { type EdgeOptions, startAtEdge } from '../../start/at-edge.js';

export type { CookieAttributes, CookieJar } from '../../http/cookie-jar.js';
export type { HttpOptions } from '../../http/core.js';
export type { WebContext, WebVisit, WebVisitOptions } from '../../http/fetch-app.js';
export type { FetchRequest } from '../../http/fetch-request.js';
export type { Flash, FlashMessages } from '../../http/flash.js';
export type { CookiesToRead, ReadFlash, ReadSession, ReadVisit } from '../../http/read-visit.js';
export type { SessionHooks } from '../../sessions/kind.js';
export type {
  Session,
  SessionControls,
  SessionData,
  SessionName,
  SessionValues,
} from '../../sessions/session.js';
export type { EdgeOptions } from '../../start/at-edge.js';

/** Where keys and settings come from, and what every adapter takes. */
export interface KeyturnEdgeOptions extends HttpOptions, EdgeOptions {}

const OPTIONS: OptionNames<KeyturnEdgeOptions> = {
  ...HTTP_OPTIONS,
  secret: true,
  env: true,
  profile: true,
  config: true,
  logger: true,
  clock: true,
};

/** Sessions for an app at the edge. `C` is what it has from its platform for each request, such as `{ env }`. */
export interface KeyturnEdge<C extends object = object> {
  /**
   * The Keyturn behind it: signers and links.
   *
   * @throws KeyturnError all that stops a start
   */
  ready(context?: C): Promise<Keyturn>;
  /**
   * Runs a handler: refuses forged requests with 403, and saves the session before the response is returned. What the
   * handler throws passes on, and nothing is saved then; a `Response` that it throws is saved and thrown.
   *
   * @param context what `keyturn((c) => …)` is called with at the first request: `{ env }`
   * @throws KeyturnError what {@link WebVisit.commit} throws, and all that stops a start
   */
  handle(
    request: Request,
    run: (context: WebContext) => Response | Promise<Response>,
    context?: C & WebVisitOptions,
  ): Promise<Response>;
  /**
   * Opens a request, for handlers that end with `commit(response)`.
   *
   * @throws KeyturnError `csrf_refused`, and all that stops a start
   */
  open(request: FetchRequest, context?: C & WebVisitOptions): Promise<WebVisit>;
  /** Reads a session where nothing can be written: whatever would change it throws. */
  read(cookies: CookiesToRead, context?: C): Promise<ReadVisit>;
}

/**
 * Sessions, flash messages and CSRF protection at the edge. Call it in the global scope: what is wrong with variables is
 * thrown there. Where the platform hands over its variables with each request, give a function: it is called once for each
 * isolate, at the first request. Without another setting `csrf.mode` is "headers": no token is needed.
 *
 * @throws KeyturnError where the app must not run, as in production on a server: without a strong secret, or with a
 * mistake in the configuration
 * @example
 * const kt = keyturn((c: { env: { SIGNING_SECRET: string } }) => ({ secret: c.env.SIGNING_SECRET }));
 * export default {
 *   fetch: (request: Request, env: { SIGNING_SECRET: string }) =>
 *     kt.handle(request, ({ session }) => Response.json({ user: session.userId }), { env }),
 * };
 */
export default function keyturn<C extends object = object>(
  options: KeyturnEdgeOptions | ((context: C) => KeyturnEdgeOptions) = {},
): KeyturnEdge<C> {
  let begun: Begun | undefined;
  if (typeof options !== 'function') begun = begin(options);
  const core = async (context: C | undefined): Promise<HttpCore> => {
    // What was refused is tried again: a binding may have been set meanwhile.
    if (typeof options === 'function') begun ??= begin(options((context ?? {}) as C));
    return await (begun as Begun).core();
  };
  return {
    ready: async (context) => {
      await core(context);
      return (begun as Begun).keyturn;
    },
    handle: async (request, run, context) => await handleFetch(await core(context), request, run, context),
    open: async (request, context) => await openFetch(await core(context), request, context),
    read: async (cookies, context) => await readVisit(await core(context), cookies),
  };
}

interface Begun {
  readonly keyturn: Keyturn;
  /** Opened by the first request. */
  readonly core: () => Promise<HttpCore>;
}

function begin(options: KeyturnEdgeOptions): Begun {
  requireOptions(options, 'keyturn(options)', OPTIONS, {});
  requireHttpOptions(options);
  requireFunction(options.clock, 'the option clock', 'write clock: () => milliseconds since 1970');
  const keyturn = startAtEdge({ ...options, config: withHeadersMode(options.config) });
  let opening: Promise<HttpCore> | undefined;
  return { keyturn, core: () => (opening ??= HttpCore.open(keyturn, options)) };
}
