// `req.session.cookie` as users of express-session know it: how long the session lives, to read, and to set at sign-in; and
// how its cookie is made, to read.
import type { Settings } from '../../config/layers.js';
import { KeyturnError } from '../../errors.js';
import type { Session } from '../../sessions/session.js';
import type { SessionCookie } from './types.js';

/** What it shows. */
export interface CookieHost {
  readonly current: Session;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** How long the session lives from each use, or as a whole where it is remembered; seconds. */
  readonly lifetime: number;
  readonly settings: Settings;
  /** Whether browsers take the cookie over https only. */
  readonly secure: boolean;
}

export function sessionCookie(host: CookieHost): SessionCookie {
  return Object.freeze(new Cookie(host)) as unknown as SessionCookie;
}

const setting = (name: 'same_site' | 'path' | 'domain' | 'partitioned') => (host: CookieHost) =>
  host.settings.get(`session.cookie.${name}`);

/** How the cookie is made: its attributes, and what to write instead of setting one. */
const ATTRIBUTES: readonly (readonly [string, (host: CookieHost) => unknown, string])[] = [
  ['httpOnly', () => true, 'leave it out: scripts of a page never see the cookie'],
  ['secure', (host) => host.secure, 'leave it out: the profile decides, and in production it is set'],
  ['sameSite', setting('same_site'), 'set same_site under [session.cookie]'],
  ['path', setting('path'), 'set path under [session.cookie]'],
  ['domain', setting('domain'), 'set domain under [session.cookie]'],
  ['partitioned', setting('partitioned'), 'set partitioned under [session.cookie]'],
  ['priority', () => undefined, 'leave it out: the cookie has none'],
];

class Cookie implements Pick<SessionCookie, 'maxAge' | 'originalMaxAge' | 'expires'> {
  readonly #host: CookieHost;

  constructor(host: CookieHost) {
    this.#host = host;
  }

  get maxAge(): number {
    return this.expires.getTime() - this.#host.clock();
  }

  set maxAge(milliseconds: number | null) {
    const seconds = milliseconds === null ? false : Math.ceil(milliseconds / 1000);
    if (seconds === false || seconds > 0) this.#host.current.remember(seconds);
    else
      throw new KeyturnError(
        'argument_invalid',
        'req.session.cookie was given no length of life in the future',
        'maxAge takes milliseconds; to end the session write req.session.destroy()',
      );
  }

  get originalMaxAge(): number {
    return this.#host.lifetime * 1000;
  }

  set originalMaxAge(milliseconds: number | null) {
    this.maxAge = milliseconds;
  }

  get expires(): Date {
    return this.#host.current.expiresAt;
  }

  set expires(moment: Date | null | false) {
    this.maxAge = moment ? moment.getTime() - this.#host.clock() : null;
  }

  toJSON(): object {
    const { originalMaxAge, expires } = this;
    const made = ATTRIBUTES.map(([name, read]) => [name, read(this.#host)] as const);
    return { originalMaxAge, expires, ...Object.fromEntries(made) };
  }

  /** What is the same for everybody: nothing of it is ignored in silence. */
  static {
    for (const [name, read, hint] of ATTRIBUTES)
      Object.defineProperty(Cookie.prototype, name, {
        get(this: Cookie) {
          return read(this.#host);
        },
        set(this: Cookie, value: unknown) {
          // `true` is what express-session calls strict, and null, or false, what is not there.
          const same = name === 'sameSite' && value === true ? 'strict' : value || undefined;
          if (same !== (read(this.#host) || undefined))
            throw new KeyturnError('argument_invalid', `req.session.cookie.${name} cannot be set`, hint);
        },
      });
  }
}
