// Sessions, flash messages and CSRF protection for whatever hands an app a Fetch `Request` and takes a `Response`: Next.js,
// React Router, SvelteKit, Astro, Nuxt, TanStack Start, Bun, Deno. A binding of `http/fetch.ts`, and no more.
import type { OptionNames } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import { HTTP_OPTIONS, type HttpOptions, requireHttpOptions } from '../../http/core.js';
import {
  handleFetch,
  openFetch,
  type WebContext,
  type WebVisit,
  type WebVisitOptions,
  withHeadersMode,
} from '../../http/fetch-app.js';
import type { FetchRequest } from '../../http/fetch-request.js';
import { openCore } from '../../http/open-core.js';
import { type CookiesToRead, type ReadVisit, readVisit } from '../../http/read-visit.js';
import type { Keyturn } from '../../keyturn.js';
import { keyturnInProcess } from '../../start/once.js';
import { Opening } from '../../start/opening.js';
import { KEYTURN_OPTIONS, type KeyturnOptions } from '../../start/options.js';

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

/** What `createKeyturn()` takes, for the one that is made; or one that was made before. */
export interface KeyturnWebOptions extends HttpOptions, KeyturnOptions {
  /** What `createKeyturn()` returned; without it one is made, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
}

const OPTIONS: OptionNames<KeyturnWebOptions> = { ...HTTP_OPTIONS, ...KEYTURN_OPTIONS, keyturn: true };

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
   * @throws KeyturnError `engine_unavailable`, `keyring_unavailable`; of what it gives, whatever would change it
   * `argument_invalid`
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
  const call = { call: 'keyturn(options)', known: OPTIONS, hints: 'CREATE_HINTS' } as const;
  requireHttpOptions(options);
  const { ready, close } = keyturnInProcess(options, call, (given) => ({
    ...given,
    config: withHeadersMode(given.config),
  }));
  const opening = new Opening(ready.then((made) => openCore(made, options)));
  return {
    ready: async () => {
      await opening.ready();
      return await ready;
    },
    close,
    handle: async (request, run, options) => {
      const core = opening.opened ?? (await opening.forRequest().catch(unavailable));
      if (core instanceof Response) return core;
      return await handleFetch(core, request, run, options);
    },
    open: async (request, options) =>
      await openFetch(opening.opened ?? (await opening.forRequest()), request, options),
    read: async (cookies) => await readVisit(await opening.forRequest(), cookies),
  };
}

/** The answer to a request that came too early. */
function unavailable(error: unknown): Response {
  if (!(error instanceof KeyturnError) || error.code !== 'keyring_unavailable') throw error;
  return new Response('Service Unavailable', { status: error.statusCode, headers: { ...error.headers } });
}
