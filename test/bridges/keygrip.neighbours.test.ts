import { describe, expect, test } from 'vitest';
import { type KeygripSettings, liveCookieSession, liveKeygrip } from '../../src/bridges/keygrip/index.js';
import { internalsOf } from '../../src/keyturn.js';
import { useRing } from '../support/keyturn.js';
import { app as cookieSessionApp } from './apps/cookie-session.mjs';
import { app as koaSessionApp } from './apps/koa-session.mjs';
import { app as koaSession6App } from './apps/koa-session-6.mjs';
import { listen } from './apps/listen.mjs';
import { closing, openKeyturn, promote, RINGS, stopSigning, verifiedBy } from './beside.js';
import type { Library } from './life.js';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { Visitor } from './visitor.js';

const { default: express } = await neighbour('express');
const { default: cookieSession } = await neighbour('cookie-session');
const { default: Koa } = await neighbour('koa');
const { default: koaSession } = await neighbour('koa-session');
const { default: Keygrip } = await neighbour('keygrip');

const LIBRARIES = {
  'cookie-session': cookieSessionApp,
  'koa-session 7 on Koa 3': koaSessionApp,
  'koa-session 6 on Koa 2': koaSession6App,
} as Readonly<Record<string, (load: typeof neighbour) => Promise<Library>>>;

describe.each(Object.entries(LIBRARIES))('%s', (_name, app) => {
  test('from the old secret to the keys of the ring nobody is signed out', async () => {
    const library = await app(neighbour);
    const section = library.signed?.purpose as string;
    const seen = await moveOf(library, { section, said: { format: 'koa' } });
    expect(seen).toEqual(everybodyMoved(library));
  });

  test('alone it signs again without the attributes, and backwards: who closes the browser is signed out', async () => {
    const library = await app(neighbour);
    const secrets = ['the next secret, which is long enough', 'the secret of before, which is long enough'];
    const shared = new Map();
    const before = await library.start({ keyturn: undefined, secrets: secrets.slice(1), shared });
    const late = await library.start({ keyturn: undefined, secrets: [...secrets].reverse(), shared });
    const ahead = await library.start({ keyturn: undefined, secrets, shared });
    try {
      const visitor = new Visitor();
      await library.signIn(visitor, before.url);
      for (const line of visitor.received) expect(line).toMatch(/expires=.*samesite=lax/);
      for (const { url } of [ahead, late]) {
        visitor.received.length = 0;
        expect(await library.isSignedIn(visitor, url)).toBe(true);
        // The late one as well, to which the new key was the second.
        expect(visitor.received).toEqual([expect.stringMatching(/^[\w.]+\.sig=[^;]+; path=\/; httponly$/)]);
      }
      const reopened = new Visitor();
      for (const [name, value] of visitor.cookies)
        if (!name.endsWith('.sig')) reopened.cookies.set(name, value);
      expect(await library.isSignedIn(reopened, ahead.url)).toBe(false);
    } finally {
      for (const { close } of [before, late, ahead]) await close();
    }
  });
});

/** Counts, in a session of cookie-session. */
async function onExpress(settings: KeygripSettings, options: object = {}) {
  const keyturn = await openKeyturn();
  const keys = liveKeygrip(keyturn, settings);
  const server = express();
  server.use(cookieSession({ keys, name: 'shop', ...options }), keys.express());
  server.post('/', (request: any, response: any) => {
    request.session.user = 'ada';
    response.end();
  });
  server.delete('/', (request: any, response: any) => {
    request.session = null;
    response.end();
  });
  server.put('/', (_request: any, response: any) => response.end());
  server.get('/public', (_request: any, response: any) => response.set('Cache-Control', 'public').end());
  server.get('/untouched', (_request: any, response: any) => response.end());
  server.get('/ended', (request: any, response: any) => {
    request.session = null;
    response.end();
  });
  server.get('/', (request: any, response: any) => response.json({ user: request.session.user ?? null }));
  return { keyturn, url: closing(await listen(server)) };
}

async function onKoa(config: object, use?: (ctx: any) => void) {
  const keyturn = await openKeyturn();
  const app = new Koa();
  const keys = liveKeygrip(keyturn, { session: config });
  app.keys = keys;
  app.use(koaSession({ ...config }, app));
  app.use(keys.koa());
  app.use(async (ctx: any) => {
    if (ctx.method === 'POST') {
      ctx.session.user = 'ada';
      if (ctx.sessionOptions.autoCommit === false) await ctx.session.save();
    }
    if (ctx.path === '/ended') ctx.session = null;
    if (ctx.path === '/public') ctx.set('Cache-Control', 'public');
    use?.(ctx);
    ctx.body = { user: ctx.session?.user ?? null };
  });
  return { keyturn, url: closing(await listen(app.callback())) };
}

const userOf = async (visitor: Visitor, url: string) =>
  ((await (await visitor.fetch(url)).json()) as { user: unknown }).user;

async function signedIn(url: string): Promise<Visitor> {
  const visitor = new Visitor();
  await visitor.fetch(url, { method: 'POST' });
  expect(visitor.received).toHaveLength(2);
  return visitor;
}

const attributesOf = (lines: readonly string[]) =>
  lines.map((line) => line.replace(/^[\w.]+=[^;]*/, '').replace(/expires=[^;]*/, 'expires'));

describe('cookie-session, signed again', () => {
  const options = { maxAge: 3_600_000, domain: '127.0.0.1', sameSite: 'strict', httpOnly: false };

  test('keeps its attributes, once, also where nobody has looked at the session', async () => {
    const { keyturn, url } = await onExpress({ session: options }, options);
    const visitor = await signedIn(url);
    const first = visitor.received.splice(0);
    promote(keyturn);
    await visitor.fetch(`${url}/public`);
    await visitor.fetch(url, { method: 'PUT' });
    expect(visitor.received).toEqual([]);
    const { headers } = await visitor.fetch(`${url}/untouched`);
    // No cache that serves many keeps the cookie of one.
    expect(headers.get('cache-control')).toBe('private');
    expect(attributesOf(visitor.received)).toEqual(attributesOf(first));
    expect(visitor.received[0]?.split(';')[0]).toBe(first[0]?.split(';')[0]);
    expect(visitor.received[1]?.split(';')[0]).not.toBe(first[1]?.split(';')[0]);
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toHaveLength(2);
  });

  test('is none of a session that has ended', async () => {
    const { keyturn, url } = await onExpress({ session: options }, options);
    const visitor = await signedIn(url);
    promote(keyturn);
    await visitor.fetch(`${url}/ended`);
    expect([...visitor.cookies.keys()]).toEqual([]);
  });

  test('a process that must not sign reads, signs out, and signs nobody in', async () => {
    const { keyturn, url } = await onExpress({ session: options }, options);
    const visitor = await signedIn(url);
    promote(keyturn);
    stopSigning(keyturn);
    visitor.received.length = 0;
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toEqual([]);
    const other = new Visitor();
    await other.fetch(url, { method: 'POST' });
    // The library has set the value by then, and not its signature, without which it is nothing.
    expect([...other.cookies.keys()].filter((name) => name.endsWith('.sig'))).toEqual([]);
    expect(await userOf(other, url)).toBeNull();
    await visitor.fetch(url, { method: 'DELETE' });
    expect([...visitor.cookies.keys()]).toEqual([]);
  });

  test('in front of it the middleware says where it belongs', async () => {
    const keys = liveKeygrip(await openKeyturn(), { maxAge: '1d' });
    const server = express();
    server.use(keys.express());
    server.use((error: any, _request: any, response: any, _next: any) =>
      response.json({ code: error.code, hint: error.hint }),
    );
    const url = closing(await listen(server));
    expect(await (await fetch(url)).json()).toEqual({
      code: 'argument_invalid',
      hint: expect.stringContaining('behind cookie-session'),
    });
  });
});

describe('koa-session, signed again', () => {
  const config = { maxAge: 3_600_000, domain: '127.0.0.1', sameSite: 'strict', httpOnly: false };
  const stored = () => {
    const records = new Map<string, object>();
    return {
      get: async (key: string) => records.get(key),
      set: async (key: string, record: object) => void records.set(key, record),
      destroy: async (key: string) => void records.delete(key),
    };
  };

  test.each([
    ['in the cookie', config],
    ['in a store', { ...config, store: stored() }],
    ['saved by the app', { ...config, autoCommit: false }],
    ['as long as the browser', { ...config, maxAge: 'session' }],
  ])('keeps its attributes, once (%s)', async (_name, options) => {
    const { keyturn, url } = await onKoa(options);
    const visitor = await signedIn(url);
    const first = visitor.received.splice(0);
    promote(keyturn);
    await visitor.fetch(`${url}/public`);
    await visitor.fetch(url, { method: 'PUT' });
    expect(visitor.received).toEqual([]);
    const answer = await visitor.fetch(url);
    expect(answer.headers.get('cache-control')).toBe('private');
    expect(await answer.json()).toEqual({ user: 'ada' });
    expect(attributesOf(visitor.received)).toEqual(attributesOf(first));
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toHaveLength(2);
    expect(verifiedBy(keyturn, 'keygrip', options.maxAge === 'session' ? '1d' : '1h')).toEqual([1, 3]);
  });

  test('is none of a session that has ended', async () => {
    const { keyturn, url } = await onKoa(config);
    const visitor = await signedIn(url);
    promote(keyturn);
    await visitor.fetch(`${url}/ended`);
    expect([...visitor.cookies.keys()]).toEqual([]);
  });

  test('rolling, in a store: nothing is signed backwards', async () => {
    const { keyturn, url } = await onKoa({ ...config, rolling: true, store: stored() });
    promote(keyturn);
    const visitor = await signedIn(url);
    const ahead = visitor.cookies.get('koa.sess.sig');
    useRing(keyturn, RINGS.staged);
    visitor.received.length = 0;
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toHaveLength(2);
    expect(visitor.cookies.get('koa.sess.sig')).toBe(ahead);
  });
});

describe('the object itself', () => {
  test.each(['sha1', 'sha256'] as const)('signs as Keygrip does (%s)', async (hash) => {
    const secret = 'the secret of before, which is long enough';
    const section = { format: 'koa', secrets: [secret] };
    const keys = liveKeygrip(await openKeyturn({ move_in: { keygrip: section } }), { maxAge: '1d', hash });
    const real = new Keygrip([secret], hash);
    for (const data of ['a=b', 'a=', 'no cookie at all', 'ü=✓', '']) {
      expect(keys.sign(data)).toBe(real.sign(data));
      expect(keys.index(data, real.sign(data))).toBe(0);
      expect(keys.verify(data, `${real.sign(data)}x`)).toBe(false);
    }
    expect(keys.index('a=b', real.sign('a=c'))).toBe(-1);
  });

  test.each([
    ['session.maxAge', { session: { maxAge: 604_800_000 } }, 604_800],
    ['a session without one', { session: {} }, 86_400],
    ['maxAge', { session: { maxAge: 1000 }, maxAge: '2d' }, 172_800],
  ] as const)('the lifetime is taken from %s', async (_name, settings, seconds) => {
    const keyturn = await openKeyturn();
    liveKeygrip(keyturn, settings);
    expect(internalsOf(keyturn).registry.describe('keygrip').maxAge).toBe(seconds);
  });

  test('where nothing says it, it is asked for', async () => {
    const keyturn = await openKeyturn();
    expect(() => liveKeygrip(keyturn)).toThrow(expect.objectContaining({ code: 'purpose_lifetime' }));
    expect(() => liveKeygrip(keyturn, { keys: ['x'] } as object)).toThrow(/keys/);
    expect(() => liveKeygrip(keyturn, { maxAge: '1d', hash: 'md5' } as object)).toThrow(/hash/);
    for (const secret of [{ keys: ['x'] }, { secret: 'x' }])
      expect(() => liveCookieSession(keyturn, cookieSession, secret)).toThrow(
        expect.objectContaining({ hint: expect.stringContaining('[move_in.cookie-session]') }),
      );
  });
});
