// Part of `npm run package`, run beside the installed package: how much JavaScript an app loads for one adapter, with a
// variable for the secret and sessions in the cookie. Prints the bytes of each file. V8 itself says what it has loaded.
//
//   NODE_V8_COVERAGE=… node loaded.mjs fastify
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeCoverage } from 'node:v8';

// V8 writes what it has loaded into the folder that NODE_V8_COVERAGE names, whoever runs this has to set it.
const folder = process.env.NODE_V8_COVERAGE;
const [adapter] = process.argv.slice(2);
const { default: keyturn } = await import(`keyturn/${adapter}`);
const main = async (name) => (await import(name)).default;
const SAME = { 'sec-fetch-site': 'same-origin' };

/** Each asks the app, and gives the `Set-Cookie` fields and the text of its answer. */
const APPS = {
  async fastify() {
    const app = (await main('fastify'))();
    await app.register(keyturn);
    app.post('/', { config: { csrf: false } }, (request) => {
      request.session.user = 'ada';
      request.flash('info', 'saved');
      return {};
    });
    app.get('/', (request, reply) => ({ user: request.session.user, token: reply.csrfToken() }));
    return async (method, headers) => {
      const answer = await app.inject({ method, url: '/', headers });
      return { cookies: [answer.headers['set-cookie'] ?? []].flat(), text: answer.body };
    };
  },
  async express() {
    const app = (await main('express'))();
    const middleware = keyturn({ csrf: 'manual' });
    app.use(middleware);
    app.post('/', (req, res) => {
      req.session.user = 'ada';
      req.flash('info', 'saved');
      res.json({});
    });
    app.get('/', (req, res) => res.json({ user: req.session.user, token: req.csrfToken() }));
    await middleware.ready();
    return await overHttp(app);
  },
  async koa() {
    const app = new (await main('koa'))();
    const middleware = keyturn({ csrf: 'manual' });
    app.use(middleware);
    app.use((ctx) => {
      if (ctx.method === 'POST') {
        ctx.session.user = 'ada';
        ctx.flash('info', 'saved');
        ctx.body = {};
      } else ctx.body = { user: ctx.session.user, token: ctx.csrfToken() };
    });
    await middleware.ready();
    return await overHttp(app.callback());
  },
  async hono() {
    const { Hono } = await import('hono');
    const app = new Hono();
    const middleware = keyturn({ csrf: 'manual' });
    app.use(middleware);
    app.post('/', (c) => {
      c.var.session.user = 'ada';
      c.var.flash('info', 'saved');
      return c.json({});
    });
    app.get('/', (c) => c.json({ user: c.var.session.user, token: c.var.csrfToken() }));
    await middleware.ready();
    return overFetch((request) => app.fetch(request));
  },
  async web() {
    const kt = keyturn();
    return overFetch((request) =>
      kt.handle(request, ({ session, flash, csrfToken }) => {
        if (request.method === 'POST') {
          session.user = 'ada';
          flash('info', 'saved');
          return Response.json({});
        }
        return Response.json({ user: session.user, token: csrfToken() });
      }),
    );
  },
};

async function overHttp(handler) {
  const server = createServer(handler).listen(0, 'localhost');
  await new Promise((done) => server.once('listening', done));
  server.unref();
  const ask = overFetch((request) => fetch(request));
  return (method, headers) => ask(method, headers, `http://localhost:${server.address().port}/`);
}

function overFetch(fetch) {
  return async (method, headers, url = 'http://localhost/') => {
    const answer = await fetch(new Request(url, { method, headers }));
    return { cookies: answer.headers.getSetCookie(), text: await answer.text() };
  };
}

const ask = await APPS[adapter]();
const { cookies } = await ask('POST', SAME);
const cookie = cookies.map((line) => line.split(';')[0]).join('; ');
const { text } = await ask('GET', { cookie });
const { user, token } = JSON.parse(text);
if (user !== 'ada' || typeof token !== 'string') throw new Error(`the session was not kept: ${text}`);

takeCoverage();
const [file] = readdirSync(folder);
const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
const here = fileURLToPath(new URL('./node_modules/', import.meta.url));
const loaded = result
  .filter(({ url }) => url.startsWith('file:'))
  .map(({ url }) => fileURLToPath(url))
  .filter((path) => path.startsWith(here));
console.log(
  JSON.stringify(Object.fromEntries(loaded.map((path) => [path.slice(here.length), statSync(path).size]))),
);
process.exit();
