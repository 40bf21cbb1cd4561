// When a session ends, and how it ends.
import assert from 'node:assert/strict';
import { isLike } from './assertions.js';
import { type Check, check, SID } from './check.js';

export const sessionEnds: readonly Check[] = [
  check('unused, it ends after the idle time, to the second', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, idle: '1h', roll_after: '1h' } } });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(3599);
    assert.equal((await browser.get('/read')).json.data.user, 'ada');
    clock.advance(1);
    isLike((await browser.get('/read')).json, { isNew: true, data: {} });
  }),

  check(
    'used, it lives on, and a copy of its cookie from before does not',
    async ({ open, backend, clock }) => {
      const browser = await open({ config: { session: { backend, idle: '1h', max_age: '1d' } } });
      await browser.post('/sign-in', { user: 'ada' });
      const copied = (await browser.cookie(SID)) as string;
      for (let round = 0; round < 4; round++) {
        clock.advance(3000);
        assert.equal((await browser.get('/read')).json.data.user, 'ada');
      }
      assert.equal((await browser.get('/read', { cookie: `${SID}=${copied}` })).json.isNew, true);
    },
  ),

  check(
    'however much it is used it ends at its greatest age, to the second',
    async ({ open, backend, clock }) => {
      const browser = await open({ config: { session: { backend, idle: '1h', max_age: '3h' } } });
      await browser.post('/sign-in', { user: 'ada' });
      for (let passed = 1800; passed < 10_800; passed += 1800) {
        clock.advance(1800);
        assert.equal((await browser.get('/read')).json.data.user, 'ada');
      }
      clock.advance(1799);
      assert.equal((await browser.get('/read')).json.data.user, 'ada');
      clock.advance(1);
      assert.equal((await browser.get('/read')).json.isNew, true);
    },
  ),

  check(
    'a greatest age that is shortened counts for sessions that there are',
    async ({ open, config, backend, clock, close, newStore }) => {
      const http = backend === 'memory' ? { http: { store: newStore() } } : {};
      const first = await open({ config, ...http });
      await first.post('/sign-in', { user: 'ada' });
      const cookie = `${SID}=${await first.cookie(SID)}`;
      await close();
      const second = await open({ config: { session: { backend, idle: '1h', max_age: '2h' } }, ...http });
      clock.advance(7199);
      assert.deepEqual((await second.get('/read', { cookie })).json.data, { user: 'ada' });
      clock.advance(1);
      assert.equal((await second.get('/read', { cookie })).json.isNew, true);
    },
  ),

  check(
    'data after destroy() is an error for the programmer, not a silent loss',
    async ({ open, config }) => {
      const browser = await open({ config });
      await browser.post('/sign-in', { user: 'ada' });
      const answer = await browser.post('/after-destroy');
      assert.equal(answer.status, 500);
      // An error all the same, and no reason to stay signed in.
      assert.equal(await browser.cookie(SID), undefined);
      assert.equal((await browser.get('/read')).json.isNew, true);
    },
  ),

  ...['throws', 'empties-itself', 'begins-badly'].map((how) =>
    check(
      `whoever signs out is signed out, also where the handler ${how} afterwards`,
      async ({ open, config, backend }) => {
        const browser = await open({ config });
        await browser.post('/sign-in', { user: 'ada' });
        const copied = `${SID}=${await browser.cookie(SID)}`;
        assert.equal((await browser.post(`/destroy-and-${how}`)).status, 500);
        assert.equal(await browser.cookie(SID), undefined);
        assert.equal((await browser.get('/read')).json.isNew, true);
        if (backend !== 'cookie')
          assert.equal((await browser.get('/read', { cookie: copied })).json.isNew, true);
      },
    ),
  ),

  check('names of methods are not names for data', async ({ open, config }) => {
    const browser = await open({ config });
    for (const key of ['id', 'destroy', 'constructor', 'toJSON', '__proto__']) {
      assert.equal((await browser.post('/set', { key, value: { polluted: true } })).status, 500);
    }
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  }),
  check('ending and beginning in one request: the last word counts', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/sign-in', { user: 'ada' });
    await browser.post('/destroy-and-sign-in', { user: 'grace' });
    assert.deepEqual((await browser.get('/read')).json.data, { user: 'grace' });
    assert.equal((await browser.post('/destroy-and-update')).status, 500);
    assert.equal((await browser.get('/read')).json.isNew, true);
    await browser.post('/sign-in-and-destroy', { user: 'ada' });
    assert.equal(await browser.cookie(SID), undefined);
    assert.equal((await browser.get('/read')).json.isNew, true);
  }),

  check(
    'an error that comes with saving is private where the page was, and sends no half of it',
    async ({ open, config }) => {
      const browser = await open({ config });
      const answer = await browser.get('/too-large');
      assert.equal(answer.status, 500);
      assert.equal(answer.headers.get('cache-control'), 'private');
      assert.equal(await browser.cookie('keyturn.flash'), undefined);
      assert.deepEqual((await browser.get('/flash')).json, {});
    },
  ),
];
