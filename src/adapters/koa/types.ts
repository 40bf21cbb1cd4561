// What Koa's types learn: `ctx.session`, `ctx.flash`, `ctx.csrfToken()`.
import type {} from 'koa';
import type { HttpOptions } from '../../http/core.js';
import type { Flash } from '../../http/flash.js';
import type { Keyturn } from '../../keyturn.js';
import type { Session, SessionValues } from '../../sessions/session.js';
import type { KeyturnOptions } from '../../start/options.js';
import type { KoaContext } from './context.js';

declare module 'koa' {
  interface DefaultContext {
    /** The session of the visitor. Null ends it, and an object takes the place of its data. */
    get session(): Session;
    set session(value: Session | SessionValues | null | undefined);
    /** Messages for the next page: `ctx.flash('info', 'Saved')` leaves one, `ctx.flash('info')` takes those of a type. */
    readonly flash: Flash;
    /** A CSRF token for the page that is being made: a form field `_csrf`, or the header `x-csrf-token`. */
    csrfToken(): string;
    /**
     * Refuses a forged request. Without a token it looks into the header, and into the body as it is parsed by now.
     *
     * @throws KeyturnError `csrf_refused`, which is a 403
     */
    checkCsrf(token?: unknown): void;
  }
}

/** A middleware for any version of Koa. */
export type Middleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

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
export interface KeyturnKoaOptions extends HttpOptions, KeyturnOptions {
  /** What `createKeyturn()` returned; without it one is made, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
  /**
   * `manual`: requests are not checked by themselves, and routes do it with `csrf()` or `ctx.checkCsrf()`, as where a
   * form with files is read by its route. Default: every unsafe request is checked.
   */
  readonly csrf?: 'auto' | 'manual';
}
