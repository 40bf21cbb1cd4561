// A passage over Fetch's Request and Response: Hono has them, and whatever else is a function of one to the other.
import { keepHeadersPrivate, mayAddCookieTo } from '../fetch-response.js';
import type { Passages } from '../passage.js';

/** A request as the library is to see it, and what becomes of the response. */
export interface FetchPassage {
  readonly request: Request;
  readonly after: (response: Response) => Response;
}

export function passFetch(passages: Passages, request: Request): FetchPassage {
  const came = request.headers.get('cookie') ?? undefined;
  const passage = passages.open(came);
  const after = (response: Response): Response => {
    // A WebSocket, or nothing that was received: neither can be made anew.
    if (response.status < 200) return response;
    const before = response.headers.getSetCookie();
    const sent = passages.close(passage, before, () => mayAddCookieTo(request.method, response.headers));
    return isSame(before, sent) ? response : withCookies(response, sent);
  };
  return {
    request: passage.header === came ? request : withCookie(request, passage.header as string),
    after,
  };
}

function withCookie(request: Request, cookie: string): Request {
  const headers = new Headers(request.headers);
  headers.set('cookie', cookie);
  return new Request(request, { headers });
}

/** A copy: an app may answer many visitors with one object, and many cannot be changed. */
function withCookies(response: Response, setCookies: readonly string[]): Response {
  const headers = new Headers(response.headers);
  headers.delete('set-cookie');
  for (const line of setCookies) headers.append('set-cookie', line);
  if (setCookies.length > response.headers.getSetCookie().length) keepHeadersPrivate(headers);
  const { body, status, statusText } = response;
  return new Response(body, { status, statusText, headers });
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, at) => line === other[at]);
}
