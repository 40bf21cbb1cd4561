import { describe, expect, test } from 'vitest';
import { csrfProtection } from '../../src/bridges/csrf-csrf/index.js';
import { internalsOf } from '../../src/keyturn.js';
import { liveRing, testKeyturn } from '../support/keyturn.js';
import { app } from './apps/csrf-csrf.mjs';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';
import { LifeRings } from './rings.js';
import { Visitor } from './visitor.js';

describe('csrf-csrf', () => {
  test.each([true, false])('an app moves in; its ring begins with the old secret: %s', async (sameText) => {
    const library = await app(neighbour);
    expect(await moveOf(library, { section: 'csrf-csrf', sameText })).toEqual(everybodyMoved(library));
  });

  test.each([
    {},
    { hmacAlgorithm: 'sha512', messageDelimiter: '|', csrfTokenDelimiter: '-' },
  ])('a form keeps its token while the cookie is signed again: %j', async (options) => {
    const library = await app(neighbour, { options });
    const rings = new LifeRings();
    const keyturn = await testKeyturn();
    liveRing(keyturn).replace(rings.of('before'));
    const { url, close } = await library.start({ keyturn, secrets: [] });
    const visitor = new Visitor();
    const send = await library.openForm(visitor, url);
    const first = visitor.cookies.get(library.cookie) as string;
    liveRing(keyturn).replace(rings.of('promoted'));
    await library.openForm(visitor, url);
    const second = visitor.cookies.get(library.cookie) as string;
    expect(second).not.toBe(first);
    expect(await send(url)).toBe(true);
    // Of another random value it is another one's.
    await visitor.fetch(url);
    const stranger = new Visitor();
    const ofStranger = await library.openForm(stranger, url);
    stranger.cookies.set(library.cookie, second);
    expect(await ofStranger(url)).toBe(false);
    // Nor is a signature that no key has made.
    const forged = first.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    const response = await visitor.fetch(url, { method: 'POST', headers: { 'x-csrf-token': forged } });
    expect(response.status).toBe(403);
    const uses = internalsOf(keyturn).usage.uses.filter(({ purpose }) => purpose === 'csrf-csrf');
    expect(uses.map(({ signed }) => signed)).toEqual([1, 2]);
    expect(uses[1]?.verified).toBeGreaterThan(0);
    await close();
  });

  test('a replica that must not sign takes forms and hands on the token of the cookie', async () => {
    const library = await app(neighbour);
    const rings = new LifeRings();
    const keyturn = await testKeyturn();
    liveRing(keyturn).replace(rings.of('before'));
    const { url, close } = await library.start({ keyturn, secrets: [] });
    const visitor = new Visitor();
    const send = await library.openForm(visitor, url);
    const cookie = visitor.cookies.get(library.cookie);
    liveRing(keyturn).replace(rings.of('promoted'));
    liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
    expect(await send(url)).toBe(true);
    const again = await library.openForm(visitor, url);
    expect(visitor.cookies.get(library.cookie)).toBe(cookie);
    expect(await again(url)).toBe(true);
    expect((await new Visitor().fetch(url)).status).toBe(503);
    await close();
  });

  test('what cannot be meant is refused', async () => {
    const { doubleCsrf } = await neighbour('csrf-csrf');
    const keyturn = await testKeyturn();
    const options = { getSessionIdentifier: () => 'x' };
    expect(() => csrfProtection(keyturn, doubleCsrf, { ...options, getSecret: () => 'x' })).toThrow(
      /has an option getSecret/,
    );
    expect(() => csrfProtection(keyturn, doubleCsrf, options)).toThrow(/has no lifetime/);
    const cookieOptions = { maxAge: 3_600_000 };
    expect(() => csrfProtection(keyturn, doubleCsrf, { ...options, cookieOptions })).not.toThrow();
    const strict = await testKeyturn({ profile: 'prod' });
    expect(() => csrfProtection(strict, doubleCsrf, options, { maxAge: 60 })).toThrow(
      /"csrf-csrf" is not declared/,
    );
  });
});
