// The same small app on every framework: routes that do something with a session and answer with JSON, files that nobody
// needs a session for, and a 404 for everything else.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import keyturnExpress from '../../src/adapters/express/index.js';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import keyturnHono, { type KeyturnEnv } from '../../src/adapters/hono/index.js';
import { holdUntilSaved, nodeRequest, openHttp } from '../../src/adapters/http/index.js';
import keyturnKoa from '../../src/adapters/koa/index.js';
import keyturnWeb from '../../src/adapters/web/index.js';
import type { HttpOptions } from '../../src/http/core.js';
import type { Flash } from '../../src/http/flash.js';
import type { Keyturn } from '../../src/keyturn.js';
import type { Session } from '../../src/sessions/session.js';
import { serveFetch } from '../contract/drivers/fetch.mjs';

/** What a route has. */
export interface AppVisit {
  readonly session: Session;
  readonly flash: Flash;
  csrfToken(): string;
}

/** By their paths: GET, and POST with the CSRF check. What they return is sent as JSON. */
export type AppRoutes = Readonly<Record<string, (visit: AppVisit) => unknown>>;

interface SessionApp {
  readonly url: string;
  close(): Promise<void>;
}

type StartSessionApp = (keyturn: Keyturn, options: HttpOptions, routes: AppRoutes) => Promise<SessionApp>;

const statusOf = (error: any): number => error.statusCode ?? 500;
const told = (error: any) => ({ code: error.code, message: error.message, hint: error.hint });

const fastify: StartSessionApp = async (keyturn, options, routes) => {
  const app = Fastify();
  await app.register(keyturnFastify, { keyturn, ...options });
  app.setErrorHandler((error, _request, reply) => reply.status(statusOf(error)).send(told(error)));
  for (const [path, run] of Object.entries(routes))
    app.route({
      method: ['GET', 'POST'],
      url: path,
      handler: async ({ session, flash }, reply) =>
        (await run({ session, flash, csrfToken: () => reply.csrfToken() })) ?? {},
    });
  app.get('/assets/*', (_request, reply) => reply.send('file'));
  const url = await app.listen({ host: 'localhost', port: 0 });
  return { url, close: () => app.close() };
};

const onExpress: StartSessionApp = async (keyturn, options, routes) => {
  const app = express();
  app.use(express.json());
  const sessions = keyturnExpress({ keyturn, ...options });
  await sessions.ready();
  app.use(sessions);
  app.get('/assets/*file', (_req, res) => {
    res.end('file');
  });
  for (const [path, run] of Object.entries(routes))
    app.all(path, async (req, res) => {
      const session = req.session as unknown as Session;
      const flash = req.flash.bind(req) as unknown as Flash;
      res.json((await run({ session, flash, csrfToken: () => req.csrfToken() })) ?? {});
    });
  app.use((error: any, _req: any, res: any, _next: any) => res.status(statusOf(error)).json(told(error)));
  return await listen(createServer(app));
};

const hono: StartSessionApp = async (keyturn, options, routes) => {
  const sessions = keyturnHono({ keyturn, ...options });
  await sessions.ready();
  const app = new Hono<KeyturnEnv>().use(sessions);
  app.onError((error, c) => {
    const { cause } = error as { cause?: unknown };
    return c.json(told(cause ?? error), statusOf(cause ?? error) as 500);
  });
  app.get('/assets/*', (c) => c.text('file'));
  for (const [path, run] of Object.entries(routes))
    app.all(path, async (c) => c.json((await run(c.var)) ?? {}));
  return await serveFetch(app.fetch);
};

const koa: StartSessionApp = async (keyturn, options, routes) => {
  const sessions = keyturnKoa({ keyturn, ...options });
  await sessions.ready();
  const app = new Koa();
  app.silent = true;
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.status = statusOf(error);
      ctx.body = told(error);
    }
  });
  app.use(sessions as Koa.Middleware);
  app.use(async (ctx) => {
    if (ctx.path.startsWith('/assets/')) ctx.body = 'file';
    const run = routes[ctx.path];
    if (run === undefined) return;
    const { session, flash } = ctx as unknown as AppVisit;
    ctx.body = (await run({ session, flash, csrfToken: () => (ctx as any).csrfToken() })) ?? {};
  });
  return await listen(createServer(app.callback()));
};

const web: StartSessionApp = async (keyturn, options, routes) => {
  const kt = keyturnWeb({ keyturn, ...options });
  await kt.ready();
  return await serveFetch((request) =>
    kt.handle(request, async (context) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/assets/')) return new Response('file');
      const run = routes[pathname];
      if (run === undefined) return new Response('', { status: 404 });
      try {
        return Response.json((await run(context)) ?? {});
      } catch (error) {
        return Response.json(told(error), { status: statusOf(error) });
      }
    }),
  );
};

const http: StartSessionApp = async (keyturn, options, routes) => {
  const opened = await openHttp({ keyturn, ...options });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const visit = opened.visit(nodeRequest(request));
    const failed = (error: unknown) => {
      response.statusCode = statusOf(error);
      response.end(JSON.stringify(told(error)));
    };
    holdUntilSaved(response, () => visit, failed);
    try {
      await visit.before();
      visit.protect(undefined);
      const path = request.url ?? '';
      const run = routes[path];
      response.statusCode = path.startsWith('/assets/') || run !== undefined ? 200 : 404;
      response.end(run === undefined ? 'file' : JSON.stringify((await run(visit)) ?? {}));
    } catch (error) {
      failed(error);
    }
  };
  return await listen(createServer((request, response) => void answer(request, response)));
};

async function listen(server: Server): Promise<SessionApp> {
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, close };
}

export const SESSION_APPS: Readonly<Record<string, StartSessionApp>> = {
  Fastify: fastify,
  Express: onExpress,
  Koa: koa,
  Hono: hono,
  'keyturn/web': web,
  'keyturn/http': http,
};
