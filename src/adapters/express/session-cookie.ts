// `req.session.cookie` as users of express-session know it: how long the session lives, to read, and to set at sign-in.
import { KeyturnError } from '../../errors.js';
import type { Session } from '../../sessions/session.js';
import type { SessionCookie } from './types.js';

/** @param clock milliseconds since 1970 */
export function sessionCookie(session: Session, clock: () => number): SessionCookie {
  return Object.freeze(new Cookie(session, clock));
}

class Cookie implements SessionCookie {
  readonly #session: Session;
  readonly #clock: () => number;
  readonly httpOnly = true;

  constructor(session: Session, clock: () => number) {
    this.#session = session;
    this.#clock = clock;
  }

  get maxAge(): number {
    return this.expires.getTime() - this.#clock();
  }

  set maxAge(milliseconds: number | null) {
    const seconds = milliseconds === null ? false : Math.ceil(milliseconds / 1000);
    if (seconds === false || seconds > 0) this.#session.remember(seconds);
    else
      throw new KeyturnError(
        'argument_invalid',
        'req.session.cookie was given no length of life in the future',
        'maxAge takes milliseconds; to end the session write req.session.destroy()',
      );
  }

  get originalMaxAge(): number {
    return this.maxAge;
  }

  set originalMaxAge(milliseconds: number | null) {
    this.maxAge = milliseconds;
  }

  get expires(): Date {
    return this.#session.expiresAt;
  }

  set expires(moment: Date | null | false) {
    this.maxAge = moment ? moment.getTime() - this.#clock() : null;
  }
}
