// Stores that take their time, and stores that fail, one operation after the other.
import assert from 'node:assert/strict';
import type { SessionStore } from '../../sessions/stores/contract.js';
import { type Check, check, DAY, SID } from './check.js';
import type { HttpContractRoute } from './driver.js';
import type { Scene } from './scene.js';
import { wrappedStore } from './stores.js';
import { Gate } from './waiting.js';

/** A store of which one operation, once it is told so, waits or fails. */
function trickyStore(store: SessionStore) {
  let tricky: keyof SessionStore | undefined;
  let trick: () => unknown = () => undefined;
  const wrapped = wrappedStore(store, async (name, answer) => {
    if (name === tricky) await trick();
    return await answer();
  });
  const set = (name: keyof SessionStore | undefined, how: () => unknown = () => undefined) => {
    tricky = name;
    trick = how;
  };
  return { store: wrapped, set };
}

const away = () => {
  throw new Error('out of reach: 10.1.2.3');
};

/** While the store does one thing, the answer that needs it is not there; and it is when the store has done it. */
async function waitsFor(scene: Scene, operation: keyof SessionStore, path: string, how = 'POST') {
  const { store, set } = trickyStore(scene.newStore());
  const routes: readonly HttpContractRoute[] = [
    {
      method: 'POST',
      path: '/redirect',
      csrf: false,
      run: ({ session }) => change(session, { redirect: '/' }),
    },
    { method: 'POST', path: '/empty', csrf: false, run: ({ session }) => change(session, { status: 204 }) },
    { method: 'POST', path: '/json', csrf: false, run: ({ session }) => change(session, { json: 'ok' }) },
    {
      method: 'POST',
      path: '/stream',
      csrf: false,
      run: ({ session }) => change(session, { stream: once('ok') }),
    },
    { method: 'POST', path: '/in', csrf: false, run: ({ session }) => change(session, { json: 'in' }) },
    {
      method: 'POST',
      path: '/out',
      csrf: false,
      run: ({ session }) => {
        session.destroy();
        return { json: 'bye' };
      },
    },
    { method: 'GET', path: '/read', csrf: false, run: ({ session }) => ({ json: { ...session } }) },
    { method: 'GET', path: '/free', csrf: false, run: () => ({ json: 'free' }) },
  ];
  const browser = await scene.open({ http: { store }, routes });
  await browser.post('/in');
  const gate = new Gate();
  set(operation, () => gate.pass());
  let isAnswered = false;
  const asked = browser.ask(path, { method: how }).finally(() => {
    isAnswered = true;
  });
  await gate.reachedBy(asked);
  // Whoever has no session is not kept waiting; and by then an answer that was on its way would be there.
  assert.equal((await scene.visitor().get('/free')).json, 'free');
  assert.equal(isAnswered, false);
  set(undefined);
  gate.open();
  return { browser, answer: await asked };
}

const change = <R>(session: Record<string, unknown>, reply: R): R => {
  session.count = Number(session.count ?? 0) + 1;
  return reply;
};

async function* once(text: string) {
  yield text;
}

export const slowStores: readonly Check[] = [
  ...['/redirect', '/empty', '/json'].map((path) =>
    check(`nothing of an answer (${path}) goes out before the store has the session`, async (scene) => {
      const { browser } = await waitsFor(scene, 'put', path);
      assert.deepEqual((await browser.get('/read')).json, { count: 2 });
    }),
  ),

  check(
    'nothing of a stream goes out before the store has the session',
    async (scene) => {
      const { browser, answer } = await waitsFor(scene, 'put', '/stream');
      assert.equal(answer.text, 'ok');
      assert.deepEqual((await browser.get('/read')).json, { count: 2 });
    },
    ['streams'],
  ),

  check('a page waits for its session, and nobody else does', async (scene) => {
    const { answer } = await waitsFor(scene, 'get', '/read', 'GET');
    assert.deepEqual(answer.json, { count: 1 });
  }),

  check('who signs out is told when the store has ended the session', async (scene) => {
    const { browser } = await waitsFor(scene, 'destroy', '/out');
    assert.equal(await browser.cookie(SID), undefined);
  }),
];

export const failingStores: readonly Check[] = [
  check(
    'a store that fails at signing out says so: nobody takes himself for signed out',
    async ({ open, newStore }) => {
      const { store, set } = trickyStore(newStore());
      const browser = await open({ http: { store } });
      await browser.post('/sign-in', { user: 'ada' });
      set('destroy', away);
      const answer = await browser.post('/sign-out');
      assert.equal(answer.status, 503);
      assert.deepEqual(answer.setCookies, []);
      assert.doesNotMatch(answer.text, /10\.1\.2\.3/);
      set(undefined);
      assert.equal((await browser.get('/read')).json.data.user, 'ada');
      await browser.post('/sign-out');
      assert.equal((await browser.get('/read')).json.isNew, true);
    },
  ),

  check('a store that takes no writes serves whoever only reads', async ({ open, newStore, clock }) => {
    const { store, set } = trickyStore(newStore());
    const browser = await open({ http: { store } });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(DAY);
    set('touch', away);
    const read = await browser.get('/read');
    assert.deepEqual([read.status, read.json.data, read.setCookies], [200, { user: 'ada' }, []]);
    set('put', away);
    assert.equal((await browser.post('/set', { key: 'a', value: 1 })).status, 503);
  }),

  check(
    'a store that is away is told of by one answer, wherever else a session is looked for',
    async (scene) => {
      const { store, set } = trickyStore(scene.newStore());
      const browser = await scene.open({ config: { csrf: { cookie: 'XSRF-TOKEN' } }, http: { store } });
      await browser.post('/sign-in', { user: 'ada' });
      set('get', away);
      // Scripts look for their token on any page, of an error, too.
      for (const path of ['/untouched', '/read', '/form'])
        assert.equal((await browser.get(path)).status, 503, path);
      set(undefined);
      assert.equal((await browser.get('/read')).json.data.user, 'ada');
    },
  ),

  check('a store that comes back serves the next request', async ({ open, newStore }) => {
    const { store, set } = trickyStore(newStore());
    const browser = await open({ http: { store } });
    await browser.post('/sign-in', { user: 'ada' });
    for (const operation of ['get', 'put'] as const) {
      set(operation, away);
      assert.equal((await browser.post('/set', { key: 'a', value: operation })).status, 503);
      set(undefined);
      assert.deepEqual((await browser.post('/set', { key: 'a', value: operation })).status, 200);
      assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada', a: operation });
    }
  }),
];
