// Races
import assert from 'node:assert/strict';
import { type Check, check, SID } from './check.js';

export const storedRaces: readonly Check[] = [
  check('50 that add through update() end with 50', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'items', value: [] });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, item) => browser.post('/add', { item })),
    );
    assert.deepEqual(
      answers.map((answer) => answer.status),
      Array(50).fill(200),
    );
    const { items } = (await browser.get('/read')).json.data;
    assert.deepEqual(
      [...items].sort((a: number, b: number) => a - b),
      Array.from({ length: 50 }, (_, item) => item),
    );
  }),

  check('50 that edit different properties lose none', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'start', value: true });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => browser.post('/set', { key: `k${n}`, value: n, beside: 50 })),
    );
    assert.deepEqual(
      answers.map((answer) => answer.status),
      Array(50).fill(200),
    );
    assert.equal(Object.keys((await browser.get('/read')).json.data).length, 51);
  }),

  check('of two that edit the same property one gets the conflict', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'a', value: 0 });
    const answers = await Promise.all(
      [1, 2].map((value) => browser.post('/set', { key: 'a', value, beside: 2 })),
    );
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409]);
  }),

  check(
    'of moments that requests note at once the later stays, and where the last may win it does',
    async ({ open, config, clock }) => {
      const browser = await open({ config, http: { lastWins: ['page'] } });
      const at = clock.now;
      for (const [key, values, expected] of [
        ['lastSeen', [at + 4, at + 5, at + 3], at + 5],
        ['lastSecond', [1, 2, 3].map((n) => Math.floor(at / 1000) + n), Math.floor(at / 1000) + 3],
        ['lastDate', [1, 3, 2].map((n) => new Date(at + n).toISOString()), new Date(at + 3).toISOString()],
        ['page', ['/a', '/b', '/c'], undefined],
      ] as const) {
        await browser.post('/set', { key, value: at });
        const answers = await Promise.all(
          values.map((value) => browser.post('/set', { key, value, beside: 3 })),
        );
        assert.deepEqual(
          answers.map(({ status }) => status),
          [200, 200, 200],
        );
        const stored = (await browser.get('/read')).json.data[key];
        if (expected === undefined) assert.match(stored, /^.[abc]$/);
        else assert.equal(stored, expected);
      }
    },
  ),

  check('of two that count, one is told, though both come to the same number', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'n', value: 5 });
    const answers = await Promise.all(
      [6, 6].map((value) => browser.post('/set', { key: 'n', value, beside: 2 })),
    );
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409]);
  }),

  check('a slower request does not undo a sign-out', async ({ open, config, slow }) => {
    const browser = await open({ config });
    await browser.post('/sign-in', { user: 'ada' });
    const copied = (await browser.cookie(SID)) as string;
    const slower = browser.post('/set', { key: 'cart', value: ['late'], slow: true });
    await slow.reachedBy(slower);
    await browser.post('/sign-out');
    slow.open();
    assert.equal((await slower).status, 200);
    assert.equal((await browser.get('/read')).json.isNew, true);
    assert.equal((await browser.get('/read', { cookie: `${SID}=${copied}` })).json.isNew, true);
  }),

  check('of two that make the same edit none gets a conflict', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'a', value: 0 });
    const edit = { key: 'a', value: { same: [1] }, beside: 2 };
    const answers = await Promise.all([browser.post('/set', edit), browser.post('/set', edit)]);
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 200],
    );
  }),

  check(
    'a slower request does not end the session of somebody who has signed in meanwhile',
    async ({ open, config, slow }) => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'cart', value: [] });
      const slower = browser.post('/set', { key: 'cart', value: ['late'], slow: true });
      await slow.reachedBy(slower);
      await browser.post('/sign-in', { user: 'ada' });
      slow.open();
      assert.deepEqual((await slower).setCookies, []);
      assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada' });
    },
  ),

  check('a slower request that takes a new id does not undo a sign-out', async ({ open, config, slow }) => {
    const browser = await open({ config });
    await browser.post('/sign-in', { user: 'ada' });
    const slower = browser.post('/slow-elevate', { slow: true });
    await slow.reachedBy(slower);
    await browser.post('/sign-out');
    slow.open();
    assert.equal((await slower).status, 200);
    assert.deepEqual((await browser.get('/read')).json.data, { elevated: true });
  }),

  check(
    'of two edits in one request, one by update(), that clash nothing of the update is saved',
    async ({ open, config }) => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'a', value: 'before' });
      assert.deepEqual((await browser.post('/update-clash')).json, { code: 'session_conflict' });
      assert.deepEqual((await browser.get('/read')).json.data, { a: 'kept' });
    },
  ),

  check('update() refuses reserved names and what JSON cannot carry', async ({ open, config }) => {
    const browser = await open({ config });
    await browser.post('/set', { key: 'a', value: 1 });
    for (const change of [
      { key: 'id', value: 'x' },
      { key: 'a', bigint: true },
    ]) {
      assert.equal((await browser.post('/update-with', change)).json.code, 'session_invalid');
    }
  }),
];
