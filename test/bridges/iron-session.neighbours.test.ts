import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ironSession } from '../../src/bridges/iron-session/index.js';
import { internalsOf } from '../../src/keyturn.js';
import { liveRing, testKeyturn } from '../support/keyturn.js';
import { app } from './apps/iron-session.mjs';
import { listen } from './apps/listen.mjs';
import { lifeOf, lostAt, nobodyLost } from './life.js';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { LifeRings } from './rings.js';
import { Visitor } from './visitor.js';

/** The newest asks for Node 22. */
const isNode22 = Number(process.versions.node.split('.')[0]) >= 22;
const VERSIONS = isNode22 ? ['iron-session', 'iron-session-9'] : ['iron-session'];
const COOKIE = { cookieName: 'app' };

describe.each(VERSIONS.slice(1))('%s, as the one before', (name) => {
  test('beside Keyturn nobody is signed out before a key is revoked', async () => {
    const library = await app(neighbour, { name });
    expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
  });

  test('alone it signs everybody out', async () => {
    const lost = lostAt(await lifeOf(await app(neighbour, { name }), false));
    expect(lost).toEqual(['stage', 'retire', 'revoke']);
  });
});

describe.each(VERSIONS)('%s', (name) => {
  test.each([true, false])('an app moves in; its ring begins with the old secret: %s', async (sameText) => {
    const library = await app(neighbour, { name });
    expect(await moveOf(library, { section: 'iron-session', sameText })).toEqual(everybodyMoved(library));
  });

  /** A Keyturn whose ring a test replaces, and the library beside it. */
  async function started(options: Record<string, unknown> = {}) {
    const { getIronSession, sealData, unsealData } = await neighbour(name);
    const rings = new LifeRings();
    const keyturn = await testKeyturn();
    const parts = internalsOf(keyturn);
    liveRing(keyturn).replace(rings.of('before'));
    const sessions = ironSession<{ user?: string }>(keyturn, getIronSession, { ...COOKIE, ...options });
    const use = (ring: Parameters<LifeRings['of']>[0]) => liveRing(keyturn).replace(rings.of(ring));
    const loseTouch = () => liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
    return { sessions, use, loseTouch, parts, getIronSession, sealData, unsealData };
  }

  /** A jar like that of Next.js. */
  function cookieStore() {
    const written: [name: string, value: string, options: { maxAge?: number; path?: string }][] = [];
    const values = new Map<string, string>();
    const store = {
      get: (key: string) => (values.has(key) ? { name: key, value: values.get(key) as string } : undefined),
      set: (...given: (typeof written)[0]) => {
        written.push(given);
        values.set(given[0], given[1]);
      },
    };
    return { written, values, store };
  }

  const expiryOf = (seal: string) => Number(seal.split('*')[5]);

  test('a session that is sealed again keeps its end and its attributes', async () => {
    const { sessions, use } = await started({ ttl: 86_400, cookieOptions: { path: '/a' } });
    const { store, written } = cookieStore();
    const session = await sessions.get(store);
    session.user = 'ada';
    await session.save();
    use('promoted');
    expect((await sessions.get(store)).user).toBe('ada');
    const [[, before, first], [, after, second]] = written as [(typeof written)[0], (typeof written)[0]];
    expect(expiryOf(before) - expiryOf(after)).toBeGreaterThanOrEqual(0);
    expect(expiryOf(before) - expiryOf(after)).toBeLessThan(2000);
    expect(second.path).toBe('/a');
    expect((first.maxAge as number) - (second.maxAge as number)).toBeLessThanOrEqual(2);
    use('retired');
    expect((await sessions.get(store)).user).toBe('ada');
    expect(written).toHaveLength(2);
  });

  test('a page that may not write cookies reads its session all the same', async () => {
    const { sessions, use } = await started();
    const { store } = cookieStore();
    const session = await sessions.get(store);
    session.user = 'ada';
    await session.save();
    use('promoted');
    const page = {
      get: store.get,
      set: () => {
        throw new Error('Cookies can only be modified in a Server Action or Route Handler.');
      },
    };
    expect((await sessions.get(page)).user).toBe('ada');
  });

  test('a replica that must not sign says who is signed in, and seals nothing', async () => {
    const { sessions, use, loseTouch, sealData, unsealData } = await started();
    const { store, written } = cookieStore();
    const session = await sessions.get(store);
    session.user = 'ada';
    await session.save();
    const { password } = sessions;
    const sealed = await sealData({ user: 'ada' }, { password });
    use('promoted');
    loseTouch();
    const again = await sessions.get(store);
    expect(again.user).toBe('ada');
    expect(await unsealData(sealed, { password })).toEqual({ user: 'ada' });
    await expect(again.save()).rejects.toMatchObject({ code: 'keyring_unavailable' });
    await expect(sealData({}, { password })).rejects.toMatchObject({ code: 'keyring_unavailable' });
    expect(written).toHaveLength(1);
  });

  test('a request and a response of Fetch', async () => {
    const { sessions, use } = await started();
    const open = async (cookie: string, headers: Record<string, string> = {}) => {
      const response = new Response(null, { headers });
      const request = new Request('https://app.example', { headers: { cookie } });
      const session = await sessions.get(request, response);
      return { session, response, sent: response.headers.getSetCookie() };
    };
    const { session, response } = await open('');
    session.user = 'ada';
    await session.save();
    const cookie = (response.headers.getSetCookie()[0] as string).split(';')[0] as string;
    expect((await open(cookie)).sent).toEqual([]);
    use('promoted');
    const again = await open(cookie);
    expect(again.session.user).toBe('ada');
    expect(again.sent).toHaveLength(1);
    expect((await open(cookie, { 'cache-control': 'public, max-age=60' })).sent).toEqual([]);
  });

  test('what the app sets for the session counts, and shared caches get none', async () => {
    const { sessions, use } = await started();
    const { url, close } = await listen(async (request: any, response: any) => {
      const session = await sessions.get(request, response);
      if (request.url === '/in') {
        session.user = 'ada';
        await session.save();
      }
      if (request.url === '/out') session.destroy();
      if (request.url === '/public') response.setHeader('cache-control', 'public');
      response.end(session.user);
    });
    const visitor = new Visitor();
    await visitor.fetch(`${url}/in`);
    use('promoted');
    expect((await visitor.fetch(`${url}/public`)).headers.getSetCookie()).toEqual([]);
    expect((await visitor.fetch(`${url}/in`)).headers.getSetCookie()).toHaveLength(1);
    use('rolledBack');
    expect((await visitor.fetch(`${url}/out`)).headers.getSetCookie()).toHaveLength(1);
    expect(visitor.cookies.size).toBe(0);
    await close();
  });

  test('what was signed and verified is counted, for each key', async () => {
    const { sessions, use, parts } = await started();
    const { store } = cookieStore();
    const session = await sessions.get(store);
    session.user = 'ada';
    await session.save();
    use('promoted');
    await sessions.get(store);
    const uses = parts.usage.uses.filter(({ purpose }) => purpose === 'iron-session');
    expect(uses.map(({ signed, verified }) => [signed, verified])).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });

  test('a seal that names what is no password is no session', async () => {
    const { sessions, getIronSession } = await started();
    const { store, values } = cookieStore();
    for (const id of ['constructor', '__proto__', 'toString', 'toJSON', 'secret', 'id', '', '1', '2']) {
      values.set('app', `Fe26.2*${id}*00*AA*AA**00*AA~2`);
      expect(Object.keys(await sessions.get(store)), id).toEqual([]);
    }
    // Which is more than the library alone does.
    values.set('app', 'Fe26.2*constructor*00*AA*AA**00*AA~2');
    const alone = getIronSession(store, { ...COOKIE, password: 'a'.repeat(32) });
    if (name === 'iron-session') await expect(alone).rejects.toThrow();
    else expect(Object.keys(await alone)).toEqual([]);
  });

  test('the passwords follow the ring, and are printed nowhere', async () => {
    const { sessions, use, sealData, unsealData } = await started();
    const { password } = sessions;
    const sealed = await sealData({ user: 'ada' }, { password });
    use('promoted');
    expect(await unsealData(sealed, { password })).toEqual({ user: 'ada' });
    use('retired');
    expect(await unsealData(sealed, { password })).toEqual({});
    const [secret] = Object.values(password) as [string];
    expect(secret).toMatch(/^[\w-]{43}$/);
    for (const printed of [inspect(password, { showHidden: true, depth: 9 }), JSON.stringify({ password })])
      expect(printed).not.toContain(secret.slice(0, 8));
  });

  test('several old secrets are found by the ids that they had', async () => {
    const { getIronSession, sealData } = await neighbour(name);
    const [first, second] = ['first-'.repeat(6), 'second-'.repeat(6)];
    const of = async (oldIds?: readonly number[]) => {
      const secrets = [{ text: second }, { text: first }];
      const keyturn = await testKeyturn({ config: { move_in: { 'iron-session': { secrets } } } });
      return ironSession<{ user?: string }>(keyturn, getIronSession, COOKIE, { ...(oldIds && { oldIds }) });
    };
    for (const [ids, map] of [
      [undefined, { 1: first, 2: second }],
      [[7, 3], { 3: first, 7: second }],
    ] as const) {
      const sessions = await of(ids);
      expect(Object.keys(sessions.password)).toEqual([Object.keys(map)[1]]);
      for (const [id, secret] of Object.entries(map)) {
        const { store, values } = cookieStore();
        values.set('app', await sealData({ user: id }, { password: { [id]: secret } }));
        expect((await sessions.get(store)).user).toBe(id);
      }
    }
    await expect(of([7])).rejects.toThrow(/how the old secrets of move_in.iron-session were called/);
  });
});

test('what cannot be meant is refused', async () => {
  const keyturn = await testKeyturn();
  const get = async () => ({}) as never;
  expect(() => ironSession(keyturn, get, { ...COOKIE, password: 'x' })).toThrow(/has an option password/);
  expect(() => ironSession(keyturn, get, { ...COOKIE, ttl: 0 })).toThrow(/has no lifetime/);
  expect(() => ironSession(keyturn, get, { ...COOKIE, ttl: 0 }, { maxAge: '30d' })).not.toThrow();
  const strict = await testKeyturn({ profile: 'prod' });
  expect(() => ironSession(strict, get, COOKIE)).toThrow(/"iron-session" is not declared/);
});
