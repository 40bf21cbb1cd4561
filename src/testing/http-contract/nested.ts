// An app inside another, each with a Keyturn of its own.
import assert from 'node:assert/strict';
import type { Browser } from './browser.js';
import { type Check, check, SID } from './check.js';
import { routesOf } from './routes.js';
import type { Scene } from './scene.js';

const INNER = 'keyturn-inner.sid';

async function nest({ open, another, config, slow, beside }: Scene): Promise<Browser> {
  const keyturn = await another({ config: { ...config, app: 'inner' } });
  const inner = { keyturn, options: {}, routes: routesOf(slow, beside) };
  return await open({ config, app: { inner } });
}

export const nested: readonly Check[] = [
  check(
    'an app inside another has a session of its own, and both are kept',
    async (scene) => {
      const browser = await nest(scene);
      await browser.post('/sign-in', { user: 'ada' });
      await browser.post('/inner/sign-in', { user: 'grace' });
      assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada' });
      assert.deepEqual((await browser.get('/inner/read')).json.data, { user: 'grace' });
      await browser.post('/inner/sign-out');
      assert.equal(await browser.cookie(INNER), undefined);
      assert.equal((await browser.get('/inner/read')).json.isNew, true);
      assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada' });
    },
    ['nested'],
  ),

  check(
    'neither takes the cookie or the CSRF token of the other for its own',
    async (scene) => {
      const browser = await nest(scene);
      const [outer, inner] = [
        (await browser.get('/form')).json.token,
        (await browser.get('/inner/form')).json.token,
      ];
      const post = async (path: string, _csrf: string) => (await browser.post(path, { _csrf })).status;
      assert.deepEqual([await post('/protected', outer), await post('/inner/protected', inner)], [200, 200]);
      assert.deepEqual([await post('/protected', inner), await post('/inner/protected', outer)], [403, 403]);
      await browser.post('/sign-in', { user: 'ada' });
      const cookie = `${INNER}=${await browser.cookie(SID)}`;
      assert.equal((await browser.get('/inner/read', { cookie })).json.isNew, true);
    },
    ['nested'],
  ),

  check(
    'a page of the inner app extends the session of the outer one',
    async (scene) => {
      const browser = await nest(scene);
      await browser.post('/sign-in', { user: 'ada' });
      scene.clock.advance(2 * 86_400);
      const { setCookies } = await browser.get('/inner/read');
      assert.deepEqual(
        setCookies.map((cookie) => cookie.split('=')[0]),
        [SID],
      );
    },
    ['nested'],
  ),
];
