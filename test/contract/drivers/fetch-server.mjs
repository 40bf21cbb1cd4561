// @ts-check
// A server for what answers a Fetch request, on Node, Bun and Deno.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { getRequestListener } from '@hono/node-server';

/** @import { StartedHttpApp } from '../../../src/testing/index.js' */

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
  // Servers of Bun and Deno take no Response but their own.
  const overrideGlobalObjects = Bun === undefined && Deno === undefined;
  const listener = getRequestListener(fetch, { overrideGlobalObjects });
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
