// What tests of apps get: somebody who is signed in, on every adapter; a jar; the token of a page; fake timers.
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import keyturnExpress from '../../src/adapters/express/index.js';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import keyturnHono, { type KeyturnEnv } from '../../src/adapters/hono/index.js';
import { openHttp } from '../../src/adapters/http/index.js';
import keyturnKoa from '../../src/adapters/koa/index.js';
import keyturnWeb from '../../src/adapters/web/index.js';
import { createKeyturn } from '../../src/index.js';
import type { Session } from '../../src/sessions/session.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { type AppWithSessions, cookieJar, csrfTokenIn, signIn } from '../../src/testing/index.js';
import { memoryLogger, SECRET } from '../support/keyturn.js';

type Ask = (
  method: 'GET' | 'POST',
  headers: Record<string, string>,
) => Promise<[status: number, text: string]>;
type Start = (options: {
  profile: 'test';
  env: object;
  logger: object;
  store?: ReturnType<typeof memoryStore>;
}) => Promise<readonly [AppWithSessions, Ask]>;

const told = (session: Session) => `${session.id} ${session.userId}`;

const overHttp = async (server: import('node:http').Server): Promise<Ask> => {
  await new Promise((done) => server.once('listening', done));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return async (method, headers) => {
    const response = await fetch(url, { method, headers });
    return [response.status, await response.text()];
  };
};

const ADAPTERS: Readonly<Record<string, Start>> = {
  Fastify: async (options) => {
    const app = Fastify();
    app.register(keyturnFastify, options as never);
    app.route({ method: ['GET', 'POST'], url: '/', handler: async ({ session }) => told(session) });
    onTestFinished(() => app.close());
    const ask: Ask = async (method, headers) => {
      const { statusCode, body } = await app.inject({ method, url: '/', headers });
      return [statusCode, body];
    };
    return [app as never, ask];
  },
  Express: async (options) => {
    const app = express();
    const sessions = keyturnExpress(options as never);
    onTestFinished(() => sessions.close());
    app.use(sessions);
    app.all('/', (request, response) => void response.send(told(request.session as never)));
    return [sessions, await overHttp(app.listen(0, '127.0.0.1'))];
  },
  Koa: async (options) => {
    const app = new Koa();
    const sessions = keyturnKoa(options as never);
    onTestFinished(() => sessions.close());
    app.use(sessions as never);
    app.use((context) => {
      context.body = told((context as never as { session: Session }).session);
    });
    return [sessions as never, await overHttp(app.listen(0, '127.0.0.1'))];
  },
  Hono: async (options) => {
    const app = new Hono<KeyturnEnv>();
    const sessions = keyturnHono(options as never);
    onTestFinished(() => sessions.close());
    app.use(sessions);
    app.all('/', (context) => context.text(told(context.var.session)));
    const ask: Ask = async (method, headers) => {
      const response = await app.request('/', { method, headers });
      return [response.status, await response.text()];
    };
    return [sessions, ask];
  },
  Fetch: async (options) => {
    const kt = keyturnWeb(options as never);
    onTestFinished(() => kt.close());
    const ask: Ask = async (method, headers) => {
      const request = new Request('http://localhost/', { method, headers });
      const response = await kt.handle(request, ({ session }) => new Response(told(session)));
      return [response.status, await response.text()];
    };
    return [kt, ask];
  },
};

const stores = [
  ['the cookie', () => ({})],
  ['a store', () => ({ store: memoryStore() })],
] as const;

describe.each(Object.entries(ADAPTERS))('signIn with %s', (_name, start) => {
  test.each(stores)('gives a signed-in cookie and a token, sessions in %s', async (_place, store) => {
    const env = { KEYTURN_SECURITY__SIGNING_SECRET: SECRET };
    const [app, ask] = await start({ profile: 'test', env, logger: memoryLogger(), ...store() });
    const { cookie, csrfToken, id, setCookies } = await signIn(app, { userId: 42 });
    expect(await ask('GET', { cookie })).toEqual([200, `${id} 42`]);
    expect((await ask('POST', { cookie }))[0]).not.toBe(200);
    const headers = {
      cookie,
      'x-csrf-token': csrfToken,
      origin: 'http://localhost',
      'sec-fetch-site': 'same-origin',
    };
    expect(await ask('POST', headers)).toEqual([200, `${id} 42`]);
    const jar = cookieJar();
    jar.take(setCookies);
    expect(jar.header()).toBe(cookie);
    expect((await signIn(app)).id).not.toBe(id);
  });
});

test('an app without sessions is told what to pass', async () => {
  const keyturn = await createKeyturn({ profile: 'test', env: {} });
  onTestFinished(() => keyturn.close());
  const invalid = expect.objectContaining({ code: 'argument_invalid' });
  for (const app of [keyturn, {}, undefined, express()])
    await expect(signIn(app as never, {})).rejects.toEqual(invalid);
  await openHttp({ keyturn });
  expect((await signIn(keyturn, { userId: 1 })).cookie).toContain('keyturn.sid=');
});

test('a jar keeps what a browser would, and a page has its token', () => {
  const jar = cookieJar();
  jar.take(['a=1; Path=/', 'b=2; Path=/admin; HttpOnly']);
  jar.take('a=3; Path=/');
  jar.take(undefined);
  expect([jar.header(), jar.header('/admin/x'), jar.get('a')]).toEqual(['a=3', 'b=2; a=3', '3']);
  jar.take('a=; Path=/; Max-Age=0');
  expect(jar.header()).toBe('');
  expect(
    csrfTokenIn('<form><input type="hidden" name="_csrf" value="kt1.a-b_c.d"><input name="x"></form>'),
  ).toBe('kt1.a-b_c.d');
  expect(csrfTokenIn("<meta content='kt1.x' name='csrf-token'>")).toBe('kt1.x');
  expect(csrfTokenIn('<input name="other" value="y">')).toBeUndefined();
});

describe('fake timers', () => {
  afterEach(() => void vi.useRealTimers());

  test('move what was made before they were put in place', async () => {
    const keyturn = await createKeyturn({ profile: 'test', env: {} });
    onTestFinished(() => keyturn.close());
    const store = memoryStore();
    const signer = keyturn.signer('reset', { maxAge: '1h' });
    vi.useFakeTimers({ toFake: ['Date'] });
    const token = signer.sign('ada');
    store.put('id', { text: '{}', createdAt: Date.now(), expiresAt: Date.now() + 3_600_000 }, 0);
    expect([signer.verify(token).ok, store.get('id') !== undefined]).toEqual([true, true]);
    vi.setSystemTime(Date.now() + 2 * 3_600_000);
    expect([signer.verify(token), store.get('id')]).toEqual([{ ok: false, reason: 'expired' }, undefined]);
  });
});
