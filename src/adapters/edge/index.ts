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
import { laterLog } from '../../http/later-log.js';
import type { CookiesToRead, ReadVisit } from '../../http/read-visit.js';
import { internalsOf, type Keyturn, type SignerOptions } from '../../keyturn.js';
import { Awaited, untilThere } from '../../process/awaited.js';
import type { PurposeName, Purposes } from '../../purposes/payloads.js';
import { foreignCalls } from '../../sessions/foreign.js';
import * as foreign from '../../sessions/foreign-calls-short.js';
import type { Json } from '../../signing/json.js';
import type { Signer } from '../../signing/public-signer.js';
import { type EdgeOptions, loadWhole, startAtEdge } from '../../start/at-edge.js';

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
export interface KeyturnEdgeOptions extends HttpOptions, EdgeOptions {
  /** A Keyturn that was made before, of which several apps are. Beside it other options of a Keyturn do nothing. */
  readonly keyturn?: Keyturn;
}

const OPTIONS: OptionNames<KeyturnEdgeOptions> = {
  ...HTTP_OPTIONS,
  secret: true,
  env: true,
  profile: true,
  config: true,
  logger: true,
  clock: true,
  keyturn: true,
};

/** Sessions for an app at the edge. `C` is what it has from its platform for each request, such as `{ env }`. */
export interface KeyturnEdge<C extends object = object> {
  /**
   * The Keyturn behind it: signers, links, metrics. What only some need of it is loaded when this is first called.
   *
   * @throws KeyturnError all that stops a start
   */
  ready(context?: C): Promise<Keyturn>;
  /**
   * A signer, as `(await ready()).signer()` gives it, without loading more for it.
   *
   * @param context as of {@link KeyturnEdge.handle}
   * @throws KeyturnError what `signer()` of a Keyturn throws, and all that stops a start
   * @example
   * const reset = await kt.signer('password-reset', { maxAge: '3h' }, { env });
   */
  signer<Name extends Extract<keyof Purposes, string>>(
    purpose: Name,
    options?: SignerOptions,
    context?: C,
  ): Promise<Signer<Json<Purposes[Name]>>>;
  signer<T = unknown>(purpose: PurposeName, options?: SignerOptions, context?: C): Promise<Signer<Json<T>>>;
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
   * @throws KeyturnError `csrf_refused`, `engine_unavailable` of a store, and all that stops a start
   */
  open(request: FetchRequest, context?: C & WebVisitOptions): Promise<WebVisit>;
  /**
   * Reads a session where nothing can be written: whatever would change it throws.
   *
   * @throws KeyturnError `engine_unavailable` of a store, and all that stops a start; of what it gives, whatever would
   * change it `argument_invalid`
   */
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
  const opened = async (context: C | undefined): Promise<Begun> => {
    if (typeof options !== 'function') return begun as Begun;
    // What was refused is tried again: a binding may have been set meanwhile.
    if (begun?.failed === true) begun = undefined;
    begun ??= begin(options((context ?? {}) as C));
    return begun;
  };
  const core = async (context: C | undefined): Promise<HttpCore> => await (await opened(context)).core();
  return {
    ready: async (context) => {
      const begun = await opened(context);
      await Promise.all([begun.core(), loadWhole()]);
      return await begun.keyturn;
    },
    signer: async <T>(purpose: string, given?: SignerOptions, context?: C) =>
      (await (await opened(context)).keyturn).signer<T>(purpose, given),
    handle: async (request, run, context) => await handleFetch(await core(context), request, run, context),
    open: async (request, context) => await openFetch(await core(context), request, context),
    read: async (cookies, context) => {
      const { readVisit } = await import('../../http/read-visit.js');
      return await readVisit(await core(context), cookies);
    },
  };
}

/** An app that begins, or has begun. */
class Begun {
  readonly keyturn: Keyturn | Promise<Keyturn>;
  failed = false;
  readonly #options: HttpOptions;
  #opening: Promise<HttpCore> | undefined;

  constructor(keyturn: Keyturn | Promise<Keyturn>, options: HttpOptions) {
    this.keyturn = keyturn;
    this.#options = options;
    // Whoever waits for it hears of it.
    if (keyturn instanceof Promise)
      keyturn.catch(() => {
        this.failed = true;
      });
  }

  /** Opened by the first request. */
  core(): Promise<HttpCore> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<HttpCore> {
    const keyturn = await this.keyturn;
    const log = laterLog(async () => {
      const losses = keyturn.profile === 'prod' ? undefined : await import('../../sessions/losses.js');
      const { HttpLog } = await import('../../http/http-log.js');
      return new HttpLog(internalsOf(keyturn).logger, losses?.lossIn);
    });
    foreignCalls.atOnce(() => foreign);
    return await HttpCore.open(keyturn, this.#options, log);
  }
}

function begin(options: KeyturnEdgeOptions): Begun {
  requireOptions(options, 'keyturn(options)', OPTIONS, {});
  requireHttpOptions(options);
  if (options.keyturn !== undefined) return new Begun(options.keyturn, options);
  requireFunction(options.clock, 'the option clock', 'write clock: () => milliseconds since 1970');
  const start = () => startAtEdge({ ...options, config: withHeadersMode(options.config) });
  try {
    return new Begun(start(), options);
  } catch (error) {
    if (!(error instanceof Awaited)) throw error;
    return new Begun(untilThere(start), options);
  }
}
