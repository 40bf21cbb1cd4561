// What nobody looks at a session for: no store is asked.
import assert from 'node:assert/strict';
import type { SessionStore } from '../../sessions/stores/contract.js';
import { type Check, check, DAY, SID } from './check.js';
import { visitRoute } from './routes.js';
import { wrappedStore } from './stores.js';

const ROUTES = [
  visitRoute('/in', ({ session }) => {
    session.user = 'ada';
  }),
  visitRoute('/read', ({ session }) => ({ ...session })),
  visitRoute('/untouched', () => 'ok'),
  visitRoute('/assets/app.js', () => 'ok'),
  visitRoute('/assets/looks', ({ session }) => ({ ...session })),
  visitRoute('/assets/form', ({ session }) => ({ ...session }), { method: 'POST', csrf: true }),
];

const sessionless = (path: string) => path.startsWith('/assets/') || path === '/favicon.ico';

/** Counts what is asked of it. */
function counting(store: SessionStore): { readonly store: SessionStore; readonly asked: string[] } {
  const asked: string[] = [];
  const counted = wrappedStore(store, (name, answer) => {
    asked.push(name);
    return answer();
  });
  return { store: counted, asked };
}

/** For sessions in a store. */
export const sessionlessStores: readonly Check[] = [
  check('no store is asked without a cookie, nor where a path needs no session', async (scene) => {
    const { open, config, newStore, visitor } = scene;
    const { store, asked } = counting(newStore());
    const browser = await open({ config, http: { store, sessionless }, routes: ROUTES });
    for (const path of ['/untouched', '/read', '/assets/app.js', '/nowhere']) await visitor().get(path);
    assert.deepEqual(asked, []);
    await browser.get('/in');
    asked.length = 0;
    assert.equal((await browser.get('/assets/app.js')).text, '"ok"');
    assert.equal((await browser.ask('/assets/app.js', { method: 'HEAD' })).status, 200);
    assert.equal((await browser.get('/assets/nowhere')).status, 404);
    assert.equal((await browser.get('/favicon.ico?v=1')).status, 404);
    assert.deepEqual(asked, []);
    assert.deepEqual((await browser.get('/read')).json, { user: 'ada' });
    assert.deepEqual(asked, ['get']);
  }),
];

/** For any. */
export const sessionlessRequests: readonly Check[] = [
  check(
    'looking at the session where there is none is an error, and a form is protected all the same',
    async (scene) => {
      const { open, config } = scene;
      const browser = await open({ config, http: { sessionless }, routes: ROUTES });
      await browser.get('/in');
      const looked = await browser.get('/assets/looks');
      assert.equal(looked.status, 500);
      assert.match(looked.text, /served without one/);
      assert.equal((await browser.post('/assets/form')).status, 403);
      assert.deepEqual((await browser.get('/read')).json, { user: 'ada' });
    },
  ),

  check('what needs no session does not extend it', async ({ open, config, clock }) => {
    const browser = await open({ config, http: { sessionless }, routes: ROUTES });
    await browser.get('/in');
    clock.advance(DAY);
    assert.deepEqual((await browser.get('/assets/app.js')).setCookies, []);
    assert.equal((await browser.get('/untouched')).setCookies.join().startsWith(`${SID}=`), true);
  }),
];
