// Cookies
import assert from 'node:assert/strict';
import { isLike } from './assertions.js';
import { type Check, check, SID } from './check.js';

export const sessionCookies: readonly Check[] = [
  check(
    'an altered, foreign or nonsensical cookie is not a session, and is left alone',
    async ({ open, config }) => {
      const browser = await open({ config });
      await browser.post('/sign-in', { user: 'ada' });
      const good = (await browser.cookie(SID)) as string;
      const flipped = good.slice(0, 40) + (good[40] === 'A' ? 'B' : 'A') + good.slice(41);
      for (const bad of [flipped, `${good}x`, good.slice(0, -1), '', 'x', 'j:{}', '%00', '{}'.repeat(2000)]) {
        const answer = await browser.get('/read', { cookie: `${SID}=${bad}` });
        assert.equal(answer.status, 200);
        isLike(answer.json, { isNew: true, data: {} });
        assert.deepEqual(answer.setCookies, []);
      }
    },
  ),

  check('of several cookies of its name the first that is good counts', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, idle: '1h' } } });
    const cookieNow = async () => `${SID}=${await browser.cookie(SID)}`;
    await browser.post('/sign-in', { user: 'old' });
    const expired = await cookieNow();
    clock.advance(3601);
    await browser.post('/sign-in', { user: 'out' });
    const ended = await cookieNow();
    await browser.post('/sign-out');
    await browser.post('/sign-in', { user: 'ada' });
    const good = await cookieNow();
    const planted = `${SID}=kt1.planted; ${SID}=; ${SID}="x"; ${expired}`;
    // A signed-out cookie that was copied is good where sessions are in it: that it is not is for stores to say.
    const inFront = browser.get('/read', {
      cookie: `${planted}; ${backend === 'cookie' ? '' : ended}; ${good}`,
    });
    assert.deepEqual((await inFront).json.data, { user: 'ada' });
    assert.equal((await browser.get('/read', { cookie: `${good}; ${planted}` })).json.data.user, 'ada');
    assert.equal((await browser.get('/read', { cookie: planted })).json.isNew, true);
    const answer = await browser.post('/set', { key: 'a', value: 1 }, { cookie: `${planted}; ${good}` });
    assert.equal(answer.status, 200);
    if (backend !== 'cookie') assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada', a: 1 });
  }),

  check('a token of another purpose is not a session', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.get('/form');
    const csrfId = (await browser.cookie('keyturn.csrf')) as string;
    assert.notEqual(csrfId, undefined);
    assert.equal((await browser.get('/read', { cookie: `${SID}=${csrfId}` })).json.isNew, true);
  }),

  check(
    'the user agent sees the exact name and attributes in each profile',
    async ({ open, backend, close }) => {
      const attributes = async (profile: 'dev' | 'test' | 'prod', cookie: Record<string, unknown> = {}) => {
        const browser = await open({ profile, config: { session: { backend, idle: '1h', cookie } } });
        const [header] = (await browser.post('/sign-in', { user: 'ada' })).setCookies;
        await close();
        return (header as string).replace(/=k[ts]1\.[\w.-]+/, '=…');
      };
      assert.equal(await attributes('dev'), 'keyturn.sid=…; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax');
      assert.equal(await attributes('test'), 'keyturn.sid=…; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax');
      assert.equal(
        await attributes('prod'),
        '__Host-keyturn.sid=…; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax',
      );
      assert.equal(
        await attributes('prod', { domain: 'example.com' }),
        '__Secure-keyturn.sid=…; Max-Age=3600; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
      );
      assert.equal(
        await attributes('prod', { path: '/app', same_site: 'strict' }),
        '__Secure-keyturn.sid=…; Max-Age=3600; Path=/app; HttpOnly; Secure; SameSite=Strict',
      );
      assert.equal(
        await attributes('prod', {
          partitioned: true,
          same_site: 'none',
          persistent: false,
          name: 'app.sid',
        }),
        '__Host-app.sid=…; Path=/; HttpOnly; Secure; Partitioned; SameSite=None',
      );
    },
  ),

  check('in production the session works under its __Host- name', async ({ open, config }) => {
    const browser = await open({ profile: 'prod', config });
    await browser.post('/sign-in', { user: 'ada' });
    assert.equal((await browser.get('/read')).json.data.user, 'ada');
    assert.notEqual(await browser.cookie('__Host-keyturn.sid'), undefined);
  }),
];
