// A passage over Node's own request and response: Express, Koa and Fastify have them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeCookiesGo, mayAddCookie } from './node-response.js';
import type { Passages } from './passage.js';

/** Before anybody has looked at the cookies of the request, or set one. */
export function passNode(passages: Passages, request: IncomingMessage, response: ServerResponse): void {
  const passage = passages.open(request.headers.cookie);
  if (passage.header !== undefined) request.headers.cookie = passage.header;
  beforeCookiesGo(response, (setCookies) =>
    passages.close(passage, setCookies, () => mayAddCookie(request, response)),
  );
}
