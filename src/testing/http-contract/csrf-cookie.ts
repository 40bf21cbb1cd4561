// cookie
import assert from 'node:assert/strict';
import type { Browser } from './browser.js';
import { type Check, check, DAY } from './check.js';

const XSRF = 'XSRF-TOKEN';
const config = { csrf: { cookie: XSRF } };
/** What such a client does: whatever the cookie holds goes into the header. */
const send = async (browser: Browser, path = '/protected', json: unknown = {}) =>
  (await browser.post(path, json, { 'x-xsrf-token': (await browser.cookie(XSRF)) ?? '' })).status;

export const csrfCookie: readonly Check[] = [
  check('is there after any page, and goes on working through sign-in and sign-out', async ({ open }) => {
    const browser = await open({ config });
    const page = await browser.get('/untouched');
    assert.equal(page.headers.get('cache-control'), 'private');
    assert.match(
      page.setCookies.find((cookie) => cookie.startsWith(XSRF)) ?? '',
      /^XSRF-TOKEN=[\w.-]+; Path=\/; SameSite=Lax$/,
    );
    assert.equal(await send(browser), 200);
    const first = await browser.cookie(XSRF);
    assert.equal(await send(browser, '/protected-sign-in', { user: 'ada' }), 200);
    assert.notEqual(await browser.cookie(XSRF), first);
    assert.equal(await send(browser), 200);
    assert.deepEqual((await browser.get('/read')).setCookies, []);
    await browser.post('/sign-out');
    assert.equal(await send(browser), 200);
    assert.equal(await send(browser, '/set', { key: 'cart', value: 1 }), 200);
    assert.equal(await send(browser), 200);
    assert.equal((await browser.post('/protected', {}, { 'x-xsrf-token': first as string })).status, 403);
  }),

  check(
    'is renewed in time, by the key in force, and never on a page that everybody gets',
    async ({ open, clock, useRing, rings }) => {
      const browser = await open({ config });
      useRing(rings.before);
      await browser.get('/untouched');
      assert.deepEqual((await browser.get('/untouched')).setCookies, []);
      const renewed = async () =>
        (await browser.get('/untouched')).setCookies.some((cookie) => cookie.startsWith(XSRF));
      clock.advance(4 * DAY);
      assert.deepEqual((await browser.get('/read-public')).setCookies, []);
      assert.deepEqual([await renewed(), await renewed()], [true, false]);
      useRing(rings.promoted);
      assert.deepEqual([await renewed(), await renewed()], [true, false]);
      assert.equal(await send(browser), 200);
    },
  ),

  check('is Secure in production, under the very name', async ({ open }) => {
    const browser = await open({ config, profile: 'prod' });
    const { setCookies } = await browser.get('/untouched');
    assert.match(
      setCookies.find((cookie) => cookie.startsWith(`${XSRF}=`)) ?? '',
      /; Path=\/; Secure; SameSite=Lax$/,
    );
  }),

  check('is not looked for where it is not switched on', async ({ open }) => {
    const browser = await open();
    const { token } = (await browser.get('/form')).json;
    assert.equal((await browser.post('/protected', {}, { 'x-xsrf-token': token })).status, 403);
  }),

  ...['a b', 'a=b', '__Host-x', 'keyturn.sid', ''].map((cookie) =>
    check(`cannot be called "${cookie}"`, async ({ open }) => {
      await assert.rejects(
        open({ config: { csrf: { cookie } } }),
        ({ code }: { code?: string }) => code === 'config_invalid' || code === 'cookie_invalid',
      );
    }),
  ),
];
