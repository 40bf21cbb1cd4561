// What an adapter tells of a request and of its response, and what it gets for them, whatever the framework.
import type { Logger } from '../runtime/log.js';
import type { Session } from '../sessions/session.js';
import type { Flash } from './flash.js';

/** A request. Nothing of it is read before it is asked for: about most requests little is asked. */
export interface HttpRequest {
  /** In capitals. */
  readonly method: string;
  /** A header field, by its name in lower case: repeated ones joined, undefined where there is none. */
  header(name: string): string | undefined;
  /** Host and port as the browser named them: behind a trusted proxy what the proxy passes on. */
  readonly host: string | undefined;
  /** Whether the browser came by https: behind a trusted proxy what the proxy passes on. */
  readonly https: boolean;
  /** The path that was asked for, without what follows a `?`: for the option `sessionless`. */
  readonly path?: string | undefined;
  /** The route as the app has written it, for the log; undefined where there is none. */
  readonly route?: string | undefined;
  /** The request's own logger, which says which request it is; undefined: that of the app. */
  readonly log?: Pick<Logger, 'warn'> | undefined;
  /**
   * True where the route says itself that it is served without a session: looking at it is an error. `empty` where looking
   * shows an empty one, of which nothing is kept.
   */
  readonly sessionless?: boolean | 'empty';
}

/** The header of a response, as it stands. Fetch's `Headers` is one: names in lower case, repeated fields joined. */
export interface ResponseHeaders {
  /** The names of the fields. */
  keys(): Iterable<string>;
  /** The value under a name. */
  get(name: string): string | null | undefined;
  /** Takes the place of what is there under the name. */
  set(name: string, value: string): void;
  /** Adds a cookie to those that are there: the fields of several cannot be joined. */
  append(name: 'set-cookie', value: string): void;
}

/**
 * One request and its response. Call in this order:
 *
 * 1. `before()`, and wait where it returns a promise; then the app runs
 * 2. `protect(body)` once the body is parsed, unless the route is not to be protected
 * 3. `finish(headers)` before the header goes out, and hold the response back where it returns a promise
 * 4. `guard(headers)` when the header goes out, as everybody has left it
 * 5. `end()` when the response is out, or when somebody else writes it
 *
 * For responses of `node:http` `holdUntilSaved` does 3 to 5.
 */
export interface HttpVisit {
  /** The session of the visitor. */
  readonly session: Session;
  /** Messages for the next page. */
  readonly flash: Flash;
  /** A CSRF token for the page that is being made. */
  csrfToken(): string;
  /**
   * What to wait for before the app runs: a store, an epoch, a newer keyring.
   *
   * @returns undefined when there is nothing to wait for; it rejects with `engine_unavailable` or `keyring_unavailable`
   */
  before(): Promise<unknown> | undefined;
  /**
   * Refuses a forged request, by the token that its header or its form carries. Safe methods pass.
   *
   * @param body as a body parser has left it; undefined where there is none. See {@link wantsForm}
   * @throws KeyturnError `csrf_refused`, status 403; the log says why
   */
  protect(body: unknown): void;
  /** Whether {@link protect} looks into the form: where bodies are parsed only when somebody asks. */
  readonly wantsForm: boolean;
  /** As {@link protect}, by a token that the app has found itself. @throws KeyturnError `csrf_refused` */
  checkCsrf(token: unknown): void;
  /**
   * Saves what has changed, and adds the `Set-Cookie` fields. Where it fails an error is answered instead, and it is
   * called again for that answer: then without the session, which stays as it was.
   *
   * @param headers as the app has set them so far
   * @returns undefined where all is done when it returns
   */
  finish(headers: ResponseHeaders): Promise<void> | undefined;
  /** Writes into the header what caches must know. @param headers as everybody has left them */
  guard(headers: ResponseHeaders): void;
  /** Nothing can be sent any more: what comes now is told in the log as late. */
  end(): void;
}
