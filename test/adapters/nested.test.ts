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

function named(session: any, who: string): string {
  session.who = who;
  return who;
}

/** As koa-mount has it. */
function mounted(prefix: string, { middleware: stack }: any): Koa.Middleware {
  const run = async (ctx: Koa.Context, next: Koa.Next, at = 0): Promise<unknown> =>
    at === stack.length ? await next() : await stack[at](ctx, () => run(ctx, next, at + 1));
  return async (ctx, next) => {
    const { path } = ctx;
    if (!path.startsWith(`${prefix}/`)) return await next();
    const local = path.slice(prefix.length);
    ctx.path = local;
    await run(ctx, async () => {
      ctx.path = path;
      await next();
      ctx.path = local;
    });
    ctx.path = path;
  };
}

const falling =
  (express: typeof express5) =>
  async (outer: Options, inner: Options): Promise<App> => {
    const app = express();
    app.use(keyturnExpress(outer));
    app.get('/in', (req, res) => res.send(named(req.session, 'outer')));
    for (const make of [() => express.Router(), () => express()]) {
      const router = make();
      router.use(keyturnExpress(inner));
      router.get('/in', (req: any, res: any) => res.send(named(req.session, 'inner')));
      router.get('/read', (req: any, res: any) => res.json([req.session.who]));
      router.get('/fails', () => {
        throw new Error('on purpose');
      });
      app.use('/inner', router);
    }
    // A router of the outer app, with something inside it.
    const later = express.Router();
    const deep = express.Router();
    deep.use((req: any, res: any) => {
      const token = String(res.locals.csrfToken);
      res.json([req.session.who, req.sessionID.length, token.length > 0]);
    });
    app.use(later.use(deep));
    app.use((_error: any, req: any, res: any, _next: any) => res.json([req.session.who]));
    return await served(app);
  };

/** Apps that hold another one under `/inner`, from which a request can fall back into the outer one. */
const FALLING = {
  'Express 5': falling(express5),
  'Express 4': falling(express4),
  Koa: async (outer: Options, inner: Options): Promise<App> => {
    const inside: any = new Koa().use(keyturnKoa(inner)).use(async (ctx, next) => {
      if (ctx.path === '/in') ctx.body = named(ctx.session, 'inner');
      else if (ctx.path === '/read') ctx.body = [ctx.session.who];
      else if (ctx.path === '/fails') throw new Error('on purpose');
      else await next();
    });
    const app = new Koa().use(keyturnKoa(outer)).use(async (ctx, next) => {
      await next().catch(() => {});
      ctx.set('after', String(ctx.session.who));
      ctx.body ??= [ctx.session.who];
    });
    app.use(mounted('/inner', inside)).use((ctx) => {
      ctx.body = ctx.path === '/in' ? named(ctx.session, 'outer') : [ctx.session.who];
    });
    return await served(app.callback());
  },
};

describe.each(
  Object.entries(FALLING),
)('%s: a request that an inner app with a Keyturn of its own hands back', (_name, make) => {
  const ask = async () => {
    const outer = await testKeyturn();
    const inner = await testKeyturn({ config: { app: 'inner' } });
    const app = await make({ keyturn: outer }, { keyturn: inner });
    const cookies = [await app('/in'), await app('/inner/in')].flatMap((answer) =>
      answer.headers.getSetCookie().map((field) => field.split(';')[0]),
    );
    expect(cookies).toHaveLength(2);
    const headers = { cookie: cookies.join('; ') };
    return async (path: string) => ((await (await app(path, { headers })).json()) as unknown[])[0];
  };

  test('has the session of the outer app again', async () => {
    const get = await ask();
    expect(await get('/inner/read')).toBe('inner');
    expect(await get('/inner/through')).toBe('outer');
    expect(await get('/through')).toBe('outer');
  });

  test('has it where the outer app answers to an error', async () => {
    const get = await ask();
    expect(await get('/inner/fails')).toBe('outer');
  });
});

describe('where control comes back after an inner app', () => {
  test('Koa has the session of the outer app', async () => {
    const [outer, inner] = [await testKeyturn(), await testKeyturn({ config: { app: 'inner' } })];
    const app = await FALLING.Koa({ keyturn: outer }, { keyturn: inner });
    const cookie = (await app('/in')).headers.getSetCookie()[0]?.split(';')[0] as string;
    const answer = await app('/inner/read', { headers: { cookie } });
    expect([answer.headers.get('after'), await answer.json()]).toEqual(['outer', [null]]);
  });

  test('Hono has the session of the outer app', async () => {
    const [outer, inner] = [await testKeyturn(), await testKeyturn({ config: { app: 'inner' } })];
    const inside = new Hono<KeyturnEnv>()
      .use(keyturnHono({ keyturn: inner }))
      .get('/in', (c) => c.text(named(c.var.session, 'inner')))
      .get('/fails', () => {
        throw new Error('on purpose');
      });
    const app = new Hono<KeyturnEnv>().use(keyturnHono({ keyturn: outer })).use(async (c, next) => {
      c.var.session.who = 'outer';
      await next();
      c.header(
        'after',
        `${c.var.session.who} ${(c.get('session') as any).who} ${c.var.csrfToken().length > 9}`,
      );
    });
    app.route('/inner', inside).onError((error, c) => c.text(error.message, 500));
    for (const path of ['/inner/in', '/inner/fails', '/inner/through'])
      expect((await app.request(path)).headers.get('after')).toBe('outer outer true');
  });
});

test.each([
  ['Express', keyturnExpress],
  ['Koa', keyturnKoa],
])('%s: an app inside an app inside an app goes by the outermost, if it has the Keyturn of that', async (framework, keyturn) => {
  const [outer, inner] = [await testKeyturn(), await testKeyturn({ config: { app: 'inner' } })];
  const layers = [outer, inner, outer].map((one) => keyturn({ keyturn: one }) as any);
  const seen: unknown[] = [];
  let app: App;
  if (framework === 'Koa') {
    const koa = new Koa();
    for (const layer of layers)
      koa.use(layer).use(async (ctx, next) => {
        seen.push(ctx.session.id);
        await next();
      });
    app = await served(koa.callback());
  } else {
    const express = express5();
    const look = (req: any, _res: any, next: any) => {
      seen.push(req.sessionID);
      next();
    };
    for (const layer of layers) express.use(layer).use(look);
    app = await served(express);
  }
  await app('/');
  expect(new Set(seen).size).toBe(2);
  expect(seen[2]).toBe(seen[0]);
});
