// One small app for each framework, with the console in it: GET /as/ada signs somebody in, and the guard knows three names.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import formbody from '@fastify/formbody';
import { bodyParser } from '@koa/bodyparser';
import express5 from 'express';
// @ts-expect-error: it has no types under this name
import express4 from 'express4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
// @ts-expect-error: it has no types under this name
import Koa2 from 'koa2';
import keyturnExpress from '../../src/adapters/express/index.js';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import keyturnHono from '../../src/adapters/hono/index.js';
import { holdUntilSaved, nodeRequest, openHttp } from '../../src/adapters/http/index.js';
import keyturnKoa from '../../src/adapters/koa/index.js';
import keyturnWeb from '../../src/adapters/web/index.js';
import {
  type ConsoleGuest,
  expressConsole,
  fastifyConsole,
  honoConsole,
  koaConsole,
  nodeConsole,
  webConsole,
} from '../../src/console/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import type { Session } from '../../src/sessions/session.js';
import { serveFetch } from '../contract/drivers/fetch-server.mjs';

export interface ConsoleApp {
  readonly url: string;
  close(): Promise<void>;
}

export interface AppOptions {
  readonly keyturn: Keyturn;
  readonly steps?: boolean;
  /** In the place of the guard that knows Ada, Bob and Mallory. */
  readonly guard?: (user: string | undefined) => ConsoleGuest | undefined | Promise<ConsoleGuest | undefined>;
}

/** Ada may act, Bob may look, and Mallory is signed in, and no more. */
export function guest(user: string | undefined): ConsoleGuest | undefined {
  return user === 'ada' || user === 'bob' ? { who: user, mayAct: user === 'ada' } : undefined;
}

const userOf = (session: Session) => session.user as string | undefined;

async function signIn(session: Session, who: string): Promise<string> {
  session.regenerate();
  session.user = who;
  return who;
}

async function listening(server: Server): Promise<ConsoleApp> {
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

type Start = (options: AppOptions) => Promise<ConsoleApp>;

const onExpress =
  (express: typeof express5): Start =>
  async ({ keyturn, steps = false, guard = guest }) => {
    const app = express();
    app.use(express.urlencoded({ extended: false }));
    const middleware = keyturnExpress({ keyturn });
    await middleware.ready();
    app.use(middleware);
    app.get('/as/:who', (req, res, next) => {
      req.session
        .regenerate()
        .then(() => {
          req.session.user = req.params.who as string;
          res.send(req.params.who);
        })
        .catch(next);
    });
    app.use('/keyturn', expressConsole({ steps, guard: (req) => guard(req.session?.user as string) }));
    return await listening(createServer(app));
  };

const onKoa =
  (Framework: typeof Koa): Start =>
  async ({ keyturn, steps = false, guard = guest }) => {
    const app = new Framework();
    app.silent = true;
    app.use(bodyParser());
    const middleware = keyturnKoa({ keyturn });
    await middleware.ready();
    app.use(middleware);
    app.use(async (ctx, next) => {
      const [, who] = /^\/as\/(\w+)$/.exec(ctx.path) ?? [];
      if (who === undefined) return await next();
      ctx.body = await signIn(ctx.session, who);
    });
    app.use(koaConsole({ steps, guard: (ctx) => guard(userOf(ctx.session)) }));
    return await listening(createServer(app.callback()));
  };

const onFastify: Start = async ({ keyturn, steps = false, guard = guest }) => {
  // Connections that a browser keeps would hold its end up for more than a minute.
  const app = Fastify({ forceCloseConnections: true });
  await app.register(formbody);
  await app.register(keyturnFastify, { keyturn });
  app.get<{ Params: { who: string } }>('/as/:who', async ({ session, params: { who } }) =>
    signIn(session, who),
  );
  await app.register(fastifyConsole, { steps, guard: ({ session }) => guard(userOf(session)) });
  const url = await app.listen({ port: 0, host: 'localhost' });
  return {
    url: url.replace('[::1]', 'localhost').replace('127.0.0.1', 'localhost'),
    close: () => app.close(),
  };
};

const onHono: Start = async ({ keyturn, steps = false, guard = guest }) => {
  const middleware = keyturnHono({ keyturn });
  await middleware.ready();
  const app = new Hono()
    .use(middleware)
    .get('/as/:who', async (c) => c.text(await signIn(c.var.session, c.req.param('who'))))
    .use(honoConsole({ steps, guard: (c) => guard(userOf(c.var.session)) }));
  return await serveFetch((request) => app.fetch(request));
};

const onWeb: Start = async ({ keyturn, steps = false, guard = guest }) => {
  const kt = keyturnWeb({ keyturn });
  const ui = webConsole(kt, { steps, guard: ({ session }) => guard(userOf(session)) });
  return await serveFetch(async (request) => {
    const [, who] = /^\/as\/(\w+)$/.exec(new URL(request.url).pathname) ?? [];
    if (who === undefined) return await ui(request);
    return await kt.handle(request, async ({ session }) => new Response(await signIn(session, who)));
  });
};

const onNode: Start = async ({ keyturn, steps = false, guard = guest }) => {
  const http = await openHttp({ keyturn });
  const ui = nodeConsole(http, { steps, guard: ({ session }) => guard(userOf(session)) });
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const visit = http.visit(nodeRequest(request));
    const failed = (error: unknown) => {
      const { statusCode = 500, message } = error as { statusCode?: number; message: string };
      response.statusCode = statusCode;
      response.end(message);
    };
    holdUntilSaved(response, () => visit, failed);
    try {
      await visit.before();
      const body = visit.wantsForm ? Object.fromEntries(new URLSearchParams(await text(request))) : undefined;
      visit.protect(body);
      if (await ui(request, response, visit, body)) return;
      const [, who] = /^\/as\/(\w+)$/.exec(request.url ?? '') ?? [];
      if (who !== undefined) return void response.end(await signIn(visit.session, who));
      response.statusCode = 404;
      response.end('Not Found');
    } catch (error) {
      if (!response.headersSent) failed(error);
    }
  };
  return await listening(createServer((request, response) => void serve(request, response)));
};

export const APPS: ReadonlyArray<readonly [name: string, start: Start]> = [
  ['Express 5', onExpress(express5)],
  ['Express 4', onExpress(express4)],
  ['Fastify', onFastify],
  ['Koa 3', onKoa(Koa)],
  ['Koa 2', onKoa(Koa2)],
  ['Hono', onHono],
  ['web', onWeb],
  ['node:http', onNode],
];
