// A response of Node whose cookies are looked at once more before the header goes out: by whoever stood in front of all
// that set them.
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Given = OutgoingHttpHeaders | readonly (OutgoingHttpHeader | readonly [string, OutgoingHttpHeader])[];

/**
 * @param change gets what the response sets, and gives what it is to set. Called once, when the header goes out; all other
 * fields of the header are on the response by then
 */
export function beforeCookiesGo(
  response: ServerResponse,
  change: (setCookies: readonly string[]) => readonly string[],
): void {
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, ...given: unknown[]) {
    response.writeHead = writeHead;
    const headers = given.at(-1);
    if (typeof headers === 'object' && headers !== null) {
      setAll(response, headers as Given);
      given.pop();
    }
    const before = listOf(response.getHeader('set-cookie'));
    const after = change(before);
    if (after.length > 0) response.setHeader('set-cookie', after);
    else if (before.length > 0) response.removeHeader('set-cookie');
    return writeHead.apply(response, given as unknown as Parameters<typeof writeHead>);
  } as typeof writeHead;
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

/** As Node does: what `writeHead` is given takes the place of what was set before. Names and values in turn, or pairs. */
function setAll(response: ServerResponse, headers: Given): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders))
      response.setHeader(name, value as OutgoingHttpHeader);
    return;
  }
  const pairs = pairsOf(headers);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value as string);
}

function pairsOf(list: readonly unknown[]): readonly (readonly [string, unknown])[] {
  if (list.some(Array.isArray)) return list as readonly [string, unknown][];
  return list.flatMap((name, at) => (at % 2 === 0 ? [[String(name), list[at + 1]] as const] : []));
}

function listOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Whether a cookie may be added to a response that nobody asked one of: not where others would get it, too. */
export function mayAddCookie({ method = 'GET' }: IncomingMessage, response: ServerResponse): boolean {
  return isSafe(method) && !isPublic(String(response.getHeader('cache-control') ?? ''));
}

/** RFC 9110, section 9.2.1, as far as a page is asked for. */
export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Whether caches that others share may keep a response: RFC 9111, section 5.2.2. */
export const isPublic = (cacheControl: string): boolean =>
  /(?:^|[\s,])(?:public|s-maxage)\b/i.test(cacheControl);
