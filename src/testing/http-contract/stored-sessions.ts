// Stores
import assert from 'node:assert/strict';
import type { SessionStore } from '../../sessions/stores/contract.js';
import { contains, lacks } from './assertions.js';
import { type Check, check, DAY, SID } from './check.js';
import { wrappedStore } from './stores.js';

export const storedSessions: readonly Check[] = [
  check('one that was ended while it was used is not extended', async ({ open, clock, newStore }) => {
    const store = { ...wrappedStore(newStore(), (_name, answer) => answer()), touch: () => false };
    const browser = await open({ http: { store } });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(DAY);
    assert.deepEqual((await browser.get('/read')).setCookies, []);
  }),

  check(
    'one that another version has saved, with names that are reserved now, does no harm',
    async ({ open, newStore }) => {
      const kept = newStore();
      const store: SessionStore = {
        ...wrappedStore(kept, (_name, answer) => answer()),
        get: async (id) => {
          const stored = await kept.get(id);
          const text = stored?.text.replace(
            '"data":{',
            '"data":{"id":"x","destroy":1,"__proto__":{"evil":1},',
          );
          return stored && { ...stored, text: text as string };
        },
      };
      const browser = await open({ http: { store } });
      const { id } = (await browser.post('/sign-in', { user: 'ada' })).json;
      assert.deepEqual((await browser.get('/read')).json, { id, isNew: false, data: { user: 'ada' } });
      await browser.post('/sign-out');
      assert.equal(await browser.cookie(SID), undefined);
    },
  ),

  check('saving sends no cookie unless one is due', async ({ open, clock }) => {
    const browser = await open({
      config: { session: { backend: 'memory', idle: '10h', roll_after: '1h' } },
    });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(3599);
    assert.deepEqual((await browser.post('/set', { key: 'a', value: 1 })).setCookies, []);
    assert.deepEqual((await browser.post('/add', { item: 1 })).setCookies, []);
    clock.advance(1);
    const { setCookies } = await browser.post('/set', { key: 'a', value: 2 });
    assert.equal(setCookies.length, 1);
    contains(setCookies[0], '; Max-Age=36000;');
    assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada', items: [1], a: 2 });
  }),

  check(
    'saving takes one write of the store, ending one, and reading one look',
    async ({ open, clock, newStore }) => {
      const calls: string[] = [];
      const store = wrappedStore(newStore(), (name, answer) => {
        calls.push(name);
        return answer();
      });
      const browser = await open({ http: { store } });
      const count = async (path: string, body?: unknown) => {
        calls.length = 0;
        await (body === undefined ? browser.get(path) : browser.post(path, body));
        return calls.join(' ');
      };
      assert.equal(await count('/read'), '');
      assert.equal(await count('/set', { key: 'a', value: 1 }), 'put');
      assert.equal(await count('/read'), 'get');
      assert.equal(await count('/set', { key: 'a', value: 2 }), 'get put');
      assert.equal(await count('/add', { item: 1 }), 'get put');
      assert.equal(await count('/update-twice', {}), 'get put put');
      clock.advance(DAY);
      assert.equal(await count('/read'), 'get touch');
      assert.equal(await count('/sign-in', { user: 'ada' }), 'get put destroy');
      assert.equal(await count('/sign-out', {}), 'get destroy');
      assert.equal(await count('/read', undefined), '');
    },
  ),

  check(
    'a store that fails at sign-in leaves the visitor where he was, and tells him nothing',
    async ({ open, newStore }) => {
      const store = newStore();
      const browser = await open({ http: { store } });
      await browser.post('/set', { key: 'cart', value: ['book'] });
      const put = store.put.bind(store);
      const failures = [
        () => {
          throw new Error('out of reach: 10.1.2.3');
        },
        () => Promise.reject(new Error('out of reach: 10.1.2.3')),
      ];
      for (const fail of failures) {
        store.put = fail;
        const answer = await browser.post('/sign-in', { user: 'ada' });
        assert.equal(answer.status, 503);
        assert.deepEqual(answer.setCookies, []);
        lacks(answer.text, '10.1.2.3');
      }
      store.put = put;
      assert.deepEqual((await browser.get('/read')).json.data, { cart: ['book'] });
    },
  ),

  check('a store that fails at reading signs nobody out, and nobody in', async ({ open, newStore }) => {
    const store = newStore();
    const browser = await open({ http: { store } });
    await browser.post('/sign-in', { user: 'ada' });
    const get = store.get.bind(store);
    store.get = () => {
      throw new Error('out of reach');
    };
    for (const answer of [await browser.get('/read'), await browser.post('/sign-out')]) {
      assert.equal(answer.status, 503);
      assert.deepEqual(answer.setCookies, []);
    }
    assert.equal((await browser.get('/read', { cookie: '' })).status, 200);
    store.get = get;
    assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada' });
  }),

  check(
    'update() on a session that was signed out meanwhile says so',
    async ({ open, config, clock, newStore }) => {
      const store = newStore();
      const browser = await open({ config, http: { store, user: (values) => values.user as string } });
      await browser.post('/sign-in', { user: 'ada' });
      const put = store.put.bind(store);
      store.put = async (id, record, expected) => {
        // Between opening and updating, the session is ended from elsewhere.
        await store.destroy(id, clock.now + DAY * 1000);
        return put(id, record, expected);
      };
      assert.equal((await browser.post('/add', { item: 1 })).status, 401);
    },
  ),

  check('all sessions of a user can be listed and ended', async ({ open, visitor, newStore }) => {
    const store = newStore();
    const browser = await open({ http: { store, user: (values) => values.user as string | undefined } });
    const phone = visitor();
    await browser.post('/sign-in', { user: 'ada' });
    await phone.post('/sign-in', { user: 'ada' });
    const sessions = await store.listUser('ada');
    assert.equal(sessions.length, 2);
    for (const { id, expiresAt } of sessions) await store.destroy(id, expiresAt);
    assert.equal((await browser.get('/read')).json.isNew, true);
    assert.equal((await phone.get('/read')).json.isNew, true);
  }),
];
