// For apps on `node:http` and on what hands its requests on: Express, and `keyturn/http` by itself.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HttpVisit } from '../../http/contract.js';
import { pathOf } from '../../http/path.js';
import type { Keyturn } from '../../keyturn.js';
import type { ConsoleAnswer, ConsoleRequest } from '../contract.js';
import { parsedForm, readForm } from './form.js';
import { Mount, type PlacedConsoleOptions } from './mount.js';

/** Answers a request that is for the console. */
export type NodeConsole = (
  request: IncomingMessage,
  response: ServerResponse,
  visit: HttpVisit,
  body?: unknown,
) => Promise<boolean>;

/**
 * The console for an app on `node:http` that uses `keyturn/http`. Call it with each request and its visit, once
 * `visit.before()` is through, and with the parsed body where the app has read it.
 *
 * @param http what `openHttp()` returned
 * @returns it resolves to true where it has answered; to false for any other address, and whoever may not see it
 * @throws KeyturnError `argument_invalid` without a guard
 * @example
 * const ui = nodeConsole(http, { guard: ({ session }) => session.admin && { who: session.user } });
 * if (await ui(request, response, visit, form)) return;
 */
export function nodeConsole(
  http: { readonly keyturn: Keyturn },
  options: PlacedConsoleOptions<[visit: HttpVisit, request: IncomingMessage]>,
): NodeConsole {
  const example = '({ session }) => session.admin && { who: session.user }';
  const mount = new Mount({ call: 'nodeConsole(http, options)', example }, options);
  return async (request, response, visit, body) => {
    const below = mount.below(pathOf(request.url));
    if (below === undefined) return false;
    const answer = await mount.answer(below, {
      keyturn: http.keyturn,
      given: [visit, request],
      ...nodeParts(request, response, body),
      originalUrl: request.url ?? '/',
      csrfToken: () => visit.csrfToken(),
      checkCsrf: (token) => visit.checkCsrf(token),
    });
    if (answer === undefined) return false;
    await send(answer, request, response);
    return true;
  };
}

/** What a request of Node says by itself. @param body as a parser has left it; undefined where none has */
export function nodeParts(
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
): Pick<ConsoleRequest, 'method' | 'form' | 'lastEventId' | 'signal'> {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  response.once('close', () => gone.abort());
  return {
    method: request.method ?? 'GET',
    form: async () => {
      const parsed = parsedForm(body);
      if (parsed !== undefined || request.readableDidRead) return parsed;
      return await readForm(request.headers['content-type'], request);
    },
    lastEventId: textOf(request.headers['last-event-id']),
    signal: gone.signal,
  };
}

function textOf(field: string | string[] | undefined): string | undefined {
  return typeof field === 'string' ? field : undefined;
}

export async function send(
  { status, headers, body }: ConsoleAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const isHead = request.method === 'HEAD';
  if (typeof body === 'string' || isHead) {
    response.end(isHead ? undefined : body);
    return;
  }
  response.flushHeaders();
  // Whoever looks may go at any time.
  await pipeline(Readable.from(body), response).catch(() => response.destroy());
}
