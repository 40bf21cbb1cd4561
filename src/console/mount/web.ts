// For whatever gets a `Request` and gives a `Response`: Next, SvelteKit, Astro, React Router, Bun, Deno.
import type { WebContext, WebVisitOptions } from '../../http/fetch-app.js';
import type { Keyturn } from '../../keyturn.js';
import { fetchParts, responseOf, urlOf } from './fetch.js';
import { Mount, type PlacedConsoleOptions } from './mount.js';

/** What `keyturn()` of `keyturn/web` returns, as far as the console asks it. */
export interface ConsoleWebApp {
  /** The Keyturn behind it. */
  ready(): Promise<Keyturn>;
  /** Runs a handler for a request. */
  handle(
    request: Request,
    run: (context: WebContext) => Promise<Response>,
    options?: WebVisitOptions,
  ): Promise<Response>;
}

/** Answers a request. */
export type WebConsole = (request: Request) => Promise<Response>;

/**
 * The console over Fetch's `Request` and `Response`. Whoever may not see it gets a 404.
 *
 * @param kt what `keyturn()` of `keyturn/web` returned
 * @throws KeyturnError `argument_invalid` without a guard
 * @example
 * // app/keyturn/[[...path]]/route.ts of Next
 * const ui = webConsole(kt, { guard: ({ session }) => session.admin && { who: session.user } });
 * export { ui as GET, ui as POST };
 */
export function webConsole(
  kt: ConsoleWebApp,
  options: PlacedConsoleOptions<[context: WebContext, request: Request]>,
): WebConsole {
  const example = '({ session }) => session.admin && { who: session.user }';
  const mount = new Mount({ call: 'webConsole(kt, options)', example }, options);
  return async (request) => {
    const { path, originalUrl } = urlOf(request);
    const below = mount.below(path);
    if (below === undefined) return nothing();
    const keyturn = await kt.ready();
    const run = async (context: WebContext) => {
      const answer = await mount.answer(below, {
        keyturn,
        given: [context, request],
        ...fetchParts(request),
        originalUrl,
        csrfToken: context.csrfToken,
        checkCsrf: context.checkCsrf,
      });
      return answer === undefined ? nothing() : responseOf(answer, request.method);
    };
    // The console checks its forms itself: whoever may not see it is to learn nothing from how one is refused.
    return await kt.handle(request, run, { csrf: false });
  };
}

function nothing(): Response {
  return new Response('Not Found', { status: 404 });
}
