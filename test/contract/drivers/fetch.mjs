// @ts-check
// What the drivers of Fetch adapters share: an answer as a `Response`, and a server for those who want one.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { getRequestListener } from '@hono/node-server';

/** @import { HttpContractReply, StartedHttpApp } from '../../../src/testing/index.js' */

/**
 * @param {HttpContractReply} reply
 * @returns {Response}
 */
export function responseOf(reply) {
  if ('redirect' in reply) return new Response(null, { status: 303, headers: { location: reply.redirect } });
  if ('status' in reply) return new Response(null, { status: reply.status });
  if ('stream' in reply) {
    const pieces = reply.stream[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: () => void pieces.return?.(),
    });
    return new Response(body, { headers: { 'content-type': 'text/plain' } });
  }
  return new Response(JSON.stringify(reply.json) ?? 'null', {
    headers: { 'content-type': 'application/json' },
  });
}

/** @param {Request} request */
export async function bodyOf(request) {
  const type = request.headers.get('content-type') ?? '';
  if (type.includes('json')) return await request.json();
  return Object.fromEntries(new URLSearchParams(await request.text()));
}

/**
 * @param {(request: Request) => Response | Promise<Response>} fetch
 * @param {boolean} [http2]
 * @returns {Promise<StartedHttpApp>}
 */
export async function serveFetch(fetch, http2 = false) {
  const { Bun, Deno } = /** @type {any} */ (globalThis);
  if (Bun !== undefined && !http2) {
    const server = Bun.serve({ fetch, port: 0, hostname: 'localhost' });
    return { url: `http://localhost:${server.port}`, close: () => server.stop(true) };
  }
  if (Deno !== undefined && !http2) {
    const server = Deno.serve({ port: 0, hostname: 'localhost', onListen() {} }, fetch);
    return { url: `http://localhost:${server.addr.port}`, close: () => server.shutdown() };
  }
  const listener = getRequestListener(fetch);
  /** @type {any} */
  const server = http2 ? createHttp2Server(listener) : createServer(listener);
  await new Promise((done) => server.listen(0, 'localhost', done));
  return {
    url: `http://localhost:${server.address().port}`,
    close: async () => {
      server.closeAllConnections?.();
      await new Promise((done) => server.close(done));
    },
  };
}
