// @ts-check
// Fastify for the contract of adapters.
import { Readable } from 'node:stream';

/** @import { HttpContractApp, HttpContractDriver } from '../../../src/testing/index.js' */

/**
 * @param {any} Fastify
 * @param {any} formbody
 * @param {any} keyturn
 * @returns {HttpContractDriver}
 */
export function fastifyDriver(Fastify, formbody, keyturn) {
  return {
    lacks: {
      nested: 'Fastify has one plugin of a name for an app and all that it holds',
      automatic: 'here each route says by itself whether it is checked',
    },
    async start({ trustProxy, http2, ...described }) {
      // Those that clients keep open, as Deno's does, are not waited for.
      const app = Fastify({ trustProxy, http2, forceCloseConnections: true });
      await app.register(formbody);
      await build(app, keyturn, described);
      await app.listen({ port: 0, host: 'localhost' });
      return { url: `http://localhost:${app.server.address().port}`, close: () => app.close() };
    },
  };
}

/**
 * @param {any} app
 * @param {any} plugin
 * @param {Pick<HttpContractApp, 'keyturn' | 'options' | 'routes'>} described
 */
async function build(app, plugin, { keyturn, options, routes }) {
  await app.register(plugin, { keyturn, ...options });
  for (const { method, path, csrf, run } of routes) {
    app.route({
      method,
      url: path,
      config: { csrf },
      handler: async (/** @type {any} */ request, /** @type {any} */ reply) => {
        const answer = await run({
          get session() {
            return request.session;
          },
          get flash() {
            return request.flash;
          },
          csrfToken: () => reply.csrfToken(),
          body: request.body,
          setHeader: (name, value) => reply.header(name, value),
        });
        if ('redirect' in answer) return reply.redirect(answer.redirect, 303);
        if ('status' in answer) return reply.code(answer.status).send();
        if ('stream' in answer) return reply.type('text/plain').send(Readable.from(answer.stream));
        return reply.type('application/json').send(JSON.stringify(answer.json));
      },
    });
  }
}
