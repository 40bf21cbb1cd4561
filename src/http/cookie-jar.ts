// Cookies for a framework that takes them one by one, where there is no response to put a header field into.
import { KeyturnError } from '../errors.js';

import type { Visit } from './visit.js';

/** What a cookie jar is told of a cookie. */
export interface CookieAttributes {
  /** `session.cookie.path`. */
  readonly path: string;
  /** `session.cookie.domain`, where it is set. */
  readonly domain?: string;
  /** Whether it is kept from scripts. */
  readonly httpOnly: boolean;
  /** Whether browsers send it over https only. */
  readonly secure: boolean;
  /** `session.cookie.partitioned`. */
  readonly partitioned: boolean;
  /** `session.cookie.same_site`. */
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** Seconds; undefined for a cookie that ends with the browser. */
  readonly maxAge?: number;
}

/** Where cookies are set by name: `await cookies()` of Next, `event.cookies` of SvelteKit, `Astro.cookies`. */
export interface CookieJar {
  /** Sets a cookie. One that is to go has no value and `maxAge: 0`. */
  set(name: string, value: string, attributes: CookieAttributes): unknown;
}

export async function saveIn(visit: Visit, cookies: CookieJar): Promise<void> {
  const headers = new Headers();
  await visit.finish(headers);
  visit.end();
  if (visit.sendsField)
    throw new KeyturnError(
      'argument_invalid',
      'a session that travels in a header field cannot be saved into cookies: the client would not hear of it',
      'end with return visit.commit(response), whose response carries the field',
    );
  for (const field of headers.getSetCookie()) {
    const [pair = '', ...attributes] = field.split('; ');
    const at = pair.indexOf('=');
    // As AppCookie writes them: a name, or a name and a value.
    const said = new Map(
      attributes.map((text) => text.split('=', 2)).map(([name, value = '']) => [name, value]),
    );
    const [domain, maxAge] = [said.get('Domain'), said.get('Max-Age')];
    cookies.set(pair.slice(0, at), pair.slice(at + 1), {
      path: said.get('Path') ?? '/',
      httpOnly: said.has('HttpOnly'),
      secure: said.has('Secure'),
      partitioned: said.has('Partitioned'),
      sameSite: (said.get('SameSite') ?? 'Lax').toLowerCase() as CookieAttributes['sameSite'],
      ...(domain === undefined ? {} : { domain }),
      ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
    });
  }
}
