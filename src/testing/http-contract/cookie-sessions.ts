// Limits
import assert from 'node:assert/strict';
import { contains } from './assertions.js';
import { type Check, check } from './check.js';

export const cookieSessions: readonly Check[] = [
  check(
    'one that would be longer than browsers keep is an error for the programmer, and loses nothing',
    async ({ open }) => {
      const browser = await open();
      await browser.post('/sign-in', { user: 'ada' });
      const answer = await browser.post('/set', { key: 'big', value: 'x'.repeat(4000) });
      assert.equal(answer.status, 500);
      assert.deepEqual(answer.setCookies, []);
      contains(answer.text, '4096');
      assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada' });
    },
  ),

  check('of two requests at once the last response wins', async ({ open, slow }) => {
    const browser = await open();
    await browser.post('/set', { key: 'a', value: 1 });
    const slower = browser.post('/set', { key: 'a', value: 'slow', slow: true });
    await slow.reachedBy(slower);
    await browser.post('/set', { key: 'a', value: 'fast' });
    slow.open();
    await slower;
    assert.equal((await browser.get('/read')).json.data.a, 'slow');
  }),
];
