// What Express' types learn: `req.session`, `req.flash`, `req.csrfToken()`. No package of types is needed for that.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpOptions } from '../../http/core.js';
import type { Flash, FlashMessages } from '../../http/flash.js';
import type { Keyturn } from '../../keyturn.js';
import type {
  RegenerateOptions,
  SessionControls,
  SessionName,
  SessionValues,
} from '../../sessions/session.js';
import type { KeyturnOptions } from '../../start/options.js';

/** Called when something is done, with an error where it could not be. */
export type Callback = (error?: unknown) => void;

/** How long the session lives, as express-session has it. Setting it is `session.remember()` in other words. */
export interface SessionCookie {
  /**
   * Milliseconds until the session ends, unless it is used again. Set at sign-in it gives the session a longer life, as
   * far as `session.remember` allows; null takes that back.
   *
   * @throws KeyturnError when it is set: `purpose_lifetime` for a longer life than that, or where it is not set
   */
  get maxAge(): number;
  set maxAge(milliseconds: number | null);
  /** Milliseconds that the session lives from each use, or as a whole where it was given a longer life. Set as {@link maxAge} is. */
  get originalMaxAge(): number;
  set originalMaxAge(milliseconds: number | null);
  /** When the session ends, unless it is used again. Set as {@link maxAge} is; false takes that back. */
  get expires(): Date;
  set expires(moment: Date | null | false);
  /** Scripts of the page do not see the cookie. */
  readonly httpOnly: true;
  /** As the profile decides. To set another value of this and of the others is an error: they are settings. */
  readonly secure: boolean;
  /** Which requests of other sites it goes along with: `session.cookie.same_site`. */
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** Below which path it is sent: `session.cookie.path`. */
  readonly path: string;
  /** Which domain shares it; undefined: this host alone. */
  readonly domain: string | undefined;
  /** Whether it is kept apart for each site that embeds the page. */
  readonly partitioned: boolean;
}

/** The methods of `req.session`: each takes a callback as in express-session, or returns a promise. */
export interface ExpressSessionControls extends Omit<SessionControls, 'regenerate' | 'destroy'> {
  /** How long the session lives, as express-session has it. */
  readonly cookie: SessionCookie;
  /** Whether it holds any data, as cookie-session has it. */
  readonly isPopulated: boolean;
  /**
   * Starts a session with a new id and ends the present one: call it when somebody signs in. With a callback
   * `req.session` is another object from then on, and the former one keeps what it had, to be read.
   */
  regenerate(callback: Callback): void;
  regenerate(options?: RegenerateOptions | readonly SessionName[]): Promise<void>;
  regenerate(options: RegenerateOptions | readonly SessionName[], callback: Callback): void;
  /**
   * Ends the session: call it when somebody signs out. `req.session` is undefined from then on. In a store it has ended
   * when the callback is called, or the promise resolves.
   */
  destroy(callback: Callback): void;
  destroy(): Promise<void>;
  /**
   * Saves the session at once: in a store it is kept when the callback is called, or the promise resolves. Its cookie goes
   * out with the response, before which what has changed is saved in any case.
   *
   * @throws KeyturnError `session_invalid`, `session_ended`, `engine_unavailable`; with a callback it is called with the error
   */
  save(callback: Callback): void;
  save(): Promise<void>;
  /**
   * Takes what is kept by now; what this request has changed is gone. An error where none is kept, since it was signed out
   * or has not been saved yet: then it stays as it is.
   *
   * @throws KeyturnError `session_ended`, `engine_unavailable`; with a callback it is called with the error
   */
  reload(callback: Callback): void;
  reload(): Promise<void>;
  /** Does nothing: a session in use is extended by itself. */
  touch(callback: Callback): void;
  touch(): Promise<void>;
}

/** A session: `req.session.cart = […]`, `req.session.userId`, `req.session.regenerate(…)`. */
export type ExpressSession = ExpressSessionControls & SessionValues;

/** What a request has. @typeParam R the request itself: types of express-session, where they are there, stand first */
export interface KeyturnRequest<R> {
  /** The session of the visitor. Null ends it, and an object takes the place of its data. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the other package declares
  get session(): 'sessionStore' extends keyof R ? any : ExpressSession;
  set session(value: ExpressSession | SessionValues | null | undefined);
  /** The id of the session. */
  readonly sessionID: string;
  /** Messages for the next page, as connect-flash has them. */
  flash(): { [key: string]: string[] };
  flash(message: string): string[];
  flash(type: string, message: string[] | string): number;
  // biome-ignore lint/suspicious/noExplicitAny: as connect-flash declares it
  flash(type: string, format: string, ...args: any[]): number;
  /** A CSRF token for the page that is being made: a form field `_csrf`, or the header `x-csrf-token`. */
  csrfToken(): string;
  /**
   * Refuses a forged request. Without a token it looks into the header, and into the body as it is parsed by now.
   *
   * @throws KeyturnError `csrf_refused`, which is a 403
   */
  checkCsrf(token?: unknown): void;
}

declare global {
  namespace Express {
    interface Request extends KeyturnRequest<Request> {}
  }
}

/** Hands a request on, or an error to Express' own handlers. */
export type NextFunction = (error?: unknown) => void;
/** A middleware for any version of Express. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: NextFunction) => void;

/** What `keyturn()` returns. */
export interface KeyturnMiddleware extends Middleware {
  /**
   * Resolves when sessions are open, with the Keyturn of the app: await it before the server listens where a command
   * prints the secret, or an engine is used. Requests wait for it for 5 s, and then get 503.
   *
   * @throws KeyturnError where the app must not run. Unless somebody waits for it here, that ends the process
   */
  ready(): Promise<Keyturn>;
  /** Closes the Keyturn, unless it was given: everywhere in this process where the same options were. */
  close(): Promise<void>;
}

/** What `createKeyturn()` takes, for the one that is made here; or one that was made before. */
export interface KeyturnExpressOptions extends HttpOptions, KeyturnOptions {
  /** What `createKeyturn()` returned; without it one is made, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
  /**
   * `manual`: requests are not checked by themselves, and routes do it with `keyturn.csrf()` or `req.checkCsrf()`, as
   * where a form with files is read by its route. Default: every unsafe request is checked.
   */
  readonly csrf?: 'auto' | 'manual';
}

export type { Flash, FlashMessages };
