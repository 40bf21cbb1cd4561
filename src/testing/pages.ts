// What a browser does with an answer, as far as tests of apps need it: it keeps cookies, and a page has its token.
import { Jar } from './http-contract/jar.js';

/** The cookies of one browser on one host. Made by {@link cookieJar}. */
export interface CookieJar {
  /** Keeps the cookies of an answer: its fields `Set-Cookie`, one or several, and the path that was asked for. */
  take(setCookies: string | readonly string[] | undefined, path?: string): void;
  /** The header field `Cookie` of the next request; empty where there is none. */
  header(path?: string): string;
  /** The value of a cookie. */
  get(name: string): string | undefined;
}

/**
 * An empty jar. Cookies in it do not grow old: the app says what has expired.
 *
 * @example
 * const jar = cookieJar();
 * const page = await app.inject('/');
 * jar.take(page.headers['set-cookie']);
 * await app.inject({ url: '/account', headers: { cookie: jar.header() } });
 */
export function cookieJar(): CookieJar {
  const jar = new Jar();
  return {
    take: (setCookies, path = '/') => {
      for (const field of [setCookies ?? []].flat()) jar.take(field, path);
    },
    header: (path = '/') => jar.header(path),
    get: (name) => jar.get(name),
  };
}

/** The CSRF token of a page: that of its first form, or of its `<meta name="csrf-token">`. */
export function csrfTokenIn(html: string): string | undefined {
  for (const [tag] of html.matchAll(/<(?:input|meta)\b[^>]{0,2000}>/gi)) {
    if (!/\bname\s*=\s*["']?(?:_csrf|csrf-token)\b/i.test(tag)) continue;
    const token = /\b(?:value|content)\s*=\s*["']?([\w.~-]+)/i.exec(tag)?.[1];
    if (token !== undefined) return token;
  }
  return undefined;
}
