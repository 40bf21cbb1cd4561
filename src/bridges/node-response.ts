// A response of Node whose cookies are looked at once more before the header goes out: by whoever stood in front of all
// that set them.
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Given = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined;

/**
 * @param change gets what the response sets, and gives what it is to set. Called once, when the header goes out
 */
export function beforeCookiesGo(
  response: ServerResponse,
  change: (setCookies: readonly string[]) => readonly string[],
): void {
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, status: number, ...given: unknown[]) {
    response.writeHead = writeHead;
    const headers = given.at(-1) as Given | string;
    const own = typeof headers === 'object' && headers !== null ? takeCookies(headers) : undefined;
    const before = listOf(own ?? response.getHeader('set-cookie'));
    const after = change(before);
    if (after.length > 0) response.setHeader('set-cookie', after);
    return writeHead.apply(response, [status, ...given] as unknown as Parameters<typeof writeHead>);
  } as typeof writeHead;
}

/** What `writeHead` was given takes the place of what was set before: so it does here. */
function takeCookies(headers: NonNullable<Given>): OutgoingHttpHeader | undefined {
  const isName = (name: unknown) => String(name).toLowerCase() === 'set-cookie';
  if (!Array.isArray(headers)) {
    const record = headers as OutgoingHttpHeaders;
    const name = Object.keys(record).find(isName);
    const found = name === undefined ? undefined : record[name];
    if (name !== undefined) delete record[name];
    return found;
  }
  // Names and values in turn, or pairs of them.
  const list = headers as unknown[];
  const found: string[] = [];
  for (let at = 0; at < list.length; ) {
    const entry = list[at];
    const isPair = Array.isArray(entry);
    if (!isName(isPair ? entry[0] : entry)) at += isPair ? 1 : 2;
    else found.push(...listOf((isPair ? (list.splice(at, 1)[0] as unknown[]) : list.splice(at, 2))[1]));
  }
  return found.length === 0 ? undefined : found;
}

function listOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Whether a cookie may be added to a response that nobody asked one of: not where others would get it, too. */
export function mayAddCookie({ method = 'GET' }: IncomingMessage, response: ServerResponse): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const cacheable = /(?:^|[\s,])(?:public|s-maxage)\b/i;
  return !cacheable.test(String(response.getHeader('cache-control') ?? ''));
}
