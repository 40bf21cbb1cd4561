// The middleware for Express 4 and 5: req.session, req.flash, req.csrfToken(), and CSRF protection of every unsafe method.
// A binding of `http/visit.ts` and `http/node-hold.ts`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { format } from 'node:util';
import type { OptionNames } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { HttpRequest } from '../../http/contract.js';
import { HTTP_OPTIONS, HttpCore } from '../../http/core.js';
import { isSafeMethod } from '../../http/methods.js';
import { holdUntilSaved } from '../../http/node-hold.js';
import { asText } from '../../http/node-response.js';
import { sessionReplaced } from '../../http/session-replaced.js';
import { Visit } from '../../http/visit.js';
import { internalsOf, type Keyturn } from '../../keyturn.js';
import type { Session } from '../../sessions/session.js';
import { keyturnForAdapter } from '../../start/for-adapter.js';
import { Opening } from '../../start/opening.js';
import { KEYTURN_OPTIONS } from '../../start/options.js';
import { expressSession, type SessionHost } from './session.js';
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

/** What Express puts on a request, as far as it is looked at here. */
interface ExpressRequest extends IncomingMessage {
  readonly method: string;
  readonly app?: { get?(name: string): unknown };
  readonly protocol?: string;
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
  readonly body?: unknown;
  [BINDING]?: Binding;
}

interface Opened {
  readonly keyturn: Keyturn;
  readonly core: HttpCore;
  readonly idle: number;
}

const BINDING = Symbol('keyturn.binding');

/** What `keyturn/express` gives. */
export interface KeyturnExpress {
  /**
   * Sessions, flash messages and CSRF protection for Express. Use it after what parses forms, and before the routes.
   *
   * @returns the middleware; `ready()` resolves when it is open
   * @throws KeyturnError `argument_invalid` for the option csrf; what else stops a start is thrown by `ready()`
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
   * after what parses the body.
   *
   * @example
   * app.post('/photos', upload.single('photo'), keyturn.csrf(), (req, res) => res.redirect(303, '/photos'));
   */
  csrf(): Middleware;
}

function express(options: KeyturnExpressOptions = {}): KeyturnMiddleware {
  const { csrf = 'auto' } = options;
  if (csrf !== 'auto' && csrf !== 'manual')
    throw new KeyturnError(
      'argument_invalid',
      'the option csrf is neither "auto" nor "manual"',
      'leave it out, or write csrf: "manual"; how tokens are asked for is set under [csrf]',
    );
  const opening = new Opening(open(options));
  const middleware = (request: IncomingMessage, response: ServerResponse, next: NextFunction) => {
    const { opened } = opening;
    if (opened !== undefined) begin(opened, csrf, request as ExpressRequest, response, next);
    else opening.wait((now) => begin(now, csrf, request as ExpressRequest, response, next), next);
  };
  return Object.assign(middleware, { ready: async () => (await opening.ready()).keyturn });
}

const csrf = (): Middleware => (request, _response, next) => {
  try {
    bindingOf(request).protect();
  } catch (error) {
    return next(error);
  }
  next();
};

/** The session of a request: where other packages say in types that `req.session` is theirs. */
export function session(request: IncomingMessage): ExpressSession {
  bindingOf(request);
  return (request as unknown as { session: ExpressSession }).session;
}

const keyturn: KeyturnExpress = Object.assign(express, { csrf });

export default keyturn;

async function open(options: KeyturnExpressOptions): Promise<Opened> {
  const hints = async () => (await import('../../config/foreign-options.js')).EXPRESS_HINTS;
  const call = { call: 'keyturn(options)', known: OPTIONS, hints };
  const { keyturn } = await keyturnForAdapter(options, call);
  const idle = internalsOf(keyturn).settings.get('session.idle') * 1000;
  return { keyturn, core: await HttpCore.open(keyturn, options), idle };
}

function bindingOf(request: IncomingMessage): Binding {
  const binding = (request as ExpressRequest)[BINDING];
  if (binding !== undefined) return binding;
  throw new KeyturnError(
    'argument_invalid',
    'the request has not passed through Keyturn',
    'write app.use(keyturn()) before the routes',
  );
}

function begin(
  opened: Opened,
  csrf: 'auto' | 'manual',
  request: ExpressRequest,
  response: ServerResponse,
  next: NextFunction,
): void {
  // One app inside another, with the same Keyturn: the outer one has done it.
  if (request[BINDING]?.opened.keyturn === opened.keyturn) {
    next();
    return;
  }
  const binding = new Binding(opened, request, response);
  request[BINDING] = binding;
  Object.defineProperties(request, PROPERTIES);
  const { locals } = response as { locals?: Record<string, unknown> };
  if (locals !== undefined) locals.csrfToken = tokenForViews(binding);
  holdUntilSaved(response, () => binding.visitToSave, next);
  const go = () => {
    try {
      if (csrf === 'auto') binding.protect();
    } catch (error) {
      return next(error);
    }
    next();
  };
  const { core } = opened;
  const waiting =
    core.mayWait && core.cookies.mayBeIn(request.headers.cookie) ? binding.visit.before() : undefined;
  if (waiting === undefined) go();
  // Away from the promise: what a handler throws belongs to Express alone.
  else waiting.then(() => setImmediate(go), next);
}

/** What a request gets. Its own, and not its prototype's: another app may have set something of the same name. */
const PROPERTIES: PropertyDescriptorMap = {
  session: {
    get(this: ExpressRequest) {
      return bindingOf(this).session;
    },
    set(this: ExpressRequest, value: unknown) {
      bindingOf(this).replace(value);
    },
    configurable: true,
    enumerable: true,
  },
  sessionID: {
    get(this: ExpressRequest) {
      return bindingOf(this).current.id;
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
  const value = function (this: ExpressRequest, ...given: unknown[]) {
    return run(bindingOf(this), given);
  };
  return { value, configurable: true, writable: true };
}

/** For views that call it, and for those that write it out: a token is made only where one is shown. */
function tokenForViews(binding: Binding): unknown {
  const token = () => binding.csrfToken();
  return Object.assign(token, { toString: token, toJSON: token });
}

/** One request and its response. */
class Binding implements SessionHost {
  readonly opened: Opened;
  readonly #request: ExpressRequest;
  readonly #response: ServerResponse;
  #visit: Visit | undefined;
  #session: ExpressSession | null | undefined;
  /** The app has ended the session, and sees none: as undefined, or as the null that it has set. */
  #isGone = false;
  #isRegenerated = false;
  #showsToken = false;

  constructor(opened: Opened, request: ExpressRequest, response: ServerResponse) {
    this.opened = opened;
    this.#request = request;
    this.#response = response;
  }

  get visit(): Visit {
    if (this.#visit === undefined) {
      this.#visit = new Visit(this.opened.core, new Asked(this.#request));
      if (this.#response.closed) this.#visit.end();
    }
    return this.#visit;
  }

  /** The visit that is to be finished before the header goes out; undefined where there is nothing to do. */
  get visitToSave(): Visit | undefined {
    const { method, headers } = this.#request;
    if (this.#visit === undefined && !this.opened.core.mayNeedVisit(method, headers.cookie)) return undefined;
    // What was only emptied, as passport does on signing out, is a session that nobody needs.
    const emptied = this.#isRegenerated && !this.#showsToken && !this.#response.headersSent;
    if (emptied && Object.keys(this.current).length === 0) this.current.destroy();
    this.#isRegenerated = false;
    return this.visit;
  }

  get current(): Session {
    return this.visit.session;
  }

  get idle(): number {
    return this.opened.idle;
  }

  get clock(): () => number {
    return this.opened.core.clock;
  }

  get isOver(): boolean {
    return this.#response.headersSent;
  }

  get session(): ExpressSession | null | undefined {
    if (!this.#isGone) this.#session ??= expressSession(this);
    return this.#session;
  }

  replace(value: unknown): void {
    if (value === this.#session) return;
    if (value === null || value === undefined) {
      this.current.destroy();
      this.#isGone = true;
      this.#session = value;
      return;
    }
    if (typeof value !== 'object') throw sessionReplaced('req.session', value);
    const values = { ...value };
    const { current } = this;
    if (this.#isGone) current.regenerate();
    this.replaced('another');
    for (const name of Object.keys(current)) current.delete(name as never);
    Object.assign(current, values);
  }

  replaced(by: 'another' | 'itself' | undefined): void {
    this.#isGone = by === undefined;
    this.#isRegenerated = by === 'another';
    this.#session = undefined;
  }

  async reload(): Promise<boolean> {
    const { isNew } = this.current;
    await this.visit.reload();
    return isNew || !this.current.isNew;
  }

  csrfToken(): string {
    this.#showsToken = true;
    return this.visit.csrfToken();
  }

  /** By what the header carries, or the body as it is parsed by now. */
  protect(): void {
    if (isSafeMethod(this.#request.method)) return;
    try {
      this.visit.protect(this.#request.body);
    } catch (error) {
      if (this.visit.wantsForm && isUnread(this.#request))
        internalsOf(this.opened.keyturn).logger.warn(
          {
            event: 'csrf.body_unread',
            hint: 'app.use(express.urlencoded({ extended: false })) before app.use(keyturn()); where a route reads its form itself, as with multer, write keyturn({ csrf: "manual" }), and keyturn.csrf() after what reads it',
          },
          'a form was refused before its body was read: its token is in there',
        );
      throw error;
    }
  }

  /** As connect-flash: how many there are of a type, those of a type, or all. */
  flash(type?: string, message?: unknown, ...more: readonly unknown[]): unknown {
    const { flash } = this.visit;
    if (!type) return flash();
    if (!message) return flash(type);
    const waiting = flash(type);
    // To a HEAD request messages are shown without being taken.
    const taken = this.#request.method === 'HEAD' ? [] : waiting;
    const left = more.length > 0 ? [format(message, ...more)] : [message].flat();
    for (const text of [...taken, ...left]) flash(type, text as string);
    return waiting.length + left.length;
  }
}

/** Whether a form came that nobody has read. */
function isUnread(request: IncomingMessage): boolean {
  const type = request.headers['content-type'] ?? '';
  return (
    /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type) && !request.readableDidRead
  );
}

/** A request as Express has it. */
class Asked implements HttpRequest {
  readonly #request: ExpressRequest;

  constructor(request: ExpressRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  header(name: string): string | undefined {
    return asText(this.#request.headers[name]);
  }

  /** With the port, which Express 4 leaves out; by Express' own setting `trust proxy`. */
  get host(): string | undefined {
    const { app, socket } = this.#request;
    const trusts = app?.get?.('trust proxy fn') as ((address: unknown, hop: number) => boolean) | undefined;
    const forwarded = trusts?.(socket.remoteAddress, 0) ? this.header('x-forwarded-host') : undefined;
    return forwarded?.split(',')[0]?.trim() ?? this.header('host');
  }

  get https(): boolean {
    const { protocol, socket } = this.#request;
    return protocol === undefined
      ? (socket as { encrypted?: boolean }).encrypted === true
      : protocol === 'https';
  }

  get route(): string | undefined {
    const { baseUrl = '', route } = this.#request;
    return route === undefined ? undefined : baseUrl + String(route.path);
  }
}
