// How each library makes its cookie: what it keeps of it in a record, and how it writes the attributes.
import type { OldCookieOptions } from './options.js';

/** A cookie as express-session and @fastify/session keep it beside the data. Whoever reads one has no say in what it holds. */
export interface OldCookie {
  readonly originalMaxAge?: unknown;
  readonly expires?: unknown;
  readonly path?: unknown;
  readonly domain?: unknown;
  readonly secure?: unknown;
  readonly httpOnly?: unknown;
  readonly sameSite?: unknown;
  readonly partitioned?: unknown;
  readonly priority?: unknown;
}

/** A library's own defaults are to be in it. `secure: "auto"` is as Keyturn's own cookies are. */
export function cookieFrom(options: OldCookieOptions, secureByProfile: boolean): OldCookie {
  const { maxAge = null, secure, ...others } = options;
  const isSecure = secure === 'auto' ? secureByProfile : secure;
  // In the order in which express-session keeps them.
  return {
    originalMaxAge: maxAge,
    partitioned: others.partitioned,
    priority: others.priority,
    expires: null,
    secure: isSecure,
    httpOnly: others.httpOnly,
    domain: others.domain,
    path: others.path,
    sameSite: others.sameSite,
  };
}

/** How long it lives from now on, in milliseconds; undefined where it ends with the browser. */
export function lifeOf({ originalMaxAge }: OldCookie): number | undefined {
  return typeof originalMaxAge === 'number' && Number.isFinite(originalMaxAge) ? originalMaxAge : undefined;
}

/** The same cookie with a new end. @param now milliseconds since 1970 */
export function renewed(cookie: OldCookie, now: number): OldCookie {
  const life = lifeOf(cookie);
  return life === undefined ? cookie : { ...cookie, expires: new Date(now + life) };
}

/** When it ends. */
function endOf({ expires }: OldCookie): Date | undefined {
  const date = typeof expires === 'string' || expires instanceof Date ? new Date(expires) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

/** RFC 6265, section 4.1.1: what ends an attribute, or the field, is in none. */
const isPlain = (value: unknown): value is string =>
  typeof value === 'string' && /^[^;\p{Cc}]+$/u.test(value);

const titled = (value: unknown): string | undefined => {
  const word = value === true ? 'strict' : value;
  if (!isPlain(word)) return undefined;
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
};

export type Style = (pair: string, cookie: OldCookie) => string;

/** As the package cookie writes it, which express-session and @fastify/session use. */
export const TITLED: Style = (pair, cookie) =>
  [
    pair,
    isPlain(cookie.domain) && `Domain=${cookie.domain}`,
    isPlain(cookie.path) && `Path=${cookie.path}`,
    endOf(cookie) && `Expires=${endOf(cookie)?.toUTCString()}`,
    cookie.httpOnly && 'HttpOnly',
    cookie.secure && 'Secure',
    cookie.partitioned && 'Partitioned',
    titled(cookie.priority) && `Priority=${titled(cookie.priority)}`,
    titled(cookie.sameSite) && `SameSite=${titled(cookie.sameSite)}`,
  ]
    .filter((part) => typeof part === 'string')
    .join('; ');

/** As the package cookies writes it, which cookie-session and Koa use. */
export const LOWER: Style = (pair, cookie) =>
  [
    pair,
    isPlain(cookie.path) && `path=${cookie.path}`,
    endOf(cookie) && `expires=${endOf(cookie)?.toUTCString()}`,
    isPlain(cookie.domain) && `domain=${cookie.domain}`,
    titled(cookie.priority) && `priority=${titled(cookie.priority)?.toLowerCase()}`,
    titled(cookie.sameSite) && `samesite=${titled(cookie.sameSite)?.toLowerCase()}`,
    cookie.secure && 'secure',
    cookie.httpOnly && 'httponly',
    cookie.partitioned && 'partitioned',
  ]
    .filter((part) => typeof part === 'string')
    .join('; ');
