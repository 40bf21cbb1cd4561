import { describe, expect, test } from 'vitest';
import { routerCookie } from '../../src/bridges/react-router/index.js';
import { internalsOf } from '../../src/keyturn.js';
import { liveRing, testKeyturn } from '../support/keyturn.js';
import { app } from './apps/react-router.mjs';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { LifeRings } from './rings.js';

describe('React Router', () => {
  test.each([true, false])('an app moves in; its ring begins with the old secret: %s', async (sameText) => {
    const library = await app(neighbour);
    const seen = await moveOf(library, { section: 'react-router', sameText });
    expect(seen).toEqual(everybodyMoved(library));
  });

  async function started(options: Record<string, unknown> = { maxAge: 3600 }) {
    const { createCookie, ...library } = await neighbour('react-router');
    const keyturn = await testKeyturn();
    const rings = new LifeRings();
    const use = (ring: Parameters<LifeRings['of']>[0]) => liveRing(keyturn).replace(rings.of(ring));
    use('before');
    const cookie = routerCookie(keyturn, createCookie, 'id', options);
    const request = (line: string, method = 'GET') =>
      new Request('https://app.example', { method, headers: { cookie: line.split(';')[0] as string } });
    const loseTouch = () => liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
    return { cookie, use, loseTouch, keyturn, request, library };
  }

  test('a cookie that is signed again has the attributes of the cookie, and is signed once', async () => {
    const { cookie, use, request } = await started({ maxAge: 3600, httpOnly: true, domain: 'app.example' });
    const first = await cookie.serialize({ user: 'ada' });
    expect(await cookie.again(request(first))).toEqual({});
    use('promoted');
    expect(await cookie.again(request(first, 'POST'))).toEqual({});
    const { 'set-cookie': second } = (await cookie.again(request(first))) as { 'set-cookie': string };
    const [value, ...attributes] = second.split('; ');
    expect(attributes).toEqual(first.split('; ').slice(1));
    expect(value).not.toBe(first.split('; ')[0]);
    expect(await cookie.again(request(second))).toEqual({});
    expect(await cookie.parse(second.split(';')[0] as string)).toEqual({ user: 'ada' });
  });

  test('no page that shared caches may keep gets a cookie, and one that does is private', async () => {
    const { cookie, use, request } = await started();
    const line = await cookie.serialize({ user: 'ada' });
    use('promoted');
    const again = async (caches?: string) => {
      const given = await cookie.again(
        request(line),
        caches === undefined ? {} : { 'cache-control': caches },
      );
      return [given['set-cookie'] !== undefined, given['cache-control']];
    };
    expect(await again()).toEqual([true, 'private']);
    expect(await again('max-age=60')).toEqual([true, 'private, max-age=60']);
    expect(await again('no-store')).toEqual([true, 'no-store']);
    expect(await again('public, max-age=60')).toEqual([false, undefined]);
    const headers = new Headers({ 'cdn-cache-control': 'max-age=60' });
    expect(await cookie.again(request(line), headers)).toEqual({});
  });

  test('a replica that must not sign reads, and signs nothing', async () => {
    const { cookie, use, loseTouch, request } = await started();
    const line = await cookie.serialize({ user: 'ada' });
    use('promoted');
    loseTouch();
    expect(await cookie.parse(line.split(';')[0] as string)).toEqual({ user: 'ada' });
    expect(await cookie.again(request(line))).toEqual({});
    await expect(cookie.serialize({ user: 'eve' })).rejects.toMatchObject({ code: 'keyring_unavailable' });
    expect(await cookie.serialize('')).toMatch(/^id=;/);
  });

  test('a session in another storage, whose cookie holds an id', async () => {
    const { cookie, use, request, library } = await started();
    const { getSession, commitSession, destroySession } = library.createMemorySessionStorage({ cookie });
    const session = await getSession(null);
    session.set('user', 'ada');
    const line = await commitSession(session);
    use('promoted');
    const { 'set-cookie': again } = (await cookie.again(request(line))) as { 'set-cookie': string };
    use('retired');
    const found = await getSession(again.split(';')[0]);
    expect(found.get('user')).toBe('ada');
    expect(await destroySession(found)).toMatch(/^id=;/);
  });

  test('what was signed and verified is counted, for each key; what is forged is none', async () => {
    const { cookie, use, keyturn } = await started();
    const line = (await cookie.serialize({ user: 'ada' })).split(';')[0] as string;
    use('promoted');
    await cookie.parse(line);
    expect(await cookie.parse(line.replace('id=', 'id=x'))).toBeNull();
    const uses = internalsOf(keyturn).usage.uses.filter(({ purpose }) => purpose === 'react-router');
    expect(uses.map(({ signed, verified }) => [signed, verified])).toEqual([
      [1, 1],
      [0, 0],
    ]);
  });

  test('what cannot be meant is refused', async () => {
    const { createCookie } = await neighbour('react-router');
    const keyturn = await testKeyturn();
    expect(() => routerCookie(keyturn, createCookie, 'id', { secrets: ['x'] })).toThrow(
      /has an option secrets/,
    );
    expect(() => routerCookie(keyturn, createCookie, 'id')).toThrow(/has no lifetime/);
    expect(() => routerCookie(keyturn, createCookie, 'id', {}, { maxAge: '30d' })).not.toThrow();
    const strict = await testKeyturn({ profile: 'prod' });
    expect(() => routerCookie(strict, createCookie, 'id', { maxAge: 60 })).toThrow(
      /"react-router" is not declared/,
    );
  });
});
