// A response of Node whose cookies are looked at once more before the header goes out: by whoever stood in front of all
// that set them.
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Given = OutgoingHttpHeaders | readonly (OutgoingHttpHeader | readonly [string, OutgoingHttpHeader])[];

/**
 * @param change gets what the response sets, and gives what it is to set. Called when the header goes out, and once more
 * where it could not go then; all other fields of the header are on the response by then. Where it gives more than it got
 * the response is no longer one for caches that serve many
 */
export function beforeCookiesGo(
  response: ServerResponse,
  change: (setCookies: readonly string[]) => readonly string[],
): void {
  const { writeHead } = response;
  const changing = function (this: ServerResponse, ...given: unknown[]) {
    response.writeHead = writeHead;
    try {
      const headers = given.at(-1);
      if (typeof headers === 'object' && headers !== null) {
        setAll(response, headers as Given);
        given.pop();
      }
      const before = listOf(response.getHeader('set-cookie'));
      const after = change(before);
      if (after.length > 0) response.setHeader('set-cookie', after);
      else if (before.length > 0) response.removeHeader('set-cookie');
      if (after.length > before.length) keepPrivate(response);
      return writeHead.apply(response, given as unknown as Parameters<typeof writeHead>);
    } catch (error) {
      // Somebody answers in its place, perhaps, and with cookies.
      response.writeHead = changing;
      throw error;
    }
  } as typeof writeHead;
  response.writeHead = changing;
  if ('stream' in response) callWriteHead(response);
}

/** Of HTTP/2 the header goes out without a call of `writeHead`. */
function callWriteHead(response: ServerResponse): void {
  for (const method of ['write', 'end', 'flushHeaders'] as const) {
    const original = response[method] as (...given: unknown[]) => unknown;
    const calling = function (this: ServerResponse, ...given: unknown[]) {
      if (!response.headersSent) response.writeHead(response.statusCode);
      return original.apply(response, given);
    };
    Object.assign(response, { [method]: calling });
  }
}

/** As Node does: what `writeHead` is given takes the place of what was set before. */
function setAll(response: ServerResponse, headers: Given): void {
  const fields = entriesOf(headers);
  for (const [name] of fields) response.removeHeader(name);
  for (const [name, value] of fields) response.appendHeader(name, value as string);
}

/** As an object, as a list of names and values in turn, or as a list of pairs. Node goes by the first of a list, too. */
function entriesOf(headers: Given): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers as readonly [string, unknown][];
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[String(name), headers[at + 1]] as const] : []));
}

function listOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Whether a cookie may be added to a response that nobody asked one of: not where others would get it, too. */
export function mayAddCookie({ method = 'GET' }: IncomingMessage, response: ServerResponse): boolean {
  const fieldOf = (name: string) => String(response.getHeader(name) ?? '');
  return isSafe(method) && !mayBeShared(response.getHeaderNames(), fieldOf);
}

/** Where a cookie was added to a response: see {@link madePrivate}. */
export function keepPrivate(response: ServerResponse): void {
  response.setHeader('cache-control', madePrivate(String(response.getHeader('cache-control') ?? '')));
}

/** RFC 9110, section 9.2.1, as far as a page is asked for. */
export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Whether caches that others share may keep a response: RFC 9111, section 5.2.2. */
export const isPublic = (cacheControl: string): boolean =>
  /(?:^|[\s,])(?:public|s-maxage)\b/i.test(cacheControl);

const isPrivate = (cacheControl: string): boolean =>
  /(?:^|[\s,])(?:private(?!\s*=)|no-store)\b/i.test(cacheControl);

/** Fields that go before Cache-Control in one kind of cache: RFC 9213, section 2.2, and those that are older. */
const FOR_ONE_KIND = /-(?:cache|surrogate|edge)-control$|^(?:surrogate|edge)-control$|^x-accel-expires$/;

/** Whether an app has said in any field that such caches are to keep it. @param names in lower case */
export function mayBeShared(names: Iterable<string>, fieldOf: (name: string) => string): boolean {
  if (isPublic(fieldOf('cache-control'))) return true;
  for (const name of names)
    if (FOR_ONE_KIND.test(name) && !isPrivate(fieldOf(name)) && fieldOf(name) !== '0') return true;
  return false;
}

/**
 * `Cache-Control` of a response that got a cookie which its app did not set: whoever got it from a cache would be that
 * visitor. That there is a cookie keeps no cache away (RFC 9111, section 7.3).
 */
export function madePrivate(cacheControl: string): string {
  if (isPrivate(cacheControl)) return cacheControl;
  return cacheControl === '' ? 'private' : `private, ${cacheControl}`;
}
