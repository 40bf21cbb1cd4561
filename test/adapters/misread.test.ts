// Calls as other session libraries have them: an error that says what to write, or what was meant; never silence.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, onTestFinished, test } from 'vitest';
import keyturnExpress from '../../src/adapters/express/index.js';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import keyturnHono, { csrf, type KeyturnEnv } from '../../src/adapters/hono/index.js';
import keyturnKoa from '../../src/adapters/koa/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { memoryLogger, SECRET, testClock, testKeyturn } from '../support/keyturn.js';

type Handler = (request: any, reply: FastifyReply) => unknown;

/** An app, somebody who has a session in it, and what they get. */
async function visitor(kind: 'cookie' | 'store', handler: Handler, profile: 'test' | 'prod' = 'test') {
  const logger = memoryLogger();
  const clock = testClock();
  const keyturn = await testKeyturn({ logger, profile, clock });
  const app = Fastify();
  await app.register(keyturnFastify, {
    keyturn,
    ...(kind === 'store' ? { store: memoryStore({ clock: clock.read }) } : {}),
  });
  app.setErrorHandler((error: { code?: string; hint?: string; message: string }, _request, reply) =>
    reply.code(500).send({ code: error.code, hint: error.hint, message: error.message }),
  );
  app.get('/seed', async (request) => {
    request.session.userId = 'ada';
    request.session.cart = ['book'];
    request.session.next = '/after';
    return 'ok';
  });
  app.get('/', handler);
  app.get('/data', async (request: FastifyRequest) => ({ ...request.session }));
  let cookie = '';
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await app.inject({ url, headers: { cookie, ...headers } });
    for (const set of [answer.headers['set-cookie'] ?? []].flat())
      cookie = set.includes('Max-Age=0') ? '' : (set.split(';')[0] as string);
    return answer;
  };
  await get('/seed');
  const warned = () => logger.records.filter(({ level }) => level === 'warn');
  return { get, data: async () => (await get('/data')).json(), warned, logger };
}

describe.each(['cookie', 'store'] as const)('sessions in a %s', (kind) => {
  const DATA = { userId: 'ada', cart: ['book'], next: '/after' };

  test.each<[habit: string, handler: Handler, hint: RegExp]>([
    [
      'regenerate(callback)',
      (q, r) => q.session.regenerate(() => r.send('')),
      /regenerate\(\), and go on in the next/,
    ],
    [
      'regenerate(names, callback)',
      (q, r) => q.session.regenerate(['a'], () => r.send('')),
      /go on in the next line/,
    ],
    ['regenerate(name)', (q) => q.session.regenerate('cart'), /write \{ keep: …/],
    ['regenerate([1])', (q) => q.session.regenerate([1]), /keep: \["cart"\]/],
    ['regenerate(true)', (q) => q.session.regenerate(true), /keep/],
    ['regenerate({ keep: name })', (q) => q.session.regenerate({ keep: 'cart' }), /keep: \["cart"\]/],
    ['regenerate({ keeps })', (q) => q.session.regenerate({ keeps: ['cart'] }), /^write keep$/],
    [
      'destroy(callback)',
      (q, r) => q.session.destroy(() => r.send('')),
      /destroy\(\), and go on in the next line/,
    ],
    ['destroy(id)', (q) => q.session.destroy(q.session.id), /write session\.destroy\(\)/],
    ['delete()', (q) => q.session.delete(), /session\.destroy\(\)/],
    ['get()', (q) => q.session.get(), /session\.get\(name\)/],
    ['set(values)', (q) => q.session.set({ a: 1 }), /Object\.assign/],
    ['set(name)', (q) => q.session.set('a'), /session\.set\(name, value\)/],
    ['update(values)', (q) => q.session.update({ a: 1 }), /await session\.update\(\(data\) => /],
    ['save(callback)', (q, r) => q.session.save(() => r.send('')), /saved before the response goes out/],
    ['await save()', async (q) => await q.session.save(), /saved before the response goes out/],
    ['touch()', (q) => q.session.touch(), /extended by itself/],
    ['reload(callback)', (q, r) => q.session.reload(() => r.send('')), /session\.update\(fn\)/],
    [
      'cookie.maxAge = …',
      (q) => {
        q.session.cookie.maxAge = 1;
      },
      /\[session\.cookie\]/,
    ],
    [
      'cookie = …',
      (q) => {
        q.session.cookie = {};
      },
      /\[session\.cookie\]/,
    ],
    [
      'id = …',
      (q) => {
        q.session.id = 'x';
      },
      /session\.regenerate\(\)/,
    ],
    ['sessionId', (q) => q.session.sessionId, /session\.id/],
    [
      'session = null',
      (q) => {
        q.session = null;
      },
      /request\.session\.destroy\(\)/,
    ],
    [
      'session = values',
      (q) => {
        q.session = { a: 1 };
      },
      /Object\.assign\(request\.session, values\)/,
    ],
    ['flash(type, list)', (q) => q.flash('info', ['a', 'b']), /for \(const text of texts\)/],
    ['flash(type, undefined)', (q) => q.flash('info', undefined), /flash\(type\)/],
    ['flash(type, object)', (q) => q.flash('info', { text: 'a' }), /pass a text/],
    ['flash(type, format, value)', (q) => q.flash('info', 'Hello %s', 'Ada'), /together/],
    ['flash(undefined)', (q) => q.flash(undefined), /flash\("info", "Saved"\)/],
  ])('%s is an error that says what to write', async (_, handler, hint) => {
    const { get, data } = await visitor(
      kind,
      async (request, reply) => (await handler(request, reply)) ?? '',
    );
    const answer = await get('/');
    expect(answer.json()).toMatchObject({ code: 'argument_invalid', hint: expect.stringMatching(hint) });
    // Nothing was done by half.
    expect(await data()).toEqual(DATA);
  });

  test('regenerate(names) keeps those, as passport asks', async () => {
    const { get, data } = await visitor(kind, async (request) => {
      const { id } = request.session;
      await request.session.regenerate(['next', 'cart', 'notThere']);
      return { changed: request.session.id !== id };
    });
    expect((await get('/')).json()).toEqual({ changed: true });
    expect(await data()).toEqual({ next: '/after', cart: ['book'] });
  });

  test.each<[string, unknown, RegExp, RegExp]>([
    ['a Date', new Date(0), /session\.at\.deep\[1\] holds a Date/, /getTime\(\)/],
    ['a Map', new Map([[1, 2]]), /a Map or Set/, /array/],
    ['a Set', new Set([1]), /a Map or Set/, /array/],
    ['bytes', new Uint8Array(2), /bytes/, /base64url/],
    ['a function', () => 1, /a function/, /plain/],
    ['no number', Number.NaN, /holds NaN/, /computed/],
  ])('%s in it is told of once, by its place, and never by its value', async (_, value, message, hint) => {
    const { get, warned } = await visitor(kind, async (request) => {
      request.session.at = { deep: [0, value] };
      request.session.count = Number(request.session.count ?? 0) + 1;
      return 'ok';
    });
    await get('/');
    await get('/');
    expect(warned().map((record) => ({ ...record.facts, message: record.message }))).toEqual([
      {
        event: 'session.not_json',
        hint: expect.stringMatching(hint),
        message: expect.stringMatching(message),
      },
    ]);
  });

  test('plain values, and what says itself how it is kept, are nothing to tell of', async () => {
    const { get, warned } = await visitor(kind, async (request) => {
      request.session.fine = { a: [1, 'x', null, true, { b: undefined }], money: { toJSON: () => '5 EUR' } };
      return 'ok';
    });
    await get('/');
    expect(warned()).toEqual([]);
  });

  test('production spends nothing on telling', async () => {
    const { get, warned } = await visitor(
      kind,
      async (request) => {
        request.session.at = new Date(0);
        return 'ok';
      },
      'prod',
    );
    await get('/', { host: 'localhost' });
    expect(warned()).toEqual([]);
  });
});

describe('a Secure cookie in answer to http', () => {
  const HINT = /https.*X-Forwarded-Proto.*localhost/;
  const seen = async (headers: Record<string, string>, profile: 'test' | 'prod' = 'prod') => {
    const { get, warned } = await visitor(
      'cookie',
      async (request) => {
        request.session.n = Math.random();
        return 'ok';
      },
      profile,
    );
    const before = warned().length;
    await get('/', headers);
    await get('/', headers);
    return warned()
      .slice(before)
      .map(({ facts }) => facts);
  };

  test('is told of once, with the cure', async () => {
    expect(await seen({ host: 'shop.example.com' })).toEqual([
      { event: 'cookie.insecure', host: 'shop.example.com', hint: expect.stringMatching(HINT) },
    ]);
  });

  test.each<[string, Record<string, string>]>([
    ['behind a proxy', { host: 'shop.example.com', 'x-forwarded-proto': 'https' }],
    ['behind another', { host: 'shop.example.com', forwarded: 'proto=https' }],
    ['on this machine', { host: 'localhost:3000' }],
    ['on this machine, by a name', { host: 'shop.localhost' }],
    ['on this machine, by its number', { host: '127.0.0.1:3000' }],
    ['on this machine, by its other number', { host: '[::1]:3000' }],
  ])('is no news %s', async (_, headers) => {
    expect(await seen(headers)).toEqual([]);
  });

  test('is none in development', async () => {
    expect(await seen({ host: 'shop.example.com' }, 'test')).toEqual([]);
  });

  test('what a header says cannot pass for anything else in the log', async () => {
    const [facts] = await seen({ host: `a\u00e9b.example.com` });
    expect(facts?.host).toMatch(/^[!-~]*$/);
  });
});

describe('the plugin', () => {
  test('takes all options of createKeyturn', async () => {
    const logger = memoryLogger();
    const app = Fastify();
    await app.register(keyturnFastify, {
      profile: 'prod',
      cwd: '/nonexistent',
      env: { KEYTURN_SECURITY__SIGNING_SECRET: SECRET },
      config: { session: { cookie: { name: 'shop.sid' }, idle: '1h' } },
      logger,
      clock: () => Date.UTC(2030, 0, 1),
    });
    app.get('/', async (request) => {
      request.session.a = 1;
      return 'x';
    });
    const [cookie] = [(await app.inject('/')).headers['set-cookie']].flat();
    expect(cookie).toMatch(/^__Host-shop\.sid=[^;]*; Max-Age=3600; /);
    expect(app.keyturn.profile).toBe('prod');
    expect(logger.records.map(({ facts }) => facts.event)).toContain('keyring.loaded');
    await app.close();
  });

  test.each<[string, object, RegExp]>([
    ['csrf', { csrf: false }, /config: \{ csrf: false \}/],
    ['secret', { secret: SECRET }, /KEYTURN_SECURITY__SIGNING_SECRET/],
    ['cookieName', { cookieName: 'foo' }, /session: \{ cookie: \{ name/],
    ['cookie', { cookie: { maxAge: 1 } }, /\[session\.cookie\]/],
    ['saveUninitialized', { saveUninitialized: false }, /as soon as something is put into it/],
  ])('%s is refused, with what to write', async (name, options, hint) => {
    const failed = await Promise.resolve(Fastify().register(keyturnFastify, options as never)).catch(
      (error) => error,
    );
    expect(failed).toMatchObject({
      code: 'argument_invalid',
      message: `register(keyturn, options) has no option "${name}"`,
      hint: expect.stringMatching(hint),
    });
  });

  test('what Fastify passes on is none of its own', async () => {
    const keyturn = await testKeyturn();
    await Fastify().register(keyturnFastify, { keyturn, prefix: '/x', logLevel: 'warn' } as never);
  });
});

describe.each([
  ['Express', keyturnExpress],
  ['Koa', keyturnKoa],
  ['Hono', keyturnHono],
])('%s: the option csrf', (_name, adapter) => {
  test('is "auto" or "manual", and anything else is refused', async () => {
    const keyturn = await testKeyturn();
    for (const csrf of ['auto', 'manual', undefined]) adapter({ keyturn, csrf } as never);
    for (const csrf of ['off', false, true, null, ''])
      expect(() => adapter({ keyturn, csrf } as never)).toThrow(
        expect.objectContaining({
          code: 'argument_invalid',
          message: expect.stringContaining('neither "auto" nor "manual"'),
        }),
      );
  });
});

describe('used as a middleware itself, and not called, it says so', () => {
  const told = expect.objectContaining({
    code: 'argument_invalid',
    message: expect.stringContaining('given a request in the place of options'),
    hint: 'write app.use(keyturn()), and not app.use(keyturn)',
  });

  test('Express', async () => {
    const app = express().use(keyturnExpress as never);
    const failed = new Promise((resolve) => {
      app.use(((error, _req, res, _next) => {
        resolve(error);
        res.end();
      }) as express.ErrorRequestHandler);
    });
    const server = app.listen(0);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`);
    expect(await failed).toEqual(told);
  });

  test('Koa', async () => {
    const app = new Koa().use(keyturnKoa as never);
    const failed = new Promise((resolve) => void app.on('error', resolve));
    const server = app.listen(0);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`);
    expect(await failed).toEqual(told);
  });

  test('Hono', async () => {
    let failed: unknown;
    const app = new Hono().use(keyturnHono as never).onError((error, c) => {
      failed = error;
      return c.text('');
    });
    await app.request('/');
    expect(failed).toEqual(told);
  });
});

test('Hono: "auto" checks as if nothing was said, and csrf() without keyturn() says what to write', async () => {
  const keyturn = await testKeyturn();
  const failed: unknown[] = [];
  const app = new Hono<KeyturnEnv>()
    .post('/before', csrf(), (c) => c.text('passed'))
    .use(keyturnHono({ keyturn, csrf: 'auto' }))
    .post('/', (c) => c.text('passed'))
    .onError((error, c) => {
      failed.push(error);
      return 'getResponse' in error ? (error as any).getResponse() : c.text('failed', 500);
    });
  expect((await app.request('/', { method: 'POST' })).status).toBe(403);
  expect((await app.request('/before', { method: 'POST' })).status).toBe(500);
  expect(failed[1]).toMatchObject({ code: 'argument_invalid', hint: expect.stringContaining('app.use') });
});
