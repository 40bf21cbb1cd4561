// Updates
import assert from 'node:assert/strict';
import { type Check, check } from './check.js';

export const sessionUpdates: readonly Check[] = [
  check('update() keeps what is edited beside it', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'list', value: ['before'] });
    const expected = { list: ['before', 'after'], pending: 1, during: 2, count: 1 };
    assert.deepEqual((await browser.post('/update-beside')).json, expected);
    assert.deepEqual((await browser.get('/read')).json.data, expected);
    assert.equal((await browser.post('/updates-at-once')).json.count, 6);
    assert.equal((await browser.get('/read')).json.data.count, 6);
  }),

  check('an edit made while update() is saving is the later one', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'a', value: 'before' });
    assert.equal((await browser.post('/edit-while-updating')).status, 200);
    assert.deepEqual((await browser.get('/read')).json.data, { a: 'mine', other: true });
  }),

  check('update() takes what the session takes', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'a', value: 1 });
    assert.equal((await browser.post('/update-with', { key: 'a', value: 2 })).json.code, null);
    await browser.post('/update-with', { key: 'id', value: 'x' });
    await browser.post('/update-with', { key: 'a', bigint: true });
    assert.deepEqual((await browser.get('/read')).json.data, { a: 2 });
    assert.equal(({} as Record<string, unknown>).x, undefined);
  }),
];
