// What an app believes of the proxy before it.
import assert from 'node:assert/strict';
import type { Browser } from './browser.js';
import { type Check, check } from './check.js';

const PROXIED = { 'x-forwarded-host': 'a.example:8443', 'x-forwarded-proto': 'https' };

const poster = async (browser: Browser) => {
  const { token } = (await browser.get('/form')).json;
  return async (headers: Record<string, string>) =>
    (await browser.post('/protected', {}, { 'x-csrf-token': token, ...headers })).status;
};

export const proxies: readonly Check[] = [
  check(
    'behind a proxy that is trusted a form comes from where the browser was, scheme and port included',
    async ({ open, url }) => {
      const post = await poster(await open({ app: { trustProxy: true } }));
      for (const [origin, status] of [
        ['https://a.example:8443', 200],
        ['https://a.example', 403],
        ['http://a.example:8443', 403],
        [url(), 403],
      ] as const)
        assert.deepEqual([origin, await post({ ...PROXIED, origin })], [origin, status]);
    },
    ['proxies'],
  ),

  check('what a proxy would say is not believed of anybody', async ({ open, url }) => {
    const post = await poster(await open());
    assert.equal(await post({ ...PROXIED, origin: 'https://a.example:8443' }), 403);
    assert.equal(await post({ ...PROXIED, origin: url() }), 200);
  }),

  check('behind a proxy that rewrites Host the browser vouches', async ({ open }) => {
    const post = await poster(await open());
    const origin = 'https://a.example';
    assert.deepEqual(
      [await post({ origin }), await post({ origin, 'sec-fetch-site': 'same-origin' })],
      [403, 200],
    );
  }),
];
