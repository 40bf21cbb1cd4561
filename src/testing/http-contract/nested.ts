// An app inside another, each with a Keyturn of its own.
import assert from 'node:assert/strict';
import type { Browser } from './browser.js';
import { type Check, check, SID } from './check.js';
import type { HttpContractApp } from './driver.js';
import { routesOf } from './routes.js';
import type { Scene } from './scene.js';

const INNER = 'keyturn-inner.sid';

type Checks = Pick<HttpContractApp, 'csrf'>;

async function nest(scene: Scene, outside: Checks = {}, inside: Checks = {}): Promise<Browser> {
  const { open, another, config, slow, beside } = scene;
  const keyturn = await another({ config: { ...config, app: 'inner' } });
  const inner = { keyturn, options: {}, routes: routesOf(slow, beside), ...inside };
  return await open({ config, app: { inner, ...outside } });
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

  check(
    'an app that checks requests by itself does so inside one that does not, and for one inside that does not',
    async (scene) => {
      const status = async (browser: Browser, path: string, form?: string) => {
        const token = form === undefined ? {} : { _csrf: (await browser.get(form)).json.token };
        return (await browser.post(path, { key: 'a', value: 1, ...token })).status;
      };
      const inside = await nest(scene, {}, { csrf: 'auto' });
      assert.deepEqual([await status(inside, '/set'), await status(inside, '/inner/set')], [200, 403]);
      assert.equal(await status(inside, '/inner/set', '/inner/form'), 200);
      const around = await nest(scene, { csrf: 'auto' }, {});
      assert.deepEqual([await status(around, '/set'), await status(around, '/inner/set')], [403, 403]);
      assert.equal(await status(around, '/inner/set', '/form'), 200);
    },
    ['nested', 'automatic'],
  ),
];
