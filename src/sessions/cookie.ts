// Cookies: what they are called and which attributes they carry. The profile decides, never the request.
import type { Settings } from '../config/layers.js';
import type { Profile } from '../config/profile.js';
import { KeyturnError } from '../errors.js';

/** Every browser keeps so much: name, value and attributes together (RFC 6265, section 6.1). */
export const COOKIE_LIMIT = 4096;

/** What RFC 6265, section 4.1.1 takes as a name. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

/** One cookie of the app: finds its value in a request, writes it into a response. */
export class AppCookie {
  readonly name: string;
  /** Whether browsers take it over https only. */
  readonly secure: boolean;
  /** The same cookie under the other name of the app, while that changes: read too, and cleared where this one is set. */
  readonly former: AppCookie | undefined;
  readonly #prefix: string;
  readonly #attributes: string;

  /**
   * @param base the name without `__Host-` or `__Secure-`
   * @param readable for scripts of the page, under the very name that they look for
   * @param former the base of the other name of the app, where that is another one
   */
  constructor(base: string, settings: Settings, profile: Profile, readable = false, former: string = base) {
    this.former = former === base ? undefined : new AppCookie(former, settings, profile, readable);
    const domain = settings.get('session.cookie.domain');
    const path = settings.get('session.cookie.path');
    const sameSite = settings.get('session.cookie.same_site');
    const partitioned = settings.get('session.cookie.partitioned');
    const production = profile === 'prod';
    // __Host- is the one name that no subdomain and no plain-http page can set (RFC 6265bis, section 4.1.3.2).
    const host = domain === undefined && path === '/';
    this.name = production && !readable ? `${host ? '__Host-' : '__Secure-'}${base}` : base;
    // Browsers refuse SameSite=None and Partitioned without Secure, and take Secure from localhost.
    const secure = production || partitioned || sameSite === 'none';
    this.secure = secure;
    if (/^__(host|secure)-/i.test(base)) {
      throw new KeyturnError(
        'cookie_invalid',
        `the cookie name has a prefix already, which production puts before it`,
        'leave the prefix out of session.cookie.name',
      );
    }
    if (!TOKEN.test(base)) {
      throw new KeyturnError(
        'cookie_invalid',
        'the name of the cookie under [session.cookie] is not valid',
        'correct its name',
      );
    }
    this.#prefix = `${this.name}=`;
    // RFC 6265, section 4.1. What the settings say of name, domain and path fits there: config/cookie-values.ts.
    this.#attributes = [
      domain === undefined ? '' : `; Domain=${domain}`,
      `; Path=${path}`,
      readable ? '' : '; HttpOnly',
      secure ? '; Secure' : '',
      partitioned ? '; Partitioned' : '',
      `; SameSite=${SAME_SITE[sameSite]}`,
    ].join('');
  }

  /** Its values in a `Cookie` header, in their order: see {@link findCookies}. Those under the former name are its own. */
  find(header: string): readonly string[] {
    return findCookies(header, this.#prefix);
  }

  /**
   * A `Set-Cookie` header.
   *
   * @param maxAge seconds; undefined for a cookie that ends with the browser
   * @returns undefined when browsers would drop it for its length
   */
  set(value: string, maxAge: number | undefined): string | undefined {
    const lifetime = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
    const header = `${this.#prefix}${value}${lifetime}${this.#attributes}`;
    return header.length <= COOKIE_LIMIT ? header : undefined;
  }

  /** A `Set-Cookie` header that removes it. */
  clear(): string {
    return `${this.#prefix}; Max-Age=0${this.#attributes}`;
  }
}

/** So many of one name are looked at: a browser sends one for each domain and path above the page, which are fewer. */
const MOST_VALUES = 16;

/**
 * Finds the cookies of one name without parsing the others: a tenth of the cost of a full parse, on every request.
 * test/sessions/cookie.test.ts proves it equal to the package `cookie` for values such as tokens.
 *
 * @param prefix the name and `=`
 */
export function findCookies(header: string, prefix: string): readonly string[] {
  const values: string[] = [];
  let at = header.indexOf(prefix);
  while (at !== -1 && values.length < MOST_VALUES) {
    const start = at + prefix.length;
    if (!startsCookie(header, at)) {
      at = header.indexOf(prefix, at + 1);
      continue;
    }
    const end = header.indexOf(';', start);
    values.push((end === -1 ? header.slice(start) : header.slice(start, end)).trim());
    at = end === -1 ? -1 : header.indexOf(prefix, end);
  }
  return values;
}

/** Whether a name that begins here is a name, and not the end of another or part of a value. */
function startsCookie(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) before--;
  return before < 0 || header[before] === ';';
}
