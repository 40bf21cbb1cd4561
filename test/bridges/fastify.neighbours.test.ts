import { describe, expect, test } from 'vitest';
import {
  type FastifySessionSettings,
  liveFastifySession,
  liveSecureSessionKeys,
  liveSigner,
} from '../../src/bridges/fastify/index.js';
import { internalsOf } from '../../src/keyturn.js';
import { useRing } from '../support/keyturn.js';
import { app as cookieApp } from './apps/fastify-cookie.mjs';
import { app as secureSessionApp } from './apps/fastify-secure-session.mjs';
import { app as sessionApp, textStore } from './apps/fastify-session.mjs';
import { closing, openKeyturn, promote, RINGS, stopSigning } from './beside.js';
import type { Library } from './life.js';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { Visitor } from './visitor.js';

const { default: fastify } = await neighbour('fastify');
const { default: cookie } = await neighbour('@fastify/cookie');
const { default: session } = await neighbour('@fastify/session');
const { default: secureSession } = await neighbour('@fastify/secure-session');

const OLD_KEY = `${'5f'.repeat(31)}07`;

type App = (load: typeof neighbour) => Promise<Library>;

describe.each([
  ['@fastify/session', sessionApp as App, { section: 'fastify-session' }],
  ['@fastify/cookie', cookieApp as App, { section: 'fastify-cookie' }],
  [
    '@fastify/secure-session',
    secureSessionApp as App,
    { section: 'fastify-secure-session', old: { text: OLD_KEY, encoding: 'hex' } },
  ],
] as const)('%s', (_name, app, move) => {
  test('from the old secret to the keys of the ring nobody is signed out', async () => {
    const library = await app(neighbour);
    expect(await moveOf(library, move)).toEqual(everybodyMoved(library));
  });
});

describe('alone', () => {
  test.each([
    ['@fastify/cookie', cookieApp as App],
    ['@fastify/secure-session', secureSessionApp as App],
  ])('%s makes cookies backwards at a replica that is late', async (_name, app) => {
    const library = await app(neighbour);
    const [next, before] = [`${'a7'.repeat(31)}01`, `${'c3'.repeat(31)}02`];
    const shared = new Map();
    const late = await library.start({ keyturn: undefined, secrets: [before, next], shared });
    const ahead = await library.start({ keyturn: undefined, secrets: [next, before], shared });
    const retired = await library.start({ keyturn: undefined, secrets: [next], shared });
    try {
      const visitor = new Visitor();
      await library.signIn(visitor, ahead.url);
      expect(await library.isSignedIn(visitor, retired.url)).toBe(true);
      expect(await library.isSignedIn(visitor, late.url)).toBe(true);
      expect(await library.isSignedIn(visitor, retired.url)).toBe(false);
    } finally {
      for (const { close } of [late, ahead, retired]) await close();
    }
  });
});

async function sessions(options: Record<string, unknown> = {}, settings: FastifySessionSettings = {}) {
  const keyturn = await openKeyturn();
  const server = fastify();
  await server.register(cookie);
  const records = new Map<string, string>();
  const all = { cookie: { secure: false }, store: textStore(records), ...options };
  await server.register(liveFastifySession(keyturn, session, all, settings));
  server.post('/', async (request: any) => {
    request.session.set('user', 'ada');
    return {};
  });
  server.delete('/', async (request: any) => {
    await request.session.destroy();
    return {};
  });
  server.put('/', async () => ({}));
  server.get('/public', async (_request: any, reply: any) =>
    reply.header('cache-control', 'public').send({}),
  );
  server.get('/', async (request: any) => ({ user: request.session.get('user') ?? null }));
  await server.listen({ port: 0, host: '127.0.0.1' });
  const url = closing({
    url: `http://127.0.0.1:${server.server.address().port}`,
    close: () => server.close(),
  });
  return { keyturn, url, records };
}

const userOf = async (visitor: Visitor, url: string) =>
  ((await (await visitor.fetch(url)).json()) as { user: unknown }).user;

describe('@fastify/session, more closely', () => {
  test.each([
    ['as it is by itself', {}],
    ['with a prefix', { cookiePrefix: 's:' }],
    ['with nothing saved that is empty', { saveUninitialized: false, cookieName: 'shop' }],
  ])('each answer has one cookie, and the session goes on (%s)', async (_name, options) => {
    const { keyturn, url, records } = await sessions(options);
    const visitor = new Visitor();
    await visitor.fetch(url, { method: 'POST' });
    promote(keyturn);
    for (const ring of [RINGS.promoted, RINGS.staged, RINGS.promoted]) {
      useRing(keyturn, ring);
      visitor.received.length = 0;
      expect(await userOf(visitor, url)).toBe('ada');
      expect(visitor.received).toHaveLength(1);
    }
    expect(records.size).toBe(1);
  });

  test('that does not roll is signed again once, with its attributes, and ends when it did', async () => {
    const { keyturn, url, records } = await sessions({
      rolling: false,
      saveUninitialized: false,
      cookie: { secure: false, maxAge: 3_600_000, sameSite: 'strict', domain: '127.0.0.1' },
    });
    const visitor = new Visitor();
    await visitor.fetch(url, { method: 'POST' });
    const [first = ''] = visitor.received.splice(0);
    const [[id, text]] = [...records] as [[string, string]];
    const end = new Date(Math.trunc(Date.now() / 1000) * 1000 + 1_800_000);
    const record = JSON.parse(text);
    records.set(
      id,
      JSON.stringify({ ...record, cookie: { ...record.cookie, expires: end, originalExpires: end } }),
    );
    promote(keyturn);
    await visitor.fetch(`${url}/public`);
    await visitor.fetch(url, { method: 'PUT' });
    expect(visitor.received).toEqual([]);
    expect(await userOf(visitor, url)).toBe('ada');
    expect(await userOf(visitor, url)).toBe('ada');
    const attributes = (line = '') => line.slice(line.indexOf(';')).replace(/Expires=[^;]*/, 'Expires');
    expect(visitor.received.map(attributes)).toEqual([attributes(first)]);
    expect(visitor.received[0]).toContain(`Expires=${end.toUTCString()}`);
  });

  test('is none that was destroyed', async () => {
    const { keyturn, url } = await sessions({ rolling: false, saveUninitialized: false });
    const visitor = new Visitor();
    await visitor.fetch(url, { method: 'POST' });
    promote(keyturn);
    await visitor.fetch(url, { method: 'DELETE' });
    expect(await userOf(visitor, url)).toBeNull();
  });

  test.each([
    ['a day where nothing is said', {}, 86_400],
    ['cookie.maxAge', { cookie: { secure: false, maxAge: 604_800_000 } }, 604_800],
  ])('the lifetime is taken from %s', async (_name, options, seconds) => {
    const { keyturn } = await sessions(options);
    expect(internalsOf(keyturn).registry.describe('fastify-session').maxAge).toBe(seconds);
  });
});

describe('@fastify/secure-session, more closely', () => {
  const secure = async () => {
    const keyturn = await openKeyturn();
    const server = fastify();
    const key = liveSecureSessionKeys(keyturn);
    await server.register(secureSession, { key, cookie: { path: '/', sameSite: 'strict', maxAge: 3600 } });
    server.post('/', async (request: any) => {
      request.session.set('user', 'ada');
      return {};
    });
    server.get('/', async (request: any) => ({ user: request.session.get('user') ?? null }));
    await server.listen({ port: 0, host: '127.0.0.1' });
    const url = closing({
      url: `http://127.0.0.1:${server.server.address().port}`,
      close: () => server.close(),
    });
    const visitor = new Visitor();
    await visitor.fetch(url, { method: 'POST' });
    return { keyturn, url, visitor };
  };

  test('encrypts again only what a key of the past has, with its attributes', async () => {
    const { keyturn, url, visitor } = await secure();
    const [first = ''] = visitor.received.splice(0);
    useRing(keyturn, RINGS.staged);
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toEqual([]);
    promote(keyturn);
    for (const _ of [1, 2]) expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toHaveLength(1);
    expect(visitor.received[0]?.slice(visitor.received[0].indexOf('; '))).toBe(
      first.slice(first.indexOf('; ')),
    );
    // What is a step ahead.
    useRing(keyturn, RINGS.staged);
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toHaveLength(1);
  });

  test('a process that must not sign reads', async () => {
    const { keyturn, url, visitor } = await secure();
    promote(keyturn);
    stopSigning(keyturn);
    expect(await userOf(visitor, url)).toBe('ada');
    expect((await visitor.fetch(url, { method: 'POST' })).status).toBe(503);
  });

  test('an old key that is none is refused, with what to write', async () => {
    const section = { secrets: ['a text of another length'] };
    const keyturn = await openKeyturn({ move_in: { 'fastify-secure-session': section } });
    expect(() => liveSecureSessionKeys(keyturn)).toThrow(
      expect.objectContaining({ code: 'secret_malformed', hint: expect.stringContaining('encoding') }),
    );
  });

  test('its lifetime is its own', async () => {
    const keyturn = await openKeyturn();
    liveSecureSessionKeys(keyturn);
    expect(internalsOf(keyturn).registry.describe('fastify-secure-session').maxAge).toBe(86_401);
  });
});

test('@fastify/cookie: what is stale is told, what a replica ahead has signed is not', async () => {
  const keyturn = await openKeyturn();
  const signer = liveSigner(keyturn, { maxAge: '1h' });
  const before = signer.sign('a.b=ü ✓');
  expect(signer.unsign(before)).toEqual({ valid: true, renew: false, value: 'a.b=ü ✓' });
  promote(keyturn);
  const ahead = signer.sign('x');
  expect(signer.unsign(before)).toEqual({ valid: true, renew: true, value: 'a.b=ü ✓' });
  useRing(keyturn, RINGS.staged);
  expect(signer.unsign(ahead)).toEqual({ valid: true, renew: false, value: 'x' });
  for (const hostile of [`${ahead}x`, '', '.', 'x', '%', 'x.%00'])
    expect(signer.unsign(hostile)).toEqual({ valid: false, renew: false, value: null });
});
