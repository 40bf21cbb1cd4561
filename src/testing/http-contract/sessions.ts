// Sessions of every kind: what a visitor sees of them.
import assert from 'node:assert/strict';
import { isLike } from './assertions.js';
import { type Check, check, SID } from './check.js';

export const sessions: readonly Check[] = [
  check('a visitor who leaves no data gets no cookie', async ({ open, config }) => {
    const browser = await open({ config });
    assert.deepEqual((await browser.get('/untouched')).setCookies, []);
    const read = await browser.get('/read');
    isLike(read.json, { isNew: true, data: {} });
    assert.deepEqual(read.setCookies, []);
    assert.equal(read.headers.get('cache-control'), null);
    assert.equal(read.headers.get('vary'), 'Cookie');
  }),

  check(
    'data is there at the next request, and nothing is sent when nothing changed',
    async ({ open, config }) => {
      const browser = await open({ config });
      const set = await browser.post('/set', { key: 'cart', value: [{ sku: 'ü-1' }] });
      assert.equal(set.setCookies.length, 1);
      assert.equal(set.headers.get('cache-control'), 'private');
      const read = await browser.get('/read');
      isLike(read.json, { isNew: false, data: { cart: [{ sku: 'ü-1' }] } });
      assert.deepEqual(read.setCookies, []);
      assert.equal(read.headers.get('cache-control'), 'private');
      assert.deepEqual((await browser.post('/set', { key: 'cart', value: [{ sku: 'ü-1' }] })).setCookies, []);
    },
  ),

  check('a change deep inside is noticed, and a deleted property stays away', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'items', value: ['a'] });
    await browser.post('/push-deep', { item: 'b' });
    assert.deepEqual((await browser.get('/read')).json.data, { items: ['a', 'b'] });
    await browser.post('/unset', { key: 'items' });
    assert.deepEqual((await browser.get('/read')).json.data, {});
  }),

  check(
    'signing in changes the id, and the id from before is worth nothing (fixation)',
    async ({ open, config, visitor }) => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'cart', value: ['planted'] });
      const before = (await browser.get('/read')).json.id;
      const planted = await browser.cookie(SID);
      const { id } = (await browser.post('/sign-in', { user: 'ada' })).json;
      assert.notEqual(id, before);
      assert.deepEqual((await browser.get('/read')).json, { id, isNew: false, data: { user: 'ada' } });
      const attacker = visitor();
      await attacker.plant(SID, planted as string);
      assert.equal((await attacker.get('/read')).json.data.user, undefined);
    },
  ),

  check('signing in can keep named data', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'cart', value: ['book'] });
    await browser.post('/set', { key: 'note', value: 'x' });
    await browser.post('/sign-in-keeping', { user: 'ada' });
    assert.deepEqual((await browser.get('/read')).json.data, { cart: ['book'], user: 'ada' });
    // As passport names it.
    await browser.post('/sign-in-keeping', { user: 'grace', list: true });
    assert.deepEqual((await browser.get('/read')).json.data, { cart: ['book'], user: 'grace' });
  }),

  check('signing out ends the session and removes the cookie', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/sign-in', { user: 'ada' });
    const out = await browser.post('/sign-out');
    assert.deepEqual(out.setCookies, [`${SID}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`]);
    assert.equal(await browser.cookie(SID), undefined);
    isLike((await browser.get('/read')).json, { isNew: true, data: {} });
  }),

  check('signing out without a session sends nothing', async ({ open, config }) => {
    const browser = await open({ config });
    assert.deepEqual((await browser.post('/sign-out')).setCookies, []);
  }),
];
