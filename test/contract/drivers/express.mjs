// @ts-check
// Express 5 and 4 for the contract of adapters.
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** @import { HttpContractApp, HttpContractDriver } from '../../../src/testing/index.js' */

/**
 * @param {any} express
 * @param {typeof import('../../../src/adapters/express/index.js').default} keyturn
 * @returns {HttpContractDriver}
 */
export function expressDriver(express, keyturn) {
  return {
    lacks: { http2: 'Express answers over HTTP/1.1 alone' },
    async start({ inner, trustProxy, ...outer }) {
      const app = await build(express, keyturn, outer);
      if (trustProxy) app.set('trust proxy', true);
      if (inner !== undefined) app.use('/inner', await build(express, keyturn, inner));
      app.use(
        (
          /** @type {any} */ error,
          /** @type {any} */ _req,
          /** @type {any} */ res,
          /** @type {any} */ next,
        ) => {
          if (res.headersSent) return next(error);
          res.status(error.statusCode ?? 500).json({ message: error.message });
        },
      );
      const server = app.listen(0, 'localhost');
      await once(server, 'listening');
      return {
        url: `http://localhost:${server.address().port}`,
        close: async () => {
          server.closeAllConnections();
          await new Promise((done) => server.close(done));
        },
      };
    },
  };
}

/**
 * @param {any} express
 * @param {typeof import('../../../src/adapters/express/index.js').default} keyturn
 * @param {Pick<HttpContractApp, 'keyturn' | 'options' | 'routes' | 'csrf'>} described
 */
async function build(express, keyturn, described) {
  const app = express();
  app.use(express.json(), express.urlencoded({ extended: false }));
  const middleware = keyturn({
    keyturn: described.keyturn,
    ...described.options,
    csrf: described.csrf ?? 'manual',
  });
  await middleware.ready();
  app.use(middleware);
  for (const { method, path, csrf, run } of described.routes) {
    const checks = csrf ? [keyturn.csrf()] : [];
    const handle = async (/** @type {any} */ req, /** @type {any} */ res) => {
      const reply = await run({
        get session() {
          return req.session;
        },
        get flash() {
          return req.flash.bind(req);
        },
        csrfToken: () => req.csrfToken(),
        body: req.body,
        setHeader: (name, value) => res.set(name, value),
      });
      if ('redirect' in reply) res.redirect(303, reply.redirect);
      else if ('status' in reply) res.status(reply.status).end();
      else if ('stream' in reply) {
        // A client that has gone away is no error of the app.
        const sent = pipeline(Readable.from(reply.stream), res.type('text/plain'));
        await sent.catch((error) => res.destroyed || Promise.reject(error));
      } else res.type('application/json').send(JSON.stringify(reply.json));
    };
    // Express 4 looks at no promise.
    app[method === 'GET' ? 'get' : 'post'](
      path,
      ...checks,
      (/** @type {any} */ req, /** @type {any} */ res, /** @type {any} */ next) => {
        handle(req, res).catch(next);
      },
    );
  }
  return app;
}
