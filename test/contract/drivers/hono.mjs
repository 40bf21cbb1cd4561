// @ts-check
// Hono for the contract of adapters.
import { bodyOf, responseOf } from './fetch.mjs';
import { serveFetch } from './fetch-server.mjs';

/** @import { HttpContractApp, HttpContractDriver } from '../../../src/testing/index.js' */

/**
 * @param {any} hono the modules `hono` and `hono/http-exception` in one
 * @param {typeof import('../../../src/adapters/hono/index.js')} adapter
 * @returns {HttpContractDriver}
 */
export function honoDriver(hono, adapter) {
  return {
    lacks: { proxies: 'the server that Hono runs on has given it the URL that the browser named' },
    async start({ inner, http2, ...outer }) {
      const app = await build(hono, adapter, outer);
      if (inner !== undefined) app.route('/inner', await build(hono, adapter, inner));
      return await serveFetch(app.fetch, http2);
    },
  };
}

/**
 * @param {any} hono
 * @param {typeof import('../../../src/adapters/hono/index.js')} adapter
 * @param {Pick<HttpContractApp, 'keyturn' | 'options' | 'routes' | 'csrf'>} described
 */
async function build({ Hono, HTTPException }, { default: keyturn, csrf: protect }, described) {
  const middleware = keyturn({
    keyturn: described.keyturn,
    ...described.options,
    csrf: described.csrf ?? 'manual',
  });
  await middleware.ready();
  const app = new Hono();
  app.use(middleware);
  app.onError((/** @type {any} */ error, /** @type {any} */ c) => {
    if (error instanceof HTTPException) return error.getResponse();
    return c.json({ message: error.message }, error.statusCode ?? 500);
  });
  for (const { method, path, csrf, run } of described.routes) {
    if (csrf) app.on(method, path, protect());
    app.on(method, path, async (/** @type {any} */ c) => {
      const reply = await run({
        get session() {
          return c.var.session;
        },
        get flash() {
          return c.get('flash');
        },
        csrfToken: () => c.var.csrfToken(),
        body: await bodyOf(c.req.raw),
        setHeader: (name, value) => c.header(name, value),
      });
      if ('redirect' in reply) return c.redirect(reply.redirect, 303);
      if ('status' in reply) return c.body(null, reply.status);
      if ('json' in reply)
        return c.body(JSON.stringify(reply.json) ?? 'null', 200, { 'content-type': 'application/json' });
      return responseOf(reply);
    });
  }
  return app;
}
