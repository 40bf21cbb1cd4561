import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type BridgeSettings, expressSession } from '../../src/bridges/express-session/index.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import { useRing } from '../support/keyturn.js';
import { app } from './apps/express-session.mjs';
import { listen } from './apps/listen.mjs';
import { closing, openKeyturn, promote, RINGS, stopSigning, verifiedBy } from './beside.js';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { Visitor } from './visitor.js';

const { default: express } = await neighbour('express');
const { default: session } = await neighbour('express-session');
const { default: passport } = await neighbour('passport');

const OPTIONS = { resave: false, saveUninitialized: false };

/** An app that counts visits, and does what a path says besides. */
async function shop(
  keyturn: Keyturn,
  options: Record<string, unknown> = {},
  settings: BridgeSettings = {},
  more: (server: any) => void = () => {},
  framework: any = express,
): Promise<string> {
  const server = framework();
  server.set('trust proxy', true);
  server.use(expressSession(keyturn, session, { ...OPTIONS, ...options }, settings));
  more(server);
  server.post('/sign-in', (request: any, response: any) => {
    request.session.user = 'ada';
    response.end();
  });
  server.get('/', (request: any, response: any) => response.json({ user: request.session?.user ?? null }));
  return closing(await listen(server as RequestListener));
}

async function signedIn(url: string): Promise<Visitor> {
  const visitor = new Visitor();
  await visitor.fetch(`${url}/sign-in`, { method: 'POST' });
  expect(visitor.cookies.size).toBe(1);
  visitor.received.length = 0;
  return visitor;
}

const userOf = async (visitor: Visitor, url: string) =>
  ((await (await visitor.fetch(url)).json()) as { user: unknown }).user;

test('from the old secret to the keys of the ring nobody is signed out', async () => {
  const library = await app(neighbour);
  expect(await moveOf(library, { section: 'express-session' })).toEqual(everybodyMoved(library));
});

describe('a cookie that is signed again', () => {
  test('keeps its attributes, and ends when its session did before', async () => {
    const keyturn = await openKeyturn();
    const cookie = {
      domain: '127.0.0.1',
      path: '/',
      sameSite: 'strict',
      maxAge: 3_600_000,
      priority: 'high',
      httpOnly: true,
    };
    const store = new session.MemoryStore();
    const url = await shop(keyturn, { cookie, store, name: 'shop.sid' });
    const visitor = new Visitor();
    await visitor.fetch(`${url}/sign-in`, { method: 'POST' });
    const [first = ''] = visitor.received;
    // Sessions of an hour of which half has passed: the library is asked by the time of the machine.
    const [[id, text]] = Object.entries(store.sessions) as [[string, string]];
    const record = JSON.parse(text);
    const end = new Date(Math.trunc(Date.now() / 1000) * 1000 + 1_800_000);
    store.sessions[id] = JSON.stringify({ ...record, cookie: { ...record.cookie, expires: end } });
    promote(keyturn);
    expect(await userOf(visitor, url)).toBe('ada');
    const again = visitor.received.at(-1) ?? '';
    const attributes = (line: string) => line.slice(line.indexOf(';')).replace(/Expires=[^;]*/, 'Expires');
    expect(visitor.received).toHaveLength(2);
    expect(attributes(again)).toBe(attributes(first));
    expect(again).toContain(`Expires=${end.toUTCString()}`);
    expect(again.startsWith('shop.sid=')).toBe(true);
    // Once.
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toHaveLength(2);
  });

  test('goes out however the app answers, once', async () => {
    const keyturn = await openKeyturn();
    const url = await shop(keyturn, {}, {}, (server) => {
      server.get('/redirect', (_request: any, response: any) => response.redirect('/'));
      server.get('/stream', (_request: any, response: any) => {
        response.flushHeaders();
        response.write('a');
        response.end('b');
      });
      server.get('/object', (_request: any, response: any) => {
        response.writeHead(200, 'Fine', { 'Set-Cookie': ['a=b'], 'content-type': 'text/plain' });
        response.end('x');
      });
      server.get('/list', (_request: any, response: any) => {
        response.writeHead(200, ['Set-Cookie', 'a=b', 'Set-Cookie', 'c=d', 'X-One', '1']);
        response.end('x');
      });
    });
    const visitor = await signedIn(url);
    const cookie = [...visitor.cookies.values()][0] as string;
    promote(keyturn);
    for (const [path, method, others] of [
      ['/redirect', 'GET', []],
      ['/stream', 'GET', []],
      ['/object', 'GET', ['a=b']],
      ['/list', 'GET', ['a=b', 'c=d']],
      ['/', 'HEAD', []],
      ['/nowhere', 'GET', []],
    ] as const) {
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: { cookie: `connect.sid=${cookie}` },
      });
      await response.text();
      const set = response.headers.getSetCookie();
      expect(
        set.filter((line) => !line.startsWith('connect.sid=')),
        path,
      ).toEqual(others);
      expect(
        set.filter((line) => line.startsWith('connect.sid=')),
        path,
      ).toHaveLength(1);
    }
  });

  test('does not go out with an answer to an unsafe request, or one that others may get', async () => {
    const keyturn = await openKeyturn();
    const url = await shop(keyturn, {}, {}, (server) => {
      server.post('/', (_request: any, response: any) => response.end());
      server.get('/public', (_request: any, response: any) =>
        response.set('Cache-Control', 'public, max-age=60').end(),
      );
      server.get('/written', (_request: any, response: any) => {
        response.writeHead(200, { 'Cache-Control': 's-maxage=60' });
        response.end();
      });
    });
    const visitor = await signedIn(url);
    promote(keyturn);
    await visitor.fetch(url, { method: 'POST' });
    await visitor.fetch(`${url}/public`);
    await visitor.fetch(`${url}/written`);
    expect(visitor.received).toEqual([]);
    await visitor.fetch(url);
    expect(visitor.received).toHaveLength(1);
  });

  test('is none of a session that has ended, or was begun anew', async () => {
    const keyturn = await openKeyturn();
    const url = await shop(keyturn, {}, {}, (server) => {
      server.get('/destroy', (request: any, response: any) => request.session.destroy(() => response.end()));
      server.get('/null', (request: any, response: any) => {
        request.session = null;
        response.end();
      });
      server.get('/regenerate', (request: any, response: any) =>
        request.session.regenerate(() => {
          request.session.user = 'bob';
          response.end();
        }),
      );
    });
    for (const path of ['/destroy', '/null']) {
      useRing(keyturn, RINGS.promoted);
      const visitor = await signedIn(url);
      useRing(keyturn, RINGS.staged);
      await visitor.fetch(url + path);
      expect(visitor.received, path).toEqual([]);
    }
    const visitor = await signedIn(url);
    const before = visitor.cookies.get('connect.sid');
    promote(keyturn);
    await visitor.fetch(`${url}/regenerate`);
    expect(visitor.received).toHaveLength(1);
    expect(visitor.cookies.get('connect.sid')?.slice(0, 20)).not.toBe(before?.slice(0, 20));
    expect(await userOf(visitor, url)).toBe('bob');
  });
});

describe('options of the library', () => {
  test('rolling: each answer has the cookie, and none is signed backwards', async () => {
    const keyturn = await openKeyturn();
    const url = await shop(keyturn, { rolling: true, cookie: { maxAge: 3_600_000 } });
    promote(keyturn);
    const visitor = await signedIn(url);
    const ahead = visitor.cookies.get('connect.sid');
    useRing(keyturn, RINGS.staged);
    expect(await userOf(visitor, url)).toBe('ada');
    expect(visitor.received).toHaveLength(1);
    expect(visitor.cookies.get('connect.sid')).toBe(ahead);
    expect(visitor.received[0]).toContain('Expires=');
  });

  test('genid may give anything', async () => {
    const keyturn = await openKeyturn();
    let drawn = 0;
    const url = await shop(keyturn, { genid: () => `a.b/ü%41 "${drawn++}` });
    const visitor = await signedIn(url);
    for (const ring of [RINGS.staged, RINGS.promoted]) {
      useRing(keyturn, ring);
      expect(await userOf(visitor, url)).toBe('ada');
    }
    expect(visitor.received).toHaveLength(1);
    expect(await userOf(visitor, url)).toBe('ada');
  });

  test('the old name of the option name', async () => {
    const url = await shop(await openKeyturn(), { key: 'old.sid' });
    expect([...(await signedIn(url)).cookies.keys()]).toEqual(['old.sid']);
  });

  test('the name may come from [move_in]', async () => {
    const section = { secrets: ['what it has signed with so far, at length'], cookie: 'moved.sid' };
    const url = await shop(await openKeyturn({ move_in: { 'express-session': section } }));
    expect([...(await signedIn(url)).cookies.keys()]).toEqual(['moved.sid']);
  });

  test('secure = auto behind a proxy', async () => {
    const keyturn = await openKeyturn();
    const url = await shop(keyturn, { cookie: { secure: 'auto', sameSite: 'none' } });
    const https = { headers: { 'x-forwarded-proto': 'https' } };
    const visitor = new Visitor();
    await visitor.fetch(`${url}/sign-in`, { method: 'POST', ...https });
    promote(keyturn);
    await visitor.fetch(url, https);
    expect(visitor.received).toHaveLength(2);
    for (const line of visitor.received) expect(line).toMatch(/; Secure; SameSite=None$/);
  });

  test.each([
    ['a day where nothing is said', {}, {}, 86_400],
    ['cookie.maxAge', { cookie: { maxAge: 604_800_500 } }, {}, 604_801],
    ['store.ttl', { cookie: { maxAge: 1000 } }, { ttl: 1_209_600 }, 1_209_600],
    ['store.options.ttl, in milliseconds', {}, { options: { ttl: 172_800_000 } }, 172_800],
    ['a day where store.ttl is a function', {}, { ttl: () => 5 }, 86_400],
  ])('the lifetime is taken from %s', async (_name, options, ofStore, seconds) => {
    const keyturn = await openKeyturn();
    await shop(keyturn, { ...options, store: Object.assign(new session.MemoryStore(), ofStore) });
    expect(internalsOf(keyturn).registry.describe('express-session').maxAge).toBe(seconds);
  });

  test('a secret is refused, with what to write', async () => {
    const keyturn = await openKeyturn();
    expect(() => expressSession(keyturn, session, { secret: 'x' } as object)).toThrow(
      expect.objectContaining({
        code: 'argument_invalid',
        hint: expect.stringContaining('[move_in.express-session]'),
      }),
    );
  });
});

test('two in one app have keys of their own', async () => {
  const keyturn = await openKeyturn();
  const server = express();
  const one = (name: string) =>
    expressSession(keyturn, session, { ...OPTIONS, name: `${name}.sid` }, { purpose: `${name}-session` });
  for (const name of ['shop', 'admin']) {
    server.post(`/${name}`, one(name), (request: any, response: any) => {
      request.session.user = name;
      response.end();
    });
    server.get(`/${name}`, one(name), (request: any, response: any) =>
      response.json({ user: request.session.user ?? null }),
    );
  }
  const url = closing(await listen(server));
  const visitor = new Visitor();
  for (const name of ['shop', 'admin']) await visitor.fetch(`${url}/${name}`, { method: 'POST' });
  promote(keyturn);
  // Each has a store of its own for each route: what counts is whose signature is accepted.
  await visitor.fetch(`${url}/shop`);
  expect(verifiedBy(keyturn, 'shop-session')).toEqual([0, 1]);
  visitor.cookies.set('admin.sid', visitor.cookies.get('shop.sid') as string);
  await visitor.fetch(`${url}/admin`);
  expect(verifiedBy(keyturn, 'admin-session')).toEqual([0, 0]);
});

test('passport beside it signs in and out', async () => {
  const keyturn = await openKeyturn();
  const authenticator = new passport.Passport();
  authenticator.serializeUser((user: any, done: any) => done(null, user.id));
  authenticator.deserializeUser((id: any, done: any) => done(null, { id }));
  const url = await shop(keyturn, {}, {}, (server) => {
    server.use(authenticator.session());
    server.post('/login', (request: any, response: any, next: any) =>
      request.login({ id: 7 }, (error: unknown) => (error ? next(error) : response.end())),
    );
    server.post('/logout', (request: any, response: any, next: any) =>
      request.logout((error: unknown) => (error ? next(error) : response.end())),
    );
    server.get('/me', (request: any, response: any) => response.json(request.user ?? null));
  });
  const visitor = new Visitor();
  await visitor.fetch(`${url}/login`, { method: 'POST' });
  for (const ring of [RINGS.staged, RINGS.promoted]) {
    useRing(keyturn, ring);
    expect(await (await visitor.fetch(`${url}/me`)).json()).toEqual({ id: 7 });
  }
  await visitor.fetch(`${url}/logout`, { method: 'POST' });
  expect(await (await visitor.fetch(`${url}/me`)).json()).toBeNull();
});

test('a process that must not sign serves who only reads', async () => {
  const keyturn = await openKeyturn();
  const url = await shop(keyturn);
  const visitor = await signedIn(url);
  promote(keyturn);
  stopSigning(keyturn);
  expect(await userOf(visitor, url)).toBe('ada');
  expect(visitor.received).toEqual([]);
  expect((await new Visitor().fetch(`${url}/sign-in`, { method: 'POST' })).status).toBe(503);
});

test('on Express 4, too', async () => {
  const { default: express4 } = await import('express4' as string);
  const keyturn = await openKeyturn();
  const url = await shop(keyturn, { cookie: { maxAge: 3_600_000 } }, {}, () => {}, express4);
  const visitor = await signedIn(url);
  for (const ring of [RINGS.staged, RINGS.promoted, RINGS.promoted]) {
    useRing(keyturn, ring);
    expect(await userOf(visitor, url)).toBe('ada');
  }
  expect(visitor.received).toHaveLength(1);
  useRing(keyturn, RINGS.revoked);
  expect(await userOf(visitor, url)).toBe('ada');
});
