// Rotation
import assert from 'node:assert/strict';
import { type Check, check, SID } from './check.js';

const kid = (token: string | undefined) => (token as string).slice(4, 12);

export const sessionRotation: readonly Check[] = [
  check(
    'through a rotation, a stale cookie is signed again: same dates, configured attributes, once',
    async ({ open, backend, clock, useRing, rings }) => {
      const browser = await open({ config: { session: { backend, idle: '10h' } } });
      useRing(rings.before);
      await browser.post('/sign-in', { user: 'ada' });
      const old = await browser.cookie(SID);
      useRing(rings.staged);
      assert.deepEqual((await browser.get('/read')).setCookies, []);
      useRing(rings.promoted);
      clock.advance(600);
      const again = await browser.get('/read');
      assert.equal(again.json.data.user, 'ada');
      assert.equal(again.setCookies.length, 1);
      assert.match(again.setCookies[0] as string, /; Max-Age=35400; Path=\/; HttpOnly; SameSite=Lax$/);
      const renewed = await browser.cookie(SID);
      assert.equal(kid(renewed), rings.promoted.active.id);
      assert.equal((renewed as string).slice(13, 25), (old as string).slice(13, 25));
      assert.deepEqual((await browser.get('/read')).setCookies, []);
      useRing(rings.retired);
      assert.equal((await browser.get('/read')).json.data.user, 'ada');
    },
  ),

  check(
    'through a rotation, not on unsafe requests, and not on a publicly cacheable answer',
    async ({ open, config, useRing, rings }) => {
      const browser = await open({ config });
      await browser.post('/sign-in', { user: 'ada' });
      useRing(rings.promoted);
      assert.deepEqual((await browser.post('/set', { key: 'user', value: 'ada' })).setCookies, []);
      assert.deepEqual((await browser.get('/read-public')).setCookies, []);
      assert.deepEqual((await browser.get('/read-shared')).setCookies, []);
      assert.equal((await browser.ask('/read', { method: 'HEAD' })).setCookies.length, 1);
      useRing(rings.rolledBack);
      assert.equal((await browser.get('/read')).setCookies.length, 1);
    },
  ),

  check(
    'through a rotation, a token of a staged key is never signed back to an older one',
    async ({ open, config, useRing, rings }) => {
      const browser = await open({ config });
      useRing(rings.promoted);
      await browser.post('/sign-in', { user: 'ada' });
      useRing(rings.staged);
      const answer = await browser.get('/read');
      assert.equal(answer.json.data.user, 'ada');
      assert.deepEqual(answer.setCookies, []);
    },
  ),

  check(
    'through a rotation, a rollback keeps those who signed in meanwhile',
    async ({ open, config, useRing, rings }) => {
      const browser = await open({ config });
      useRing(rings.promoted);
      await browser.post('/sign-in', { user: 'ada' });
      useRing(rings.rolledBack);
      const answer = await browser.get('/read');
      assert.equal(answer.json.data.user, 'ada');
      assert.equal(kid(await browser.cookie(SID)), rings.rolledBack.active.id);
    },
  ),

  check(
    'through a rotation, revoking ends the session at once',
    async ({ open, config, logger, useRing, rings }) => {
      const browser = await open({ config });
      await browser.post('/sign-in', { user: 'ada' });
      useRing(rings.revoked);
      assert.equal((await browser.get('/read')).json.isNew, true);
      assert.ok(
        logger.records.some(
          ({ facts }) =>
            facts.event === 'token.refused' && facts.purpose === 'session' && facts.reason === 'revoked_key',
        ),
      );
    },
  ),

  check(
    'through a rotation, a form that was open all the while is accepted',
    async ({ open, config, useRing, rings }) => {
      const browser = await open({ config });
      await browser.post('/sign-in', { user: 'ada' });
      const { token } = (await browser.get('/form')).json;
      useRing(rings.promoted);
      await browser.get('/read');
      assert.equal((await browser.post('/protected', { _csrf: token })).status, 200);
    },
  ),
];
