// For Hono.
import { BINDING, type Bound } from '../../http/bound.js';
import { notPassed } from '../../http/not-passed.js';
import type { Session } from '../../sessions/session.js';
import { fetchParts, responseOf, urlOf } from './fetch.js';
import { parsedForm } from './form.js';
import { Mount, type PlacedConsoleOptions } from './mount.js';

/** The context of Hono, as `keyturn/hono` has made it. A guard may say what else its app has put there. */
export interface ConsoleHonoContext {
  /** The request. */
  readonly req: { readonly raw: Request; readonly method: string; readonly path: string };
  /** What middleware has left for those that come later. */
  readonly var: { readonly session: Session };
  /** The same, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: as Hono declares it
  get(name: any): any;
}

/** A middleware for Hono. */
export type HonoConsole = (
  // biome-ignore lint/suspicious/noExplicitAny: whatever else the context of the app has
  context: any,
  next: () => Promise<void>,
  // biome-ignore lint/suspicious/noConfusingVoidType: as Hono declares it
) => Promise<Response | void>;

type PassedContext = ConsoleHonoContext & {
  readonly [BINDING]?: Bound;
  readonly req: { parseBody(): Promise<Record<string, unknown>> };
  readonly var: { csrfToken(): string; checkCsrf(token: unknown): void };
};

/**
 * The console for Hono, behind `keyturn()`. To whoever may not see it the app answers as to any other address that is
 * nothing.
 *
 * @throws KeyturnError `argument_invalid` without a guard
 * @example
 * app.use(keyturn());
 * app.use(honoConsole({ guard: (c) => c.var.session.admin && { who: c.var.session.user } })); // at /keyturn
 */
export function honoConsole(options: PlacedConsoleOptions<[context: ConsoleHonoContext]>): HonoConsole {
  const example = '(c) => c.var.session.admin && { who: c.var.session.user }';
  const mount = new Mount({ call: 'honoConsole(options)', example }, options);
  return async (given, next) => {
    const context = given as PassedContext;
    const { raw } = context.req;
    const { path, originalUrl } = urlOf(raw);
    const below = mount.below(path);
    if (below === undefined) return await next();
    const keyturn = context[BINDING]?.opened.keyturn;
    if (keyturn === undefined) throw notPassed();
    const parts = fetchParts(raw);
    const answer = await mount.answer(below, {
      keyturn,
      given: [context],
      ...parts,
      // Read already: then Hono has kept what it was.
      form: async () => (raw.bodyUsed ? parsedForm(await context.req.parseBody()) : await parts.form()),
      originalUrl,
      csrfToken: () => context.var.csrfToken(),
      checkCsrf: (token) => context.var.checkCsrf(token),
    });
    return answer === undefined ? await next() : responseOf(answer, raw.method);
  };
}
