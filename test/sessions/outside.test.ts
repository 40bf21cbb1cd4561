// Sessions outside of requests: WebSockets of the real package ws, on a server that Fastify answers for.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import Fastify from 'fastify';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { openHttp } from '../../src/adapters/http/index.js';
import type { HttpOptions } from '../../src/http/core.js';
import type { OpenSession, OpenSessionOptions } from '../../src/sessions/outside.js';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { signOutEverywhere } from '../../src/sign-out.js';
import { Browser } from '../support/browser.js';
import {
  memoryLogger,
  OTHER_SECRET,
  ringOf,
  SECRET,
  testClock,
  testKeyturn,
  useRing,
} from '../support/keyturn.js';
import { until } from '../support/waiting.js';

const DAY = 86_400;

interface Options extends HttpOptions {
  readonly open?: OpenSessionOptions;
  readonly session?: object;
}

/** An app with sockets: what its server has opened, and somebody who is signed in. */
async function make({ open = {}, session = {}, ...options }: Options = {}) {
  const clock = testClock();
  const logger = memoryLogger();
  const config = { csrf: { mode: 'headers', origins: ['https://listed.example'] }, session };
  const keyturn = await testKeyturn({ clock, logger, config });
  const app = Fastify();
  await app.register(keyturnFastify, { keyturn, user: (data) => data.user as string, ...options });
  app.get('/in', async ({ session: own }) => {
    own.regenerate();
    own.user = 'ada';
    return 'in';
  });
  app.get('/keep', async ({ session: own }) => own.regenerate({ keep: true }));
  app.get('/out', async ({ session: own }) => own.destroy());
  app.get('/read', async ({ session: own }) => ({ ...own }));
  const sessions: OpenSession[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  app.server.on('upgrade', (request: IncomingMessage, socket, head) => {
    void keyturn.sessions.open(request, open).then((opened) => {
      if (!opened.ok) return void socket.end(`HTTP/1.1 ${opened.statusCode} No\r\n\r\n`);
      sessions.push(opened.session);
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on(
          'close',
          opened.session.onEnd((why) => client.close(4401, why)),
        );
      });
    });
  });
  const url = await app.listen({ host: 'localhost', port: 0 });
  onTestFinished(async () => {
    for (const client of sockets.clients) client.terminate();
    await app.close();
    await keyturn.close();
  });
  const browser = new Browser(url);
  await browser.get('/in');
  const cookie = `keyturn.sid=${await browser.cookie('keyturn.sid')}`;
  /** How an attempt to connect ends: open, or the status in its place. */
  const connect = async (headers: Record<string, string>) => {
    const client = new WebSocket(url.replace('http', 'ws'), { headers });
    const closed = new Promise<string>((done) => {
      client.on('close', (_code, why) => done(String(why)));
      client.on('error', () => {});
    });
    const outcome = await Promise.race([
      once(client, 'open').then(() => 'open'),
      new Promise<number | undefined>((done) => {
        client.on('unexpected-response', (_request, response) => done(response.statusCode));
      }),
    ]);
    return { client, closed, outcome };
  };
  return { clock, logger, keyturn, app, url, browser, cookie, connect, sessions };
}

describe('an upgrade', () => {
  test('by cookie is for pages of this host, and of listed origins', async () => {
    const { url, cookie, connect, logger } = await make();
    const outcomeOf = async (headers: Record<string, string>) => (await connect(headers)).outcome;
    expect(await outcomeOf({ cookie, origin: url })).toBe('open');
    expect(await outcomeOf({ cookie, origin: 'https://listed.example' })).toBe('open');
    for (const origin of ['https://evil.example', `${url}.evil.example`, 'null', 'http://localhost'])
      expect([origin, await outcomeOf({ cookie, origin })]).toEqual([origin, 403]);
    expect(await outcomeOf({ cookie })).toBe(403);
    expect(logger.records.map(({ facts }) => facts.reason)).toContain('foreign_origin');
    expect(await outcomeOf({ origin: url })).toBe(401);
    expect(await outcomeOf({ origin: url, cookie: `${cookie}x` })).toBe(401);
  });

  test('behind a trusted proxy the host is what the proxy says', async () => {
    const { keyturn, cookie } = await make();
    const headers = {
      cookie,
      origin: 'https://app.example',
      host: 'internal:3000',
      'x-forwarded-host': 'app.example',
      'x-forwarded-proto': 'https',
    };
    expect(await keyturn.sessions.open({ headers })).toMatchObject({ ok: false, reason: 'foreign_origin' });
    expect(await keyturn.sessions.open({ headers }, { trustProxy: true })).toMatchObject({ ok: true });
    const request = new Request('https://app.example/', { headers: { ...headers, host: 'app.example' } });
    expect(await keyturn.sessions.open(request)).toMatchObject({ ok: true });
  });

  test('with the session in a header field says nothing of its origin', async () => {
    const { url, connect } = await make({ session: { header: 'x-session' } });
    const signedIn = await fetch(`${url}/in`, { headers: { 'x-session': '' } });
    const token = signedIn.headers.get('x-session') as string;
    expect((await connect({ 'x-session': token })).outcome).toBe('open');
    expect((await connect({ 'x-session': '' })).outcome).toBe(401);
  });

  test('needs an adapter', async () => {
    const keyturn = await testKeyturn();
    await expect(keyturn.sessions.open({ headers: {} })).rejects.toMatchObject({ code: 'argument_invalid' });
  });
});

describe('of two apps with one Keyturn', () => {
  const open = async (...apps: HttpOptions[]) => {
    const logger = memoryLogger();
    const keyturn = await testKeyturn({ logger });
    for (const options of apps) await openHttp({ keyturn, ...options });
    const told = () => logger.records.filter(({ facts }) => facts.event === 'session.other_app');
    expect(told()).toEqual([]);
    for (let n = 0; n < 2; n++) await keyturn.sessions.open({ headers: { origin: 'http://a', host: 'a' } });
    return told().map(({ facts }) => facts.options);
  };

  test('another store or epoch than that of the first, which counts, is told of once', async () => {
    const [store, other] = [memoryStore(), memoryStore()];
    expect(await open({ store }, { store: other })).toEqual([['store']]);
    expect(await open({ store }, { store: other, epoch: () => 1 }, {})).toEqual([['store', 'epoch']]);
    expect(await open({}, { user: (data) => data.user as string })).toEqual([['user']]);
  });

  test('the same is nothing to tell of, nor a module that was evaluated again', async () => {
    const store = memoryStore();
    const options = () => ({ store, epoch: () => 1, lastWins: ['page'] as const });
    expect(await open(options(), options())).toEqual([]);
    expect(await open({ store }, { store, sessionless: () => false })).toEqual([]);
  });
});

test('the session can be read, and changed by update alone', async () => {
  const { browser, connect, cookie, url, sessions } = await make({ session: { backend: 'memory' } });
  await connect({ cookie, origin: url });
  const session = sessions[0] as OpenSession;
  expect([session.user, session.get('user'), session.id.length]).toEqual(['ada', 'ada', 22]);
  expect(session.expiresAt).toBeInstanceOf(Date);
  for (const change of [
    () => Object.assign(session, { user: 'eve' }),
    () => (session as any).regenerate(),
    () => (session as any).destroy(),
  ])
    expect(change).toThrow(/no response goes with/);
  await session.update((data) => {
    data.moves = 1;
  });
  expect(session.moves).toBe(1);
  expect((await browser.get('/read')).json).toEqual({ user: 'ada', moves: 1 });
});

test('one in the cookie cannot be changed', async () => {
  const { connect, cookie, url, sessions } = await make();
  await connect({ cookie, origin: url });
  await expect(sessions[0]?.update(() => {})).rejects.toMatchObject({ code: 'session_invalid' });
});

describe('the end of a session', () => {
  // So far apart that no test waits for a look: what this process does is heard of at once.
  const seldom = { lookEvery: '1h' };

  test('by a sign-out in this process is told at once, and a new id is no end', async () => {
    const memory = { session: { backend: 'memory' }, open: seldom };
    const { browser, connect, cookie, url, sessions } = await make(memory);
    const { closed, client } = await connect({ cookie, origin: url });
    await browser.get('/keep');
    expect((await browser.get('/read')).json).toEqual({ user: 'ada' });
    await browser.get('/out');
    expect(await closed).toBe('signed_out');
    expect(client.readyState).toBe(WebSocket.CLOSED);
    const told: string[] = [];
    sessions[0]?.onEnd((why) => told.push(why));
    await until(() => told.length > 0);
    expect(told).toEqual(['signed_out']);
  });

  test.each([
    '24d',
    '30d',
    '365d',
  ])('looked for every %s is not looked for all the time', async (lookEvery) => {
    const pauses = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => void pauses.mockRestore());
    const { keyturn, connect, cookie, url } = await make({
      session: { backend: 'memory' },
      open: { lookEvery },
    });
    const { closed } = await connect({ cookie, origin: url });
    const long = () =>
      pauses.mock.calls.map(([, pause]) => pause ?? 0).filter((pause) => pause > 10 * DAY * 1000);
    await until(() => long().length > 0);
    for (const pause of long()) expect(pause).toBeLessThan(2 ** 31);
    await signOutEverywhere(keyturn, 'ada');
    expect(await closed).toBe('signed_out');
  });

  test('by "sign out everywhere" is told', async () => {
    const { keyturn, connect, cookie, url } = await make({ session: { backend: 'memory' }, open: seldom });
    const { closed } = await connect({ cookie, origin: url });
    expect(await signOutEverywhere(keyturn, 'ada')).toBe(1);
    expect(await closed).toBe('signed_out');
  });

  test('by another process is told at the next look, also after one that failed', async () => {
    const inner = memoryStore({ clock: testClock().read });
    let away = false;
    let looks = 0;
    const store: SessionStore = {
      get: async (id) => {
        looks += 1;
        if (away) throw new Error('away');
        return inner.get(id);
      },
      put: (...given) => inner.put(...given),
      touch: (...given) => inner.touch(...given),
      destroy: (...given) => inner.destroy(...given),
      ended: (...given) => inner.ended(...given),
      listUser: (...given) => inner.listUser(...given),
    };
    const { connect, cookie, url, sessions } = await make({ store, open: { lookEvery: 1 } });
    const { closed } = await connect({ cookie, origin: url });
    away = true;
    const before = looks;
    await until(() => looks > before);
    away = false;
    inner.destroy((sessions[0] as OpenSession).id, testClock().read() + DAY * 1000);
    expect(await closed).toBe('signed_out');
  });

  test.each(['cookie', 'memory'])('by the revocation of its key is told at once (%s)', async (backend) => {
    const { keyturn, connect, cookie, url } = await make({ session: { backend }, open: seldom });
    const { closed, client } = await connect({ cookie, origin: url });
    useRing(keyturn, ringOf([SECRET, 'retiring'], [OTHER_SECRET, 'active']));
    expect(client.readyState).toBe(WebSocket.OPEN);
    useRing(keyturn, ringOf([SECRET, 'revoked'], [OTHER_SECRET, 'active']));
    expect(await closed).toBe('revoked');
  });

  test('is not looked for in the store because a key was staged, or turned retiring', async () => {
    const inner = memoryStore({ clock: testClock().read });
    const get = vi.spyOn(inner, 'get');
    const { keyturn, connect, cookie, url } = await make({ store: inner, open: seldom });
    const sockets = await Promise.all([1, 2, 3].map(() => connect({ cookie, origin: url })));
    const before = get.mock.calls.length;
    useRing(keyturn, ringOf([SECRET, 'active'], [OTHER_SECRET, 'staged']));
    useRing(keyturn, ringOf([SECRET, 'retiring'], [OTHER_SECRET, 'active']));
    expect(get.mock.calls.length - before).toBe(0);
    useRing(keyturn, ringOf([SECRET, 'revoked'], [OTHER_SECRET, 'active']));
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(['revoked', 'revoked', 'revoked']);
    expect(get.mock.calls.length - before).toBe(0);
  });

  test.each(['cookie', 'memory'])('by time is told (%s)', async (backend) => {
    const { clock, connect, cookie, url } = await make({ session: { backend }, open: { lookEvery: 1 } });
    const { closed } = await connect({ cookie, origin: url });
    clock.advance(7 * DAY);
    expect(await closed).toBe('expired');
  });

  test('by a new epoch of its user is told, and none of another', async () => {
    const epochs: Record<string, number> = { ada: 1 };
    let looks = 0;
    const { connect, cookie, url } = await make({
      epoch: (data) => {
        looks += 1;
        return epochs[String(data?.user)];
      },
      open: { lookEvery: 1 },
    });
    const { closed } = await connect({ cookie, origin: url });
    let why: string | undefined;
    void closed.then((told) => {
      why = told;
    });
    epochs.eve = 2;
    const before = looks;
    await until(() => looks > before + 1);
    expect(why).toBeUndefined();
    epochs.ada = 2;
    expect(await closed).toBe('signed_out');
  });

  test('is not looked for when nobody wants to hear of it', async () => {
    let looks = 0;
    const inner = memoryStore({ clock: testClock().read });
    const { keyturn, cookie, url } = await make({ session: { backend: 'memory' } });
    const opened = await keyturn.sessions.open({ headers: { cookie, origin: url, host: new URL(url).host } });
    if (!opened.ok) throw new Error(opened.reason);
    const stop = opened.session.onEnd(() => {
      looks += 1;
    });
    stop();
    await signOutEverywhere(keyturn, 'ada');
    useRing(keyturn, ringOf([SECRET, 'active']));
    expect([looks, inner.size.sessions]).toEqual([0, 0]);
  });
});
