// What the middleware adds to Hono's types.
import type { Flash } from '../../http/flash.js';
import type { Session } from '../../sessions/session.js';

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
