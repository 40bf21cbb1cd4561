// The middleware for Hono: `c.var.session`, `c.var.flash`, `c.var.csrfToken()`, and CSRF protection of every unsafe method.
// A binding of `http/fetch.ts`, and no more.
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { OptionNames } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import {
  HTTP_OPTIONS,
  type HttpCore,
  type HttpOptions,
  requireCsrf,
  requireHttpOptions,
} from '../../http/core.js';
import { fetchVisit, finishResponse, protect } from '../../http/fetch.js';
import { FetchHttpRequest } from '../../http/fetch-request.js';
import type { Flash } from '../../http/flash.js';
import { isSafeMethod } from '../../http/methods.js';
import { notPassed } from '../../http/not-passed.js';
import { openCore } from '../../http/open-core.js';
import { requireInside } from '../../http/same-options.js';
import { sessionReplaced } from '../../http/session-replaced.js';
import type { Visit } from '../../http/visit.js';
import type { Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import { keyturnInProcess } from '../../start/once.js';
import { Opening } from '../../start/opening.js';
import { KEYTURN_OPTIONS, type KeyturnOptions } from '../../start/options.js';

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

/** What the handlers of an app find in `c.var`. */
export interface KeyturnVariables {
  /** The session of the visitor: data in its properties, and `regenerate()`, `destroy()`, `update()`. */
  readonly session: Session;
  /** Messages for the next page: `flash('info', 'Saved')` leaves one, `flash('info')` takes those of a type. */
  readonly flash: Flash;
  /** A CSRF token for the page that is being made: the value of a form field `_csrf` or header `x-csrf-token`. */
  readonly csrfToken: () => string;
  /** Refuses a forged request by a token that the app has found itself. @throws HTTPException of status 403 */
  readonly checkCsrf: (token: unknown) => void;
}

/** For `new Hono<KeyturnEnv>()`, and for handlers in files of their own. */
export interface KeyturnEnv {
  /** See {@link KeyturnVariables}. */
  readonly Variables: KeyturnVariables;
}

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
    const around = (c as Visited)[VISIT];
    const outer = around?.boundTo(opened.keyturn);
    try {
      if (outer !== undefined) {
        (c as Visited)[VISIT] = outer;
        requireInside(outer.opened.core, core);
        if (isProtected && !outer.isProtected) await outer.protect();
        return await next();
      }
      const visits = new HonoVisit(opened, c, around);
      (c as Visited)[VISIT] = visits;
      if (around === undefined) showVariables(c);
      const request = new FetchHttpRequest(c.req.raw);
      if (core.mayWait(request)) await asked(async () => await visits.visit.before());
      if (isProtected) await visits.protect();
      await next();
      const finishing = visits.made || core.mayNeedVisit(request) ? visits.finish() : undefined;
      if (finishing !== undefined) await finishing;
    } finally {
      // What comes before it in an app around has its own again.
      if (around !== undefined) (c as Visited)[VISIT] = around;
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
    const visits = (c as Visited)[VISIT];
    if (visits === undefined) throw notPassed();
    if (!isSafeMethod(c.req.method)) await visits.protect();
    await next();
  };
}

/**
 * On the context itself: in a WeakMap a value that leads to its own key stays in memory until a full collection, since
 * V8 takes values for alive in all others.
 */
const VISIT = Symbol('keyturn.visit');

type Visited = Context<KeyturnEnv> & { [VISIT]?: HonoVisit };

/** What one middleware works with. */
interface Opened {
  readonly keyturn: Keyturn;
  readonly core: HttpCore;
}

/** The visit of a request, made when somebody asks for it. */
class HonoVisit {
  readonly opened: Opened;
  /** The request has passed {@link protect}. */
  isProtected = false;
  /** That of the app around, where it has a Keyturn of its own. */
  readonly #outer: HonoVisit | undefined;
  readonly #context: Context<KeyturnEnv>;
  #visit: Visit | undefined;

  constructor(opened: Opened, context: Context<KeyturnEnv>, outer: HonoVisit | undefined) {
    this.opened = opened;
    this.#outer = outer;
    this.#context = context;
  }

  /** The visit to a Keyturn: of this app, or of one around it. */
  boundTo(keyturn: Keyturn): HonoVisit | undefined {
    return this.opened.keyturn === keyturn ? this : this.#outer?.boundTo(keyturn);
  }

  get made(): boolean {
    return this.#visit !== undefined;
  }

  get visit(): Visit {
    this.#visit ??= fetchVisit(this.opened.core, this.#context.req.raw);
    return this.#visit;
  }

  get session(): Session {
    return this.visit.session;
  }

  get flash(): Flash {
    return this.visit.flash;
  }

  readonly csrfToken = (): string => this.visit.csrfToken();

  readonly checkCsrf = (token: unknown): void => {
    try {
      this.visit.checkCsrf(token);
    } catch (error) {
      throw forHono(error);
    }
  };

  async protect(): Promise<void> {
    const { raw } = this.#context.req;
    await asked(async () => {
      // Read already: then Hono has kept what it was.
      const read = raw.bodyUsed && this.visit.wantsForm ? await this.#context.req.parseBody() : undefined;
      await (read === undefined ? protect(this.visit, raw) : this.visit.protect(read));
    });
    this.isProtected = true;
  }

  /** @returns undefined where there was nothing to wait for */
  finish(): Promise<void> | undefined {
    const given = this.#context.res;
    try {
      const finished = finishResponse(this.visit, given);
      if (finished instanceof Promise)
        return finished.then(
          (response) => this.#answer(given, response),
          (error: unknown) => this.#fail(given, error),
        );
      this.#answer(given, finished);
      return undefined;
    } catch (error) {
      return this.#fail(given, error);
    }
  }

  async #fail(given: Response, error: unknown): Promise<never> {
    // Hono adds the header of this one to that of the answer which tells of the error.
    this.#answer(given, await finishResponse(this.visit, new Response(null)));
    throw forHono(error);
  }

  #answer(given: Response, response: Response): void {
    if (response === given) return;
    // Hono would else put the fields of the former response above those of this one.
    this.#context.res = undefined;
    this.#context.res = response;
  }
}

/**
 * Hono's variables are values, set before anybody asks for them, and a session that was opened for every request would
 * cost every request its verification. So these four are looked up when they are read; all others are Hono's own.
 */
class Variables implements KeyturnVariables {
  readonly #visits: HonoVisit;

  constructor(visits: HonoVisit, theirs: Readonly<Record<string, unknown>>) {
    this.#visits = visits;
    const shown = { enumerable: true, configurable: true, writable: true };
    for (const name of Object.keys(theirs))
      if (!isOurs(name)) Object.defineProperty(this, name, { ...shown, value: theirs[name] });
  }

  get session(): Session {
    return this.#visits.session;
  }

  get flash(): Flash {
    return this.#visits.flash;
  }

  get csrfToken(): () => string {
    return this.#visits.csrfToken;
  }

  get checkCsrf(): (token: unknown) => void {
    return this.#visits.checkCsrf;
  }
}

const isOurs = (name: string): name is keyof KeyturnVariables =>
  name === 'session' || name === 'flash' || name === 'csrfToken' || name === 'checkCsrf';

/** One function for all contexts: an accessor of its own would give each a shape of its own, which holds it in memory. */
const VAR: PropertyDescriptor = {
  configurable: true,
  get(this: Context<KeyturnEnv>) {
    const theirs = Reflect.get(Object.getPrototypeOf(this), 'var', this);
    return new Variables((this as Visited)[VISIT] as HonoVisit, theirs);
  },
};

function showVariables(context: Context<KeyturnEnv>): void {
  const get = context.get as (name: string) => unknown;
  const set = context.set as (name: string, value: unknown) => void;
  Object.assign(context, {
    get: (name: string) => (isOurs(name) ? ((context as Visited)[VISIT] as HonoVisit)[name] : get(name)),
    set: (name: string, value: unknown) => {
      if (name === 'session') throw sessionReplaced('c.var.session', value);
      set(name, value);
    },
  });
  Object.defineProperty(context, 'var', VAR);
}

async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw forHono(error);
  }
}

/** Hono's own error where a client is to hear of it: 403, 409, 503. Any other is the app's to see as it is. */
function forHono(error: unknown): unknown {
  if (!(error instanceof KeyturnError) || error.statusCode === 500) return error;
  const { message, statusCode, headers } = error;
  const res = new Response(message, { status: statusCode, ...(headers === undefined ? {} : { headers }) });
  return new HTTPException(statusCode as 403, { res, message, cause: error });
}
