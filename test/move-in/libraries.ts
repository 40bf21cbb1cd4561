// One app on each library that sessions can move in from, and on Keyturn with the framework that it comes with. All have
// the same four routes.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import keyturnHono from '../../src/adapters/hono/index.js';
import keyturnKoa from '../../src/adapters/koa/index.js';
import { expressSession } from '../../src/bridges/express-session/index.js';
import { liveFastifySession } from '../../src/bridges/fastify/session.js';
import { liveCookieSession, liveKeygrip } from '../../src/bridges/keygrip/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { listen } from '../bridges/apps/listen.mjs';
import { neighbour } from '../bridges/neighbours.js';
import type { Afterwards } from '../support/afterwards.js';
import {
  expressApp,
  expressSessionReplica,
  forAdapter,
  type KeyturnReplica,
  KINDS,
  keyturnReplica,
  movingKeyturn,
  OLD_SECRET,
} from './replicas.js';

/** A library, and what takes its place. */
export interface Neighbour {
  /** The section under `[move_in]`. */
  readonly name: string;
  /** The name of its cookie. */
  readonly cookie: string;
  /** Whether a session ends there when its cookie is copied and then signed out. */
  readonly stores: boolean;
  /** What the libraries' replicas share; undefined where that is nothing. */
  readonly shared: () => Promise<any>;
  readonly old: (shared: any, afterwards: Afterwards) => Promise<string>;
  /** The library with a bridge beside it. */
  readonly bridged: (shared: any, keyturn: Keyturn, afterwards: Afterwards) => Promise<string>;
  readonly keyturn: (replica: KeyturnReplica, afterwards: Afterwards) => Promise<string>;
}

type Request = { method: string; path: string };

/** The routes, for frameworks in which a session is an object. @returns what is answered; null: the session is to end */
function run({ method, path }: Request, session: any): { body: unknown; ends?: true } {
  const [, verb, thing] = path.split('/');
  if (method === 'GET') return { body: { user: session.passport?.user ?? null, cart: session.cart ?? [] } };
  if (verb === 'sign-out') return { body: null, ends: true };
  if (verb === 'cart') session.cart = [...(session.cart ?? []), thing];
  if (verb === 'sign-in') {
    session.passport = { user: thing };
    delete session.cart;
  }
  return { body: null };
}

async function koaApp(prepare: (app: any) => unknown): Promise<any> {
  const { default: Koa } = await neighbour('koa');
  const app = new Koa();
  app.use(prepare(app));
  app.use((ctx: any) => {
    const { body, ends } = run(ctx, ctx.session);
    if (ends) ctx.session = null;
    ctx.body = JSON.stringify(body);
  });
  return app.callback();
}

async function served(handler: any, afterwards: Afterwards): Promise<string> {
  const { url, close } = await listen(handler);
  afterwards(close);
  return url;
}

async function fastifyApp(
  plugins: readonly (readonly [any, any])[],
  afterwards: Afterwards,
): Promise<string> {
  const { default: fastify } = await neighbour('fastify');
  const app = fastify();
  for (const [plugin, options] of plugins) await app.register(plugin, options);
  app.get('/', async (request: any) => run({ method: 'GET', path: '/' }, request.session).body);
  app.post('/sign-in/:user', async (request: any) => {
    await request.session.regenerate();
    request.session.passport = { user: request.params.user };
    return null;
  });
  app.post(
    '/cart/:thing',
    async (request: any) => run({ method: 'POST', path: request.url }, request.session).body,
  );
  app.post('/sign-out', async (request: any) => {
    await request.session.destroy();
    return null;
  });
  afterwards(() => app.close());
  return await app.listen({ port: 0, host: '127.0.0.1' });
}

/** What the app of express-session calls, as people write it for cookie-session. */
async function cookieSessionReplica(inner: any, afterwards: Afterwards): Promise<string> {
  const app = await expressApp((request, response, next) =>
    inner(request, response, (error: unknown) => {
      Object.assign(Object.getPrototypeOf(request.session), {
        regenerate(done: () => void) {
          request.session = {};
          Object.assign(Object.getPrototypeOf(request.session), { regenerate: undefined });
          done();
        },
        destroy(done: () => void) {
          request.session = null;
          done();
        },
      });
      next(error);
    }),
  );
  return await served(app, afterwards);
}

/** @param keys strings, or what stands for a Keygrip */
async function koaSessionReplica(keys: any, afterwards: Afterwards): Promise<string> {
  const { default: session, createSession = session } = await neighbour('koa-session');
  const prepare = (app: any) => {
    app.keys = keys;
    return createSession({}, app);
  };
  return await served(await koaApp(prepare), afterwards);
}

const nothing = async () => undefined;

export const NEIGHBOURS: readonly Neighbour[] = [
  {
    name: 'express-session',
    cookie: 'connect.sid',
    stores: true,
    shared: async () => {
      const { default: session } = await neighbour('express-session');
      const store = new session.MemoryStore();
      store.setMaxListeners(0);
      return store;
    },
    old: (store, afterwards) => expressSessionReplica({ store }, afterwards),
    bridged: async (store, keyturn, afterwards) => {
      const { default: session } = await neighbour('express-session');
      const options = { store, resave: false, saveUninitialized: false };
      return await served(await expressApp(expressSession(keyturn, session, options)), afterwards);
    },
    keyturn: keyturnReplica,
  },
  {
    name: 'cookie-session',
    cookie: 'session',
    stores: false,
    shared: nothing,
    old: async (_, afterwards) => {
      const { default: cookieSession } = await neighbour('cookie-session');
      return await cookieSessionReplica(cookieSession({ keys: [OLD_SECRET] }), afterwards);
    },
    bridged: async (_, keyturn, afterwards) => {
      const { default: cookieSession } = await neighbour('cookie-session');
      return await cookieSessionReplica(liveCookieSession(keyturn, cookieSession, {}), afterwards);
    },
    keyturn: keyturnReplica,
  },
  {
    name: 'koa-session',
    cookie: 'koa.sess',
    stores: false,
    shared: nothing,
    old: async (_, afterwards) => await koaSessionReplica([OLD_SECRET], afterwards),
    bridged: async (_, keyturn, afterwards) =>
      await koaSessionReplica(liveKeygrip(keyturn, { purpose: 'koa-session', session: {} }), afterwards),
    keyturn: async (replica, afterwards) => {
      const keyturn = await movingKeyturn(replica, afterwards);
      const middleware = keyturnKoa({ keyturn, csrf: 'manual', ...forAdapter(replica) });
      await middleware.ready();
      return await served(await koaApp(() => middleware), afterwards);
    },
  },
  {
    name: 'fastify-session',
    cookie: 'sessionId',
    stores: true,
    shared: async () => {
      const { default: session } = await neighbour('@fastify/session');
      return new session.MemoryStore();
    },
    old: async (store, afterwards) => {
      const { default: cookie } = await neighbour('@fastify/cookie');
      const { default: session } = await neighbour('@fastify/session');
      const options = { secret: OLD_SECRET, store, cookie: { secure: false }, saveUninitialized: false };
      return await fastifyApp(
        [
          [cookie, {}],
          [session, options],
        ],
        afterwards,
      );
    },
    bridged: async (store, keyturn, afterwards) => {
      const { default: cookie } = await neighbour('@fastify/cookie');
      const { default: session } = await neighbour('@fastify/session');
      const options = { store, cookie: { secure: false }, saveUninitialized: false };
      return await fastifyApp(
        [
          [cookie, {}],
          [liveFastifySession(keyturn, session, options), {}],
        ],
        afterwards,
      );
    },
    keyturn: async (replica, afterwards) => {
      const settings = { csrf: { mode: 'headers' } };
      const keyturn = await movingKeyturn({ ...replica, settings }, afterwards);
      return await fastifyApp([[keyturnFastify, { keyturn, ...forAdapter(replica) }]], afterwards);
    },
  },
  {
    // An app that leaves Koa with its library.
    name: 'koa-session',
    cookie: 'koa.sess',
    stores: false,
    shared: nothing,
    old: async (shared, afterwards) => (NEIGHBOURS[2] as Neighbour).old(shared, afterwards),
    bridged: async (...given) => (NEIGHBOURS[2] as Neighbour).bridged(...given),
    keyturn: async (replica, afterwards) => {
      const settings = { csrf: { mode: 'headers' } };
      const keyturn = await movingKeyturn({ ...replica, settings }, afterwards);
      const app = new Hono();
      app.use(keyturnHono({ keyturn, ...forAdapter(replica) }) as any);
      app.all('*', (c: any) => {
        const { body, ends } = run(c.req, c.var.session);
        if (ends) c.var.session.destroy();
        return c.json(body);
      });
      const server: any = await new Promise((listening) => {
        const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => listening(started));
      });
      afterwards(() => server.close());
      return `http://127.0.0.1:${server.address().port}`;
    },
  },
];

/** Each of them, with each kind of session that it moves to. */
export const CASES: ReadonlyArray<{
  readonly library: Neighbour;
  readonly kind: string;
  readonly title: string;
}> = NEIGHBOURS.flatMap((library, at) =>
  Object.keys(KINDS).map((kind) => ({
    library,
    kind,
    title: `${library.name} ${at === 4 ? 'to Hono ' : ''}${kind}`,
  })),
);
