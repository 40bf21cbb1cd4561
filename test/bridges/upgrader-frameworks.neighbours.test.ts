// The upgrader in front of each framework, with what signs cookies there: a library that was given one secret, and never
// hears of the ring.

import { once } from 'node:events';
import { createServer as createHttp2 } from 'node:http2';
import { describe, expect, test } from 'vitest';
import {
  createUpgrader,
  type SignedCookieFormat,
  type UpgraderOptions,
} from '../../src/bridges/signed-cookies/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { useRing } from '../support/keyturn.js';
import { listen } from './apps/listen.mjs';
import { closing, openKeyturn, RINGS } from './beside.js';
import { neighbour } from './neighbours.js';
import { Visitor } from './visitor.js';

/** Serves `POST /set`, which signs a cookie `user`, and `GET /`, which says who it is of; `GET /public` the same. */
type Serve = (keyturn: Keyturn, options: Omit<UpgraderOptions, 'format'>) => Promise<string>;

const AGAIN = 'Path=/; HttpOnly; Max-Age=3600';

const express: Serve = async (keyturn, options) => {
  const [{ default: framework }, { default: cookieParser }] = [
    await neighbour('express'),
    await neighbour('cookie-parser'),
  ];
  const upgrader = createUpgrader(keyturn, { ...options, format: 'express' });
  const server = framework();
  server.use(upgrader.express(), cookieParser(upgrader.secret));
  server.post('/set', (_request: any, response: any) =>
    response.cookie('user', 'ada', { signed: true, maxAge: 60_000, sameSite: 'lax' }).end(),
  );
  server.get('/', (request: any, response: any) =>
    response.json({ user: request.signedCookies.user || null }),
  );
  server.get('/public', (_request: any, response: any) => response.set('Cache-Control', 'public').end());
  return closing(await listen(server));
};

const fastify: Serve = async (keyturn, options) => {
  const [{ default: framework }, { default: cookie }] = [
    await neighbour('fastify'),
    await neighbour('@fastify/cookie'),
  ];
  const upgrader = createUpgrader(keyturn, { ...options, format: 'cookie-signature' });
  const app = framework();
  await app.register(upgrader.fastify);
  await app.register(cookie, { secret: upgrader.secret });
  app.post('/set', async (_request: any, reply: any) =>
    reply.setCookie('user', 'ada', { signed: true, maxAge: 60, sameSite: 'lax' }).send(),
  );
  app.get('/', async (request: any) => {
    const { valid, value } = request.unsignCookie(request.cookies.user ?? '');
    return { user: valid ? value : null };
  });
  app.get('/public', async (_request: any, reply: any) => reply.header('cache-control', 'public').send());
  await app.listen({ port: 0, host: '127.0.0.1' });
  return closing({ url: `http://127.0.0.1:${app.server.address().port}`, close: () => app.close() });
};

const koaApp = async (name: string, keyturn: Keyturn, options: Omit<UpgraderOptions, 'format'>) => {
  const { default: Koa } = await neighbour(name);
  const upgrader = createUpgrader(keyturn, { ...options, format: 'keygrip' });
  const app = new Koa();
  app.keys = [upgrader.secret];
  app.use(upgrader.koa());
  app.use((ctx: any) => {
    if (ctx.path === '/set')
      ctx.cookies.set('user', 'ada', { signed: true, maxAge: 60_000, sameSite: 'lax' });
    if (ctx.path === '/public') ctx.set('Cache-Control', 'public');
    ctx.body = { user: ctx.cookies.get('user', { signed: true }) ?? null };
  });
  return app;
};
const koa =
  (name: string): Serve =>
  async (keyturn, options) =>
    closing(await listen((await koaApp(name, keyturn, options)).callback()));

const honoApp = async (keyturn: Keyturn, options: Omit<UpgraderOptions, 'format'>) => {
  const [{ Hono }, { getSignedCookie, setSignedCookie }] = [
    await neighbour('hono'),
    await neighbour('hono/cookie'),
  ];
  const upgrader = createUpgrader(keyturn, { ...options, format: 'hono' });
  const app = new Hono();
  app.use(upgrader.hono());
  app.post('/set', async (c: any) => {
    await setSignedCookie(c, 'user', 'ada', upgrader.secret, { maxAge: 60, sameSite: 'Lax' });
    return c.body(null, 204);
  });
  app.get('/', async (c: any) =>
    c.json({ user: (await getSignedCookie(c, upgrader.secret, 'user')) || null }),
  );
  app.get('/public', (c: any) => c.body('', 200, { 'Cache-Control': 'public' }));
  app.get('/moved', () => Response.redirect('http://127.0.0.1/', 302));
  return app;
};

const reactRouter: Serve = async (keyturn, options) => {
  const { createCookie } = await neighbour('react-router');
  const upgrader = createUpgrader(keyturn, { ...options, format: 'cookie-signature' });
  const user = createCookie('user', { secrets: [upgrader.secret], maxAge: 60, sameSite: 'lax' });
  const handler = upgrader.fetch(async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/set')
      return new Response(null, { headers: { 'set-cookie': await user.serialize('ada') } });
    if (pathname === '/public') return new Response(null, { headers: { 'cache-control': 'public' } });
    return Response.json({ user: await user.parse(request.headers.get('cookie')) });
  });
  return await overFetch(handler);
};

/** A server of Node for a handler of Fetch. */
async function overFetch(handler: (request: Request) => Response | Promise<Response>): Promise<string> {
  return closing(
    await listen(async (request: any, response: any) => {
      const headers = Object.entries(request.headers as Record<string, string>);
      const answer = await handler(
        new Request(`http://127.0.0.1${request.url}`, { method: request.method, headers }),
      );
      const fields = [...answer.headers].filter(([name]) => name !== 'set-cookie');
      response.writeHead(answer.status, {
        ...Object.fromEntries(fields),
        'set-cookie': answer.headers.getSetCookie(),
      });
      response.end(Buffer.from(await answer.arrayBuffer()));
    }),
  );
}

const SERVERS: Readonly<Record<string, Serve>> = {
  'Express, cookie-parser': express,
  'Fastify, @fastify/cookie': fastify,
  'Koa 3, cookies': koa('koa'),
  'Koa 2, cookies': koa('koa-2'),
  'Hono, hono/cookie': async (keyturn, options) => {
    const app = await honoApp(keyturn, options);
    return await overFetch((request) => app.fetch(request));
  },
  'Fetch, React Router': reactRouter,
};

const userOf = async (visitor: Visitor, url: string) =>
  ((await (await visitor.fetch(url)).json()) as { user: unknown }).user;

describe.each(Object.entries(SERVERS))('%s', (_name, serve) => {
  test('keeps one secret while the ring changes', async () => {
    const keyturns = [await openKeyturn(), await openKeyturn()] as const;
    const options = { purpose: 'shop', cookies: { user: AGAIN }, maxAge: '1h' };
    const [ahead, late] = [await serve(keyturns[0], options), await serve(keyturns[1], options)];
    const visitor = new Visitor();
    await visitor.fetch(`${ahead}/set`, { method: 'POST' });
    // Other processes have other secrets: none of them has gone out.
    expect(await userOf(visitor, late)).toBe('ada');
    const [first = ''] = visitor.received;
    expect(first).toMatch(/samesite=lax/i);

    useRing(keyturns[0], RINGS.promoted);
    useRing(keyturns[1], RINGS.staged);
    visitor.received.length = 0;
    await visitor.fetch(`${ahead}/public`);
    expect(visitor.received).toEqual([]);
    expect(await userOf(visitor, ahead)).toBe('ada');
    expect(visitor.received.length).toBeGreaterThan(0);
    for (const line of visitor.received) expect(line.endsWith(`; ${AGAIN}`)).toBe(true);
    // It is signed again once, and nothing backwards by the replica that is late.
    visitor.received.length = 0;
    expect(await userOf(visitor, late)).toBe('ada');
    expect(await userOf(visitor, ahead)).toBe('ada');
    expect(visitor.received).toEqual([]);

    useRing(keyturns[1], RINGS.promoted);
    useRing(keyturns[1], RINGS.revoked);
    expect(await userOf(visitor, late)).toBe('ada');
    const revoked = new Visitor();
    const old = await openKeyturn();
    await revoked.fetch(`${await serve(old, options)}/set`, { method: 'POST' });
    expect(await userOf(revoked, late)).toBeNull();
  });

  test('what is only named is never sent by itself', async () => {
    const keyturn = await openKeyturn();
    const url = await serve(keyturn, { purpose: 'shop', cookies: ['user'], maxAge: '1h' });
    const visitor = new Visitor();
    await visitor.fetch(`${url}/set`, { method: 'POST' });
    useRing(keyturn, RINGS.promoted);
    visitor.received.length = 0;
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toEqual([]);
  });
});

test('Hono: a response that cannot be changed gets its cookie all the same', async () => {
  const keyturn = await openKeyturn();
  const app = await honoApp(keyturn, { purpose: 'shop', cookies: { user: AGAIN }, maxAge: '1h' });
  const set = await app.request('/set', { method: 'POST' });
  const [cookie = ''] = (set.headers.getSetCookie()[0] ?? '').split(';');
  useRing(keyturn, RINGS.promoted);
  const moved = await app.request('/moved', { headers: { cookie } });
  expect(moved.status).toBe(302);
  expect(moved.headers.get('location')).toBe('http://127.0.0.1/');
  expect(moved.headers.getSetCookie()).toHaveLength(1);
});

test('Koa over HTTP/2', async () => {
  const keyturn = await openKeyturn();
  const app = await koaApp('koa', keyturn, { purpose: 'shop', maxAge: '1h' });
  const server = createHttp2(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { connect } = await import('node:http2');
  const client = connect(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  const ask = async (path: string, cookie = '') => {
    const stream = client.request({ ':path': path, cookie });
    const [headers] = await once(stream, 'response');
    const body = (await stream.toArray()).join('');
    return { cookies: (headers['set-cookie'] ?? []) as string[], body };
  };
  try {
    const { cookies } = await ask('/set');
    expect(cookies).toHaveLength(2);
    const cookie = cookies.map((line) => line.split(';')[0]).join('; ');
    expect((await ask('/', cookie)).body).toContain('ada');
    // Of another process, which has another secret.
    const other = closing(
      await listen((await koaApp('koa', await openKeyturn(), { purpose: 'shop', maxAge: '1h' })).callback()),
    );
    expect(await (await fetch(other, { headers: { cookie } })).json()).toEqual({ user: 'ada' });
  } finally {
    client.close();
    server.close();
  }
});

test('what nobody can mean is refused', async () => {
  const keyturn = await openKeyturn();
  const refused = (options: object) => () => createUpgrader(keyturn, options as UpgraderOptions);
  expect(refused({ purpose: 'shop', maxAge: '1h', format: 'koa' as SignedCookieFormat })).toThrow(
    /does not know that format/,
  );
  expect(refused({ purpose: 'shop', maxAge: '1h', format: 'express', names: ['user'] })).toThrow(/names/);
  expect(refused({ purpose: 'shop', format: 'express' })).toThrow(/has no lifetime/);
});
