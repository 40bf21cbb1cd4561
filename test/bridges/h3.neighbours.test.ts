import { describe, expect, test } from 'vitest';
import { h3Sessions } from '../../src/bridges/h3/index.js';
import { internalsOf } from '../../src/keyturn.js';
import { liveRing, testKeyturn } from '../support/keyturn.js';
import { app } from './apps/h3.mjs';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { LifeRings } from './rings.js';
import { Visitor } from './visitor.js';

describe.each(['h3', 'h3-1'])('%s', (name) => {
  test.each([true, false])('an app moves in; its ring begins with the old secret: %s', async (sameText) => {
    const library = await app(neighbour, { name });
    expect(await moveOf(library, { section: 'h3', sameText })).toEqual(everybodyMoved(library));
  });

  /** The app beside a Keyturn whose ring a test replaces, and a visitor who is signed in. */
  async function signedIn(options: Record<string, unknown> = {}, cacheControl?: () => string | undefined) {
    const rings = new LifeRings();
    const keyturn = await testKeyturn();
    const parts = internalsOf(keyturn);
    liveRing(keyturn).replace(rings.of('before'));
    const library = await app(neighbour, { name, options, ...(cacheControl && { cacheControl }) });
    const { url, close } = await library.start({ keyturn, secrets: [], shared: new Map() });
    const visitor = new Visitor();
    await library.signIn(visitor, url);
    const use = (ring: Parameters<LifeRings['of']>[0]) => liveRing(keyturn).replace(rings.of(ring));
    const isSignedIn = async () => await library.isSignedIn(visitor, url);
    const loseTouch = () => liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
    return { visitor, url, close, use, loseTouch, isSignedIn, parts };
  }

  test('a session that is sealed again keeps its end, and is sealed once', async () => {
    const { visitor, close, use, isSignedIn } = await signedIn({ cookie: { domain: 'localhost' } });
    const first = visitor.received.at(-1) as string;
    use('promoted');
    for (const _ of [1, 2, 3]) expect(await isSignedIn()).toBe(true);
    const sent = visitor.received.slice(visitor.received.indexOf(first) + 1);
    expect(sent).toHaveLength(1);
    const attributes = (line: string) => line.split(';').slice(1);
    expect(attributes(sent[0] as string)).toEqual(attributes(first));
    await close();
  });

  test('what was signed and verified is counted, for each key', async () => {
    const { close, use, isSignedIn, parts } = await signedIn();
    const seen = () =>
      parts.usage.uses.filter(({ purpose }) => purpose === 'h3').map((one) => [one.signed, one.verified]);
    // The session that begins, and what is written into it.
    expect(seen()).toEqual([[2, 0]]);
    use('promoted');
    expect(await isSignedIn()).toBe(true);
    expect(seen()).toEqual([
      [2, 1],
      [1, 0],
    ]);
    await close();
  });

  test('a replica that must not sign says who is signed in, and seals nothing', async () => {
    const { visitor, url, close, use, loseTouch, isSignedIn } = await signedIn();
    const sent = visitor.received.length;
    use('promoted');
    loseTouch();
    expect(await isSignedIn()).toBe(true);
    expect((await visitor.fetch(url, { method: 'POST' })).status).toBe(503);
    expect(visitor.received).toHaveLength(sent);
    await close();
  });

  test('a session is sealed again for safe requests, and on no page that shared caches may keep', async () => {
    let caches: string | undefined;
    const { visitor, url, close, use } = await signedIn({}, () => caches);
    const old = visitor.cookies.get('h3') as string;
    use('promoted');
    const ask = async (method: string) => {
      const { headers } = await fetch(url, { method, headers: { cookie: `h3=${old}` } });
      return [headers.getSetCookie().length, headers.get('cache-control')];
    };
    expect(await ask('PUT')).toEqual([0, null]);
    expect(await ask('GET')).toEqual([1, 'private']);
    expect(await ask('HEAD')).toEqual([1, 'private']);
    for (const shared of ['public, max-age=60', 's-maxage=60']) {
      caches = shared;
      expect(await ask('GET')).toEqual([0, shared]);
    }
    for (const [said, sent] of [
      ['max-age=60', 'private, max-age=60'],
      ['no-store', 'no-store'],
    ]) {
      caches = said;
      expect(await ask('GET')).toEqual([1, sent]);
    }
    await close();
  });

  test('without a response of Node, too', async () => {
    if (name === 'h3-1') return;
    const h3 = await neighbour(name);
    const rings = new LifeRings();
    const keyturn = await testKeyturn();
    const use = (ring: Parameters<LifeRings['of']>[0]) => liveRing(keyturn).replace(rings.of(ring));
    use('before');
    const sessions = h3Sessions(keyturn, h3, { maxAge: 3600 });
    const server = new h3.H3().all('/:caches', async (event: any) => {
      const { caches } = event.context.params;
      if (caches !== 'none') event.res.headers.set('cache-control', caches);
      const session = await sessions.use(event);
      if (event.req.method === 'POST') await session.update({ user: 'ada' });
      return session.data.user ?? 'nobody';
    });
    const ask = async (method: string, caches: string, cookie = '') => {
      const response = await server.fetch(
        new Request(`http://localhost/${caches}`, { method, headers: { cookie } }),
      );
      return { lines: response.headers.getSetCookie(), caches: response.headers.get('cache-control') };
    };
    const [line = ''] = (await ask('POST', 'none')).lines;
    const cookie = line.split(';')[0] as string;
    use('promoted');
    expect(await ask('PUT', 'none', cookie)).toEqual({ lines: [], caches: null });
    expect(await ask('GET', 'public', cookie)).toEqual({ lines: [], caches: 'public' });
    expect(await ask('GET', 'none', cookie)).toEqual({ lines: [expect.any(String)], caches: 'private' });
  });

  test('a session in a header field is left as it is', async () => {
    const { visitor, url, close, use } = await signedIn();
    const seal = visitor.cookies.get('h3') as string;
    use('promoted');
    const response = await fetch(url, { headers: { 'x-h3-session': seal } });
    expect(await response.json()).toEqual({ user: 'ada' });
    expect(response.headers.getSetCookie()).toEqual([]);
    await close();
  });

  test('a seal that names what is no password is no session', async () => {
    const { visitor, url, close } = await signedIn();
    const seal = visitor.cookies.get('h3') as string;
    for (const id of ['constructor', '__proto__', 'toJSON', 'secret', 'id', 'default', '', '1']) {
      const forged = seal.replace(/^Fe26\.2\*\d+/, `Fe26.2*${id}`);
      const response = await fetch(url, { headers: { cookie: `h3=${forged}` } });
      expect(await response.json(), id).toEqual({ user: null });
    }
    await close();
  });
});

test('the id of the key that seals, which everybody knows, is not looked up as a password', async () => {
  const sessions = h3Sessions(await testKeyturn(), await neighbour('h3'), { maxAge: 3600 });
  const password = sessions.config.password as unknown as { readonly id: string };
  expect(password.id).toMatch(/^\d+$/);
  expect('id' in password).toBe(false);
});

test('what cannot be meant is refused', async () => {
  const h3 = await neighbour('h3');
  const keyturn = await testKeyturn();
  expect(() => h3Sessions(keyturn, h3, { password: 'x' })).toThrow(/has an option password/);
  expect(() => h3Sessions(keyturn, h3)).toThrow(/has no lifetime/);
  expect(() => h3Sessions(keyturn, h3, {}, { maxAge: '30d' })).not.toThrow();
  const moving = await testKeyturn({
    config: { move_in: { h3: { secrets: [{ text: 'a'.repeat(40) }, { text: 'b'.repeat(40) }] } } },
  });
  expect(() => h3Sessions(moving, h3, { maxAge: 60 })).toThrow(
    /how the old secrets of move_in.h3 were called/,
  );
  expect(() => h3Sessions(moving, h3, { maxAge: 60 }, { oldIds: ['a', 'default'] })).not.toThrow();
  const strict = await testKeyturn({ profile: 'prod' });
  expect(() => h3Sessions(strict, h3, { maxAge: 60 })).toThrow(/"h3" is not declared/);
});
