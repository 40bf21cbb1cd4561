import type { AddressInfo } from 'node:net';
import formbody from '@fastify/formbody';
import Fastify from 'fastify';
import keyturnFastify from '../../src/adapters/fastify.js';
import { httpContract, type StartApp } from '../contract/http-contract.js';

const start: StartApp = async (keyturn, options, routes) => {
  const app = Fastify();
  await app.register(formbody);
  app.register(keyturnFastify, { keyturn, ...options });
  for (const { method, path, csrf, run } of routes) {
    app.route({
      method,
      url: path,
      config: { csrf },
      handler: async (request, reply) => {
        const result = await run({
          session: request.session,
          get flash() {
            return request.flash;
          },
          csrfToken: () => reply.csrfToken(),
          body: request.body,
          setHeader: (name, value) => reply.header(name, value),
        });
        return reply.type('application/json').send(JSON.stringify(result));
      },
    });
  }
  await app.listen({ port: 0, host: 'localhost' });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://localhost:${port}`, close: () => app.close() };
};

httpContract('fastify', start);
