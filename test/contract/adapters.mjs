// @ts-check
// Every adapter as it is compiled, with the framework that it binds to.
import { edgeDriver } from './drivers/edge.mjs';
import { expressDriver } from './drivers/express.mjs';
import { fastifyDriver } from './drivers/fastify.mjs';
import { serveFetch } from './drivers/fetch-server.mjs';
import { honoDriver } from './drivers/hono.mjs';
import { koaDriver } from './drivers/koa.mjs';
import { webDriver } from './drivers/web.mjs';

/** @import { HttpContractDriver } from '../../src/testing/index.js' */

/** @param {any} module */
const main = ({ default: it }) => it;
const dist = '../../dist/adapters';

/** @type {Readonly<Record<string, () => Promise<HttpContractDriver>>>} */
export const ADAPTERS = {
  fastify: async () =>
    fastifyDriver(
      main(await import('fastify')),
      main(await import('@fastify/formbody')),
      main(await import(`${dist}/fastify/index.js`)),
    ),
  express5: async () =>
    expressDriver(main(await import('express')), main(await import(`${dist}/express/index.js`))),
  express4: async () =>
    // @ts-expect-error: it has no types under this name
    expressDriver(main(await import('express4')), main(await import(`${dist}/express/index.js`))),
  koa3: async () =>
    koaDriver(
      main(await import('koa')),
      (await import('@koa/bodyparser')).bodyParser,
      await import(`${dist}/koa/index.js`),
    ),
  koa2: async () =>
    koaDriver(
      // @ts-expect-error: it has no types under this name
      main(await import('koa2')),
      (await import('@koa/bodyparser')).bodyParser,
      await import(`${dist}/koa/index.js`),
    ),
  hono: async () =>
    honoDriver(
      { ...(await import('hono')), ...(await import('hono/http-exception')) },
      await import(`${dist}/hono/index.js`),
    ),
  edge: async () =>
    edgeDriver(
      main(await import(`${dist}/edge/index.js`)),
      (await import('../../dist/sessions/stores/memory.js')).memoryStore,
      serveFetch,
    ),
  web: async () => webDriver(main(await import(`${dist}/web/index.js`))),
};
