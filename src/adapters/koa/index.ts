// The middleware for Koa 3 and 2: ctx.session, ctx.flash, ctx.csrfToken(), and CSRF protection of every unsafe method.
// A binding of `http/visit.ts` and `http/node-hold.ts`.
import type { OptionNames } from '../../config/options.js';
import { BINDING } from '../../http/bound.js';
import { HTTP_OPTIONS, requireCsrf, requireHttpOptions } from '../../http/core.js';
import { holdUntilSaved } from '../../http/node-hold.js';
import { notPassed } from '../../http/not-passed.js';
import { openCore } from '../../http/open-core.js';
import { pathOf } from '../../http/path.js';
import { requireInside } from '../../http/same-options.js';
import type { Keyturn } from '../../keyturn.js';
import { keyturnInProcess } from '../../start/once.js';
import { Opening } from '../../start/opening.js';
import { KEYTURN_OPTIONS } from '../../start/options.js';
import { Binding, type Opened } from './binding.js';
import { type KoaContext, KoaHttpRequest } from './context.js';
import type { KeyturnKoaOptions, KeyturnMiddleware, Middleware } from './types.js';

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
export type { KoaContext } from './context.js';
export type { KeyturnKoaOptions, KeyturnMiddleware, Middleware } from './types.js';

const OPTIONS: OptionNames<KeyturnKoaOptions> = {
  ...HTTP_OPTIONS,
  ...KEYTURN_OPTIONS,
  keyturn: true,
  csrf: true,
};

/** A context that may have passed through the middleware. */
type Bound = KoaContext & { [BINDING]?: Binding };

/**
 * Sessions, flash messages and CSRF protection for Koa. Use it after what parses forms, and before the routes.
 *
 * @returns the middleware; `ready()` resolves when it is open
 * @throws KeyturnError where the app must not run: in production without a strong secret, for every mistake of
 * configuration. What a command or an engine has to say `ready()` tells
 * @example
 * app.use(bodyParser());
 * app.use(keyturn()); // ctx.session, ctx.flash, ctx.csrfToken()
 * router.post('/sign-in', (ctx) => {
 *   ctx.session.regenerate();
 *   ctx.session.userId = 42;
 *   ctx.redirect('/');
 * });
 */
export default function keyturn(options: KeyturnKoaOptions = {}): KeyturnMiddleware {
  const csrf = requireCsrf(options.csrf);
  requireHttpOptions(options);
  const call = { call: 'keyturn(options)', known: OPTIONS, hints: 'KOA_HINTS' } as const;
  const { ready, close } = keyturnInProcess(options, call);
  const opening = new Opening(ready.then((made) => open(made, options)));
  const middleware: Middleware = async (context: Bound, next) => {
    const opened = opening.opened ?? (await opening.forRequest());
    const around = context[BINDING];
    try {
      // One app mounted in another, with the same Keyturn: the outer one does the rest.
      const outer = boundTo(context, opened.keyturn);
      if (outer !== undefined) {
        context[BINDING] = outer;
        requireInside(outer.opened.core, opened.core);
        if (csrf === 'auto' && !outer.isProtected) outer.protect();
        return void (await next());
      }
      const binding = bind(opened, context);
      const { core } = opened;
      if (core.mayWait(new KoaHttpRequest(context))) await binding.visit.before();
      if (csrf === 'auto') binding.protect();
      await next();
      await binding.save();
    } finally {
      // What comes before it in an app around has its own again.
      if (around !== undefined) context[BINDING] = around;
    }
  };
  return Object.assign(middleware, { ready: async () => (await opening.ready()).keyturn, close });
}

/**
 * A middleware that refuses forged requests, for routes where `keyturn({ csrf: 'manual' })` leaves it to the app. Put it
 * after what parses the body. It throws `csrf_refused`, which is a 403, and `argument_invalid` where the request has not
 * passed through `keyturn()`.
 *
 * @example
 * router.post('/photos', upload.single('photo'), csrf(), (ctx) => ctx.redirect('/photos'));
 */
export function csrf(): Middleware {
  return async (context, next) => {
    bindingOf(context).protect();
    await next();
  };
}

async function open(keyturn: Keyturn, options: KeyturnKoaOptions): Promise<Opened> {
  return { keyturn, core: await openCore(keyturn, options) };
}

function bind(opened: Opened, context: Bound): Binding {
  const binding = new Binding(opened, context, current(context));
  context[BINDING] = binding;
  Object.defineProperties(context, PROPERTIES);
  holdUntilSaved(
    context.res,
    () => binding.held,
    (error) => context.onerror(error as Error),
  );
  return binding;
}

/**
 * Whose session it is, of apps inside one another with a Keyturn each. What mounts an app cuts the URL short for it, and
 * makes it whole again where the app hands the request on.
 */
function current(context: Bound): Binding | undefined {
  let binding = context[BINDING];
  while (binding?.outer !== undefined) {
    const { outer, url } = binding;
    const path = pathOf(context.req.url);
    if (path === pathOf(url) || path !== pathOf(outer.url)) break;
    binding = outer;
  }
  return binding;
}

/** The binding of a request to a Keyturn: of this app, or of one around it. */
function boundTo(context: Bound, keyturn: Keyturn): Binding | undefined {
  let binding = current(context);
  while (binding !== undefined && binding.opened.keyturn !== keyturn) binding = binding.outer;
  return binding;
}

function bindingOf(context: Bound): Binding {
  const binding = current(context);
  if (binding !== undefined) return binding;
  throw notPassed();
}

/** What a context gets. */
const PROPERTIES: PropertyDescriptorMap = {
  session: {
    get(this: Bound) {
      return bindingOf(this).session;
    },
    set(this: Bound, value: unknown) {
      bindingOf(this).replace(value);
    },
    configurable: true,
  },
  flash: {
    get(this: Bound) {
      return bindingOf(this).visit.flash;
    },
    configurable: true,
  },
  csrfToken: {
    value(this: Bound) {
      return bindingOf(this).visit.csrfToken();
    },
    configurable: true,
  },
  checkCsrf: {
    value(this: Bound, ...given: unknown[]) {
      if (given.length === 0) bindingOf(this).protect();
      else bindingOf(this).visit.checkCsrf(given[0]);
    },
    configurable: true,
  },
};
