// A middleware inside another, in the frameworks where both meet one request.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyParser } from '@koa/bodyparser';
import express5 from 'express';
// @ts-expect-error: it has no types under this name
import express4 from 'express4';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, onTestFinished, test } from 'vitest';
import keyturnExpress from '../../src/adapters/express/index.js';
import keyturnHono, { type KeyturnEnv } from '../../src/adapters/hono/index.js';
import keyturnKoa from '../../src/adapters/koa/index.js';
import type { HttpOptions } from '../../src/http/core.js';
import type { Keyturn } from '../../src/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { testKeyturn } from '../support/keyturn.js';

interface Options extends HttpOptions {
  readonly keyturn: Keyturn;
  readonly csrf?: 'manual';
}

/** Answers to a request. */
type App = (path: string, init?: RequestInit) => Promise<Response>;

async function served(listener: RequestListener): Promise<App> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const { port } = server.address() as AddressInfo;
  return async (path, init) => await fetch(`http://localhost:${port}${path}`, init);
}

const expressApp =
  (express: typeof express5) =>
  async (outer: Options, inner: Options): Promise<App> => {
    const app = express();
    app.use(express.urlencoded({ extended: false }), keyturnExpress(outer));
    const router = express.Router();
    router.use(keyturnExpress(inner));
    router.all('/read', (req, res) => void res.json({ ...req.session }));
    app.use('/inner', router);
    app.use((error: any, _req: any, res: any, _next: any) =>
      res.status(error.statusCode).send(error.message),
    );
    return await served(app);
  };

/** Apps that have one middleware for all, and another one for what lies under `/inner`. */
const APPS = {
  'Express 5': expressApp(express5),
  'Express 4': expressApp(express4),
  Koa: async (outer: Options, inner: Options): Promise<App> => {
    const app = new Koa();
    app.use(async (ctx, next) => {
      await next().catch((error) => {
        ctx.status = error.statusCode;
        ctx.body = error.message;
      });
    });
    app.use(bodyParser()).use(keyturnKoa(outer)).use(keyturnKoa(inner));
    app.use((ctx) => {
      ctx.body = { ...ctx.session };
    });
    return await served(app.callback());
  },
  Hono: async (outer: Options, inner: Options): Promise<App> => {
    const app = new Hono<KeyturnEnv>().use(keyturnHono(outer)).use('/inner/*', keyturnHono(inner));
    app.all('/inner/read', (c) => c.json({ ...c.var.session }));
    app.onError((error, c) =>
      'getResponse' in error ? (error as any).getResponse() : c.text(error.message, 500),
    );
    return async (path, init) => await app.request(`http://localhost${path}`, init);
  },
};

const FORGED: RequestInit = {
  method: 'POST',
  headers: {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
    'content-type': 'application/x-www-form-urlencoded',
  },
  body: 'a=1',
};

describe.each(
  Object.entries(APPS),
)('%s: a middleware inside another with the same Keyturn', (_name, make) => {
  test.each<[outer: 'manual' | undefined, inner: 'manual' | undefined, status: number]>([
    ['manual', undefined, 403],
    [undefined, 'manual', 403],
    ['manual', 'manual', 200],
  ])('csrf %s outside and %s inside', async (outer, inner, status) => {
    const keyturn = await testKeyturn();
    const csrf = (value: 'manual' | undefined) => (value === undefined ? {} : { csrf: value });
    const ask = await make({ keyturn, ...csrf(outer) }, { keyturn, ...csrf(inner) });
    expect((await ask('/inner/read', FORGED)).status).toBe(status);
  });

  test('is refused where it was given another store or epoch, which would count for nothing', async () => {
    const keyturn = await testKeyturn();
    const store = memoryStore();
    const epoch = () => 1;
    const status = async (outer: HttpOptions, inner: HttpOptions) => {
      const ask = await make({ keyturn, ...outer }, { keyturn, ...inner });
      const answer = await ask('/inner/read');
      return [answer.status, await answer.text()];
    };
    expect(await status({ store }, { store: memoryStore() })).toEqual([
      500,
      expect.stringContaining('another store'),
    ]);
    expect(await status({}, { epoch })).toEqual([500, expect.stringContaining('another epoch')]);
    expect(await status({ store, epoch }, {})).toEqual([200, '{}']);
    expect(await status({ store, epoch }, { store, epoch: () => 1 })).toEqual([200, '{}']);
  });
});
