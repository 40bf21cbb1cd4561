// The middleware for Express 4 and 5: req.session, req.flash, req.csrfToken(), and CSRF protection of every unsafe method.
// A binding of `http/visit.ts` and `http/node-hold.ts`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OptionNames } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import { HTTP_OPTIONS, requireCsrf, requireHttpOptions } from '../../http/core.js';
import { holdUntilSaved } from '../../http/node-hold.js';
import { openCore } from '../../http/open-core.js';
import { requireInside } from '../../http/same-options.js';
import type { Keyturn } from '../../keyturn.js';
import { takeManyProperties } from '../../process/many-properties.js';
import { keyturnInProcess } from '../../start/once.js';
import { Opening } from '../../start/opening.js';
import { KEYTURN_OPTIONS } from '../../start/options.js';
import { Binding, type BoundRequest, bindingOf, type Opened } from './binding.js';
import { boundTo, enter } from './nesting.js';
import type {
  ExpressSession,
  KeyturnExpressOptions,
  KeyturnMiddleware,
  Middleware,
  NextFunction,
} from './types.js';

export type { HttpOptions } from '../../http/core.js';
export type { SessionHooks } from '../../sessions/kind.js';
export type { SessionData, SessionName, SessionValues } from '../../sessions/session.js';
export type {
  Callback,
  ExpressSession,
  ExpressSessionControls,
  KeyturnExpressOptions,
  KeyturnMiddleware,
  KeyturnRequest,
  Middleware,
  NextFunction,
  SessionCookie,
} from './types.js';

const OPTIONS: OptionNames<KeyturnExpressOptions> = {
  ...HTTP_OPTIONS,
  ...KEYTURN_OPTIONS,
  keyturn: true,
  csrf: true,
};

/** What `keyturn/express` gives. */
export interface KeyturnExpress {
  /**
   * Sessions, flash messages and CSRF protection for Express. Use it after what parses forms, and before the routes.
   *
   * @returns the middleware; `ready()` resolves when it is open
   * @throws KeyturnError where the app must not run: in production without a strong secret, for every mistake of
   * configuration. What a command or an engine has to say `ready()` tells
   * @example
   * app.use(express.urlencoded({ extended: false }));
   * app.use(keyturn()); // req.session, req.flash, req.csrfToken()
   * app.post('/sign-in', async (req, res) => {
   *   await req.session.regenerate();
   *   req.session.userId = 42;
   *   res.redirect(303, '/');
   * });
   */
  (options?: KeyturnExpressOptions): KeyturnMiddleware;
  /**
   * A middleware that refuses forged requests, for routes where `keyturn({ csrf: 'manual' })` leaves it to the app. Put it
   * after what parses the body. To Express' own handlers go `csrf_refused`, which is a 403, and `argument_invalid` where
   * the request has not passed through `keyturn()`.
   *
   * @example
   * app.post('/photos', upload.single('photo'), keyturn.csrf(), (req, res) => res.redirect(303, '/photos'));
   */
  csrf(): Middleware;
}

function express(options: KeyturnExpressOptions = {}): KeyturnMiddleware {
  const csrf = requireCsrf(options.csrf);
  requireHttpOptions(options);
  const call = { call: 'keyturn(options)', known: OPTIONS, hints: 'EXPRESS_HINTS' } as const;
  const { ready, close } = keyturnInProcess(options, call);
  const opening = new Opening(ready.then((made) => open(made, options)));
  const middleware = (request: IncomingMessage, response: ServerResponse, next: NextFunction) => {
    const { opened } = opening;
    if (opened !== undefined) begin(opened, csrf, request as BoundRequest, response, next);
    else
      opening.forRequest().then(
        // Away from the promise: what a handler throws belongs to Express alone.
        (now) => setImmediate(begin, now, csrf, request as BoundRequest, response, next),
        next,
      );
  };
  return Object.assign(middleware, { ready: async () => (await opening.ready()).keyturn, close });
}

const csrf = (): Middleware => (request, _response, next) => {
  try {
    bindingOf(request).protect();
  } catch (error) {
    return next(error);
  }
  next();
};

/**
 * The session of a request: where other packages say in types that `req.session` is theirs.
 *
 * @throws KeyturnError `argument_invalid` where the request has not passed through `keyturn()`
 */
export function session(request: IncomingMessage): ExpressSession {
  bindingOf(request);
  return (request as unknown as { session: ExpressSession }).session;
}

const keyturn: KeyturnExpress = Object.assign(express, { csrf });

export default keyturn;

async function open(keyturn: Keyturn, options: KeyturnExpressOptions): Promise<Opened> {
  return { keyturn, core: await openCore(keyturn, options) };
}

function begin(
  opened: Opened,
  csrf: 'auto' | 'manual',
  request: BoundRequest,
  response: ServerResponse,
  next: NextFunction,
): void {
  const go = (binding: Binding) => {
    try {
      requireInside(binding.opened.core, opened.core);
      if (csrf === 'auto' && !binding.isProtected) binding.protect();
    } catch (error) {
      return next(error);
    }
    next();
  };
  // One app inside another, with the same Keyturn: the outer one has done the rest.
  const outer = boundTo(request, opened.keyturn);
  if (outer !== undefined) {
    enter(request, outer);
    go(outer);
    return;
  }
  takeManyProperties(request, 'url');
  takeManyProperties(response, 'sendDate');
  const binding = new Binding(opened, request, response);
  enter(request, binding);
  Object.defineProperties(request, PROPERTIES);
  const { locals } = response as { locals?: Record<string, unknown> };
  if (locals !== undefined) locals.csrfToken = tokenForViews(request);
  holdUntilSaved(response, () => binding.visitToSave, next);
  const waiting = binding.before();
  if (waiting === undefined) go(binding);
  // Away from the promise: what a handler throws belongs to Express alone.
  else waiting.then(() => setImmediate(go, binding), next);
}

/** What a request gets. Its own, and not its prototype's: another app may have set something of the same name. */
const PROPERTIES: PropertyDescriptorMap = {
  session: {
    get(this: BoundRequest) {
      return bindingOf(this).session;
    },
    set(this: BoundRequest, value: unknown) {
      bindingOf(this).replace(value);
    },
    configurable: true,
    enumerable: true,
  },
  sessionID: {
    get(this: BoundRequest) {
      return bindingOf(this).current.id;
    },
    set() {
      throw new KeyturnError(
        'argument_invalid',
        'req.sessionID cannot be set',
        'write req.session.regenerate() for a new one',
      );
    },
    configurable: true,
    enumerable: true,
  },
  flash: method((binding, given) => binding.flash(...(given as [string]))),
  csrfToken: method((binding) => binding.csrfToken()),
  checkCsrf: method((binding, given) =>
    given.length === 0 ? binding.protect() : binding.visit.checkCsrf(given[0]),
  ),
};

function method(run: (binding: Binding, given: unknown[]) => unknown): PropertyDescriptor {
  const value = function (this: BoundRequest, ...given: unknown[]) {
    return run(bindingOf(this), given);
  };
  return { value, configurable: true, writable: true };
}

/** For views that call it, and for those that write it out: a token is made only where one is shown. */
function tokenForViews(request: BoundRequest): unknown {
  const token = () => bindingOf(request).csrfToken();
  return Object.assign(token, { toString: token, toJSON: token });
}
