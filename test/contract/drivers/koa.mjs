// @ts-check
// Koa 3 and 2 for the contract of adapters.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { Readable } from 'node:stream';

/** @import { HttpContractApp, HttpContractDriver } from '../../../src/testing/index.js' */

/**
 * @param {any} Koa
 * @param {any} bodyParser
 * @param {typeof import('../../../src/adapters/koa/index.js')} adapter
 * @returns {HttpContractDriver}
 */
export function koaDriver(Koa, bodyParser, adapter) {
  return {
    async start({ inner, trustProxy, http2, ...outer }) {
      const app = new Koa({ proxy: trustProxy });
      app.silent = true;
      app.use(async (/** @type {any} */ ctx, /** @type {any} */ next) => {
        try {
          await next();
        } catch (/** @type {any} */ error) {
          ctx.status = error.status ?? 500;
          ctx.body = { message: error.message };
        }
      });
      app.use(bodyParser());
      await use(app, adapter, outer, '');
      if (inner !== undefined) await use(app, adapter, inner, '/inner');
      /** @type {any} */
      const server = http2 ? createHttp2Server(app.callback()) : createServer(app.callback());
      await new Promise((done) => server.listen(0, 'localhost', () => done(undefined)));
      return {
        url: `http://localhost:${server.address().port}`,
        close: async () => {
          server.closeAllConnections?.();
          await new Promise((done) => server.close(done));
        },
      };
    },
  };
}

/**
 * @param {any} app
 * @param {typeof import('../../../src/adapters/koa/index.js')} adapter
 * @param {Pick<HttpContractApp, 'keyturn' | 'options' | 'routes' | 'csrf'>} described
 * @param {string} folder
 */
async function use(app, { default: keyturn, csrf: protect }, described, folder) {
  const middleware = keyturn({
    keyturn: described.keyturn,
    ...described.options,
    csrf: described.csrf ?? 'manual',
  });
  await middleware.ready();
  app.use(within(folder, middleware));
  for (const { method, path, csrf, run } of described.routes) {
    const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
    const at = (/** @type {any} */ handle) => (/** @type {any} */ ctx, /** @type {any} */ next) =>
      methods.includes(ctx.method) && ctx.path === folder + path ? handle(ctx, next) : next();
    if (csrf) app.use(at(protect()));
    app.use(
      at(async (/** @type {any} */ ctx) => {
        const reply = await run({
          get session() {
            return ctx.session;
          },
          get flash() {
            return ctx.flash;
          },
          csrfToken: () => ctx.csrfToken(),
          body: ctx.request.body,
          setHeader: (name, value) => ctx.set(name, value),
        });
        if ('redirect' in reply) {
          ctx.status = 303;
          ctx.redirect(reply.redirect);
        } else if ('status' in reply) {
          ctx.status = reply.status;
        } else if ('stream' in reply) {
          ctx.type = 'text/plain';
          ctx.body = Readable.from(reply.stream);
        } else {
          ctx.type = 'application/json';
          ctx.body = JSON.stringify(reply.json) ?? 'null';
        }
      }),
    );
  }
}

/**
 * As koa-mount has it.
 *
 * @param {string} folder
 * @param {any} middleware
 */
function within(folder, middleware) {
  return (/** @type {any} */ ctx, /** @type {any} */ next) =>
    ctx.path.startsWith(`${folder}/`) ? middleware(ctx, next) : next();
}
