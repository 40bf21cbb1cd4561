// A session sealed again after it was read: by the library itself, with the end that it has, into whatever carries cookies.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../../process/clock.js';
import { decoded, eachCookie, setCookieParts } from '../cookie-header.js';
import { keepHeadersPrivate, mayAddCookieTo } from '../fetch-response.js';
import { beforeCookiesGo, mayAddCookie } from '../node-response.js';
import type { IronMethods, SessionOptions } from './library.js';

// biome-ignore lint/suspicious/noExplicitAny: requests and responses of Node and of Fetch, stores of Next.js, jars
type Carrier = any;

interface Again {
  /** What the library was given: request and response, or cookies alone. */
  readonly first: Carrier;
  readonly second: Carrier;
  readonly options: SessionOptions;
  /** Opens the session once more, elsewhere. */
  readonly open: (where: readonly unknown[], options: SessionOptions) => Promise<IronMethods>;
  readonly end: SealEnd;
}

/** When a seal ends, in milliseconds since 1970; `never` for one without an end, undefined where none was found. */
export type SealEnd = number | 'never' | undefined;

/** Cookies of one session, at most: later versions of the library split a long one. */
const MOST_CHUNKS = 4;
/** The library has the cookie end so long before its seal. Seconds. */
const COOKIE_ENDS_BEFORE = 60;

/** What the seal in a request says of itself. It has been opened, so it is true. */
export function endOf(first: Carrier, name: string): SealEnd {
  const read = readerOf(first);
  const chunks = Array.from({ length: MOST_CHUNKS }, (_none, at) => read(`${name}.${at}`));
  const end = chunks.indexOf(undefined);
  const seal = read(name) || (end < 0 ? chunks : chunks.slice(0, end)).join('');
  const expiration = seal.split('*')[5];
  if (expiration === undefined) return undefined;
  return expiration === '' ? 'never' : Number(expiration);
}

function readerOf(first: Carrier): (name: string) => string | undefined {
  if (first.headers !== undefined) {
    const cookies = eachCookie(headerOf(first));
    return (name) => decoded(cookies.find((cookie) => cookie.name === name)?.value ?? '') || undefined;
  }
  if (typeof first.read === 'function') return (name) => first.read(name) || undefined;
  return (name) => first.get(name)?.value || undefined;
}

function headerOf({ headers }: Carrier): string {
  return (typeof headers.get === 'function' ? headers.get('cookie') : headers.cookie) ?? '';
}

/** What cannot be written now is left to a later request: the session goes on being accepted. */
export async function sealAgain(again: Again): Promise<void> {
  const { first, second, open } = again;
  const options = withEnd(again.options, again.end);
  if (options === undefined) return;
  try {
    if (second === undefined) {
      const written: unknown[][] = [];
      const write = (...given: unknown[]) => void written.push(given);
      const isJar = typeof first.write === 'function';
      const session = await open([isJar ? jarLike(first, write) : storeLike(first, write)], options);
      await session.save();
      for (const given of written) isJar ? first.write(...given) : first.set(...given);
      return;
    }
    const headers = new Headers();
    const request = { headers: new Headers({ cookie: headerOf(first) }) };
    const session = await open([request, { headers }], options);
    await session.save();
    addLines(first, second, again.options.cookieName, headers.getSetCookie());
  } catch {
    // Pages of Next.js may not write cookies; or the cookie, which has got a longer id, is too long now.
  }
}

const jarLike = (jar: Carrier, write: (...given: unknown[]) => void) => ({
  read: (name: string) => jar.read(name),
  names: () => jar.names?.() ?? [],
  write,
});

const storeLike = (store: Carrier, set: (...given: unknown[]) => void) => ({
  get: (name: string) => store.get(name),
  getAll: () => store.getAll?.() ?? [],
  set,
});

/** The options that seal a session for as long as it has left. */
function withEnd(options: SessionOptions, end: SealEnd): SessionOptions | undefined {
  if (end === undefined) return undefined;
  if (end === 'never') return options;
  // The library sets and reads its dates by this clock. In whole seconds, and never longer than before.
  const left = Math.floor((end - systemClock()) / 1000);
  // The cookie would be taken away. It ends by itself.
  if (left <= 2 * COOKIE_ENDS_BEFORE) return undefined;
  const { cookieOptions } = options;
  const maxAge = cookieOptions?.maxAge;
  if (typeof maxAge !== 'number') return { ...options, ttl: left };
  return { ...options, ttl: left, cookieOptions: { ...cookieOptions, maxAge: Math.min(maxAge, left) } };
}

/** What the app itself sets for the session comes later, and counts. */
function addLines(request: Carrier, response: Carrier, name: string, lines: readonly string[]): void {
  if (typeof response.writeHead === 'function') {
    const [incoming, outgoing] = [request as IncomingMessage, response as ServerResponse];
    if (outgoing.headersSent) return;
    beforeCookiesGo(outgoing, (setCookies) =>
      setCookies.some((line) => isOf(line, name)) || !mayAddCookie(incoming, outgoing)
        ? setCookies
        : [...setCookies, ...lines],
    );
    return;
  }
  const headers = (response instanceof Headers ? response : response.headers) as Headers;
  if (!mayAddCookieTo(request.method, headers)) return;
  for (const line of lines) headers.append('set-cookie', line);
  if (lines.length > 0) keepHeadersPrivate(headers);
}

function isOf(line: string, cookieName: string): boolean {
  const { name } = setCookieParts(line);
  return name === cookieName || name.startsWith(`${cookieName}.`);
}
