// For Koa 3 and 2.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { BINDING, type Bound } from '../../http/bound.js';
import { notPassed } from '../../http/not-passed.js';
import type { Session } from '../../sessions/session.js';
import { Mount, type PlacedConsoleOptions } from './mount.js';
import { nodeParts } from './node.js';

/** The context of any version of Koa, as `keyturn/koa` has made it. A guard may say what else its app has put there. */
export interface ConsoleKoaContext {
  /** Node's own request. */
  readonly req: IncomingMessage;
  /** Node's own response. */
  readonly res: ServerResponse;
  /** As the app sees it: cut short by what mounts one app in another. */
  readonly path: string;
  /** The URL as it was asked for. */
  readonly originalUrl: string;
  /** The session of the visitor. */
  readonly session: Session;
  /** What middleware has left for those that come later. */
  // biome-ignore lint/suspicious/noExplicitAny: as Koa declares it
  readonly state: any;
}

/** A middleware for any version of Koa. */
export type KoaConsole = (context: object, next: () => Promise<unknown>) => Promise<void>;

type PassedContext = ConsoleKoaContext & {
  readonly [BINDING]?: Bound;
  readonly request: { readonly body?: unknown };
  status: number;
  body: unknown;
  set(fields: Readonly<Record<string, string>>): void;
  csrfToken(): string;
  checkCsrf(token: unknown): void;
};

/**
 * The console for Koa, behind `keyturn()`. To whoever may not see it the app answers as to any other address that is
 * nothing.
 *
 * @throws KeyturnError `argument_invalid` without a guard
 * @example
 * app.use(bodyParser());
 * app.use(keyturn());
 * app.use(koaConsole({ guard: (ctx) => ctx.session.admin && { who: ctx.session.user } })); // at /keyturn
 */
export function koaConsole(options: PlacedConsoleOptions<[context: ConsoleKoaContext]>): KoaConsole {
  const example = '(ctx) => ctx.session.admin && { who: ctx.session.user }';
  const mount = new Mount({ call: 'koaConsole(options)', example }, options);
  return async (given, next) => {
    const context = given as PassedContext;
    const below = mount.below(context.path);
    if (below === undefined) return void (await next());
    const keyturn = context[BINDING]?.opened.keyturn;
    if (keyturn === undefined) throw notPassed();
    const answer = await mount.answer(below, {
      keyturn,
      given: [context],
      ...nodeParts(context.req, context.res, context.request.body),
      originalUrl: context.originalUrl,
      csrfToken: () => context.csrfToken(),
      checkCsrf: (token) => context.checkCsrf(token),
    });
    if (answer === undefined) return void (await next());
    const { status, headers, body } = answer;
    context.status = status;
    context.set(headers);
    context.body = typeof body === 'string' ? body : Readable.from(body);
  };
}
