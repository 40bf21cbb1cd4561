// Rolling
import assert from 'node:assert/strict';
import { contains } from './assertions.js';
import { type Check, check } from './check.js';

export const sessionRolling: readonly Check[] = [
  check('it is extended whether or not a page looks at it', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } } });
    await browser.post('/sign-in', { user: 'ada' });
    for (let hour = 0; hour < 12; hour++) {
      clock.advance(3600);
      const answer = await browser.get('/untouched');
      assert.equal(answer.setCookies.length, 1);
      contains(answer.setCookies[0], '; Max-Age=36000;');
      assert.equal(answer.headers.get('cache-control'), 'private');
    }
    assert.deepEqual((await browser.get('/untouched')).setCookies, []);
    assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada' });
  }),

  check('it is extended only when that is due, with new dates', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } } });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(3599);
    assert.deepEqual((await browser.get('/read')).setCookies, []);
    clock.advance(1);
    const rolled = await browser.get('/read');
    assert.equal(rolled.setCookies.length, 1);
    contains(rolled.setCookies[0], 'Max-Age=36000;');
    assert.deepEqual((await browser.get('/read')).setCookies, []);
  }),

  check('where extending would gain nothing, nothing is sent', async ({ open, backend, clock }) => {
    const config = { session: { backend, idle: '1h', max_age: '90min', roll_after: '10min' } };
    const browser = await open({ config });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(2400);
    const { setCookies } = await browser.get('/read');
    assert.equal(setCookies.length, 1);
    contains(setCookies[0], '; Max-Age=3000;');
    clock.advance(1200);
    assert.deepEqual((await browser.get('/read')).setCookies, []);
  }),

  check(
    'a publicly cacheable answer never extends it, and becomes private when it must be saved',
    async ({ open, backend, clock }) => {
      const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } } });
      await browser.post('/sign-in', { user: 'ada' });
      clock.advance(7200);
      const read = await browser.get('/read-public');
      assert.deepEqual(read.setCookies, []);
      assert.equal(read.headers.get('cache-control'), 'public, max-age=60');
      const written = await browser.get('/write-public');
      assert.equal(written.setCookies.length, 1);
      assert.equal(written.headers.get('cache-control'), 'private, max-age=60');
    },
  ),

  check('what the app says of caches stays, as far as it is private', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1s' } } });
    for (const [said, sent] of [
      ['no-store', 'no-store'],
      ['max-age=0, PRIVATE', 'max-age=0, PRIVATE'],
      ['private="x-user"', 'private, private="x-user"'],
      ['no-cache', 'private, no-cache'],
      ['Public, S-MaxAge=9, max-age=60', 'private, max-age=60'],
      ['public', 'private'],
    ]) {
      clock.advance(2);
      const answer = await browser.post('/write-with', { cacheControl: said });
      assert.equal(answer.setCookies.length, 1);
      assert.deepEqual([said, answer.headers.get('cache-control')], [said, sent]);
    }
  }),
];
