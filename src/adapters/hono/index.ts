// The middleware for Hono: `c.var.session`, `c.var.flash`, `c.var.csrfToken()`, and CSRF protection of every unsafe method.
// A binding of `http/fetch.ts`, and no more.
import type { MiddlewareHandler } from 'hono';
import type { OptionNames } from '../../config/options.js';
import { BINDING } from '../../http/bound.js';
import { HTTP_OPTIONS, type HttpOptions, requireCsrf, requireHttpOptions } from '../../http/core.js';
import { FetchHttpRequest } from '../../http/fetch-request.js';
import { isSafeMethod } from '../../http/methods.js';
import { notPassed } from '../../http/not-passed.js';
import { openCore } from '../../http/open-core.js';
import { requireInside } from '../../http/same-options.js';
import type { Keyturn } from '../../keyturn.js';
import { keyturnInProcess } from '../../start/once.js';
import { Opening } from '../../start/opening.js';
import { KEYTURN_OPTIONS, type KeyturnOptions } from '../../start/options.js';
import type { KeyturnEnv } from './env.js';
import { asked } from './refusal.js';
import { showVariables } from './variables.js';
import { HonoVisit, type Opened, type Visited } from './visit.js';

export type { HttpOptions } from '../../http/core.js';
export type { Flash, FlashMessages } from '../../http/flash.js';
export type { SessionHooks } from '../../sessions/kind.js';
export type {
  Session,
  SessionControls,
  SessionData,
  SessionName,
  SessionValues,
} from '../../sessions/session.js';
export type { KeyturnEnv, KeyturnVariables } from './env.js';

/** What `createKeyturn()` takes, for the one that the middleware makes; or one that was made before. */
export interface KeyturnHonoOptions extends HttpOptions, KeyturnOptions {
  /** What `createKeyturn()` returned; without it the middleware makes one, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
  /**
   * `manual`: the app checks unsafe requests itself, by `c.var.checkCsrf(token)`, or `csrf()` for a route. Default: every
   * unsafe request is checked.
   */
  readonly csrf?: 'auto' | 'manual';
}

const OPTIONS: OptionNames<KeyturnHonoOptions> = {
  ...HTTP_OPTIONS,
  ...KEYTURN_OPTIONS,
  keyturn: true,
  csrf: true,
};

/** The middleware, and the Keyturn behind it. */
export interface KeyturnMiddleware extends MiddlewareHandler<KeyturnEnv> {
  /**
   * The Keyturn behind it, once it has started: signers, links, health. Await it before the server listens.
   *
   * @throws KeyturnError all that `createKeyturn()` throws
   */
  ready(): Promise<Keyturn>;
  /** Closes the Keyturn, unless it was given: everywhere in this process where the same options were. */
  close(): Promise<void>;
}

/**
 * Sessions, flash messages and CSRF protection for Hono, on all its runtimes that have `node:crypto`. Use it before the
 * routes; those that need no protection, such as webhooks, stand before it.
 *
 * @throws KeyturnError where the app must not run: in production without a strong secret, for every mistake of
 * configuration. What a command or an engine has to say `ready()` tells; where nobody listens it ends the process
 * @example
 * const app = new Hono().use(keyturn()).post('/sign-in', (c) => {
 *   c.var.session.regenerate();
 *   c.var.session.userId = 42;
 *   return c.redirect('/', 303);
 * });
 */
export default function keyturn(options: KeyturnHonoOptions = {}): KeyturnMiddleware {
  const isAutomatic = requireCsrf(options.csrf) === 'auto';
  requireHttpOptions(options);
  const call = { call: 'keyturn(options)', known: OPTIONS, hints: 'CREATE_HINTS' } as const;
  const { ready, close } = keyturnInProcess(options, call);
  const opening = new Opening(
    ready.then(async (made): Promise<Opened> => ({ keyturn: made, core: await openCore(made, options) })),
  );
  const middleware: MiddlewareHandler<KeyturnEnv> = async (c, next) => {
    const opened = opening.opened ?? (await asked(() => opening.forRequest()));
    const { core } = opened;
    const { method } = c.req;
    const isProtected = isAutomatic && !isSafeMethod(method);
    // One app inside another, with the same Keyturn: the outer one does the rest.
    const around = (c as Visited)[BINDING];
    const outer = around?.boundTo(opened.keyturn);
    try {
      if (outer !== undefined) {
        (c as Visited)[BINDING] = outer;
        requireInside(outer.opened.core, core);
        if (isProtected && !outer.isProtected) await outer.protect();
        return await next();
      }
      const visits = new HonoVisit(opened, c, around);
      (c as Visited)[BINDING] = visits;
      if (around === undefined) showVariables(c);
      const request = new FetchHttpRequest(c.req.raw);
      if (core.mayWait(request)) await asked(async () => await visits.visit.before());
      if (isProtected) await visits.protect();
      await next();
      const finishing = visits.made || core.mayNeedVisit(request) ? visits.finish() : undefined;
      if (finishing !== undefined) await finishing;
    } finally {
      // What comes before it in an app around has its own again.
      if (around !== undefined) (c as Visited)[BINDING] = around;
    }
  };
  return Object.assign(middleware, {
    ready: async () => {
      await opening.ready();
      return await ready;
    },
    close,
  });
}

/**
 * Protects one route where the middleware has `csrf: "manual"`: by the token in a header field or in a form. It
 * throws an `HTTPException` of status 403, and `argument_invalid` where the request has not passed through `keyturn()`.
 *
 * @example
 * app.use(keyturn({ csrf: 'manual' })).post('/sign-in', csrf(), signIn);
 */
export function csrf(): MiddlewareHandler<KeyturnEnv> {
  return async (c, next) => {
    const visits = (c as Visited)[BINDING];
    if (visits === undefined) throw notPassed();
    if (!isSafeMethod(c.req.method)) await visits.protect();
    await next();
  };
}
