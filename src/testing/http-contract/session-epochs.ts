// Epochs
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { isLike } from './assertions.js';
import { type Check, check, SID } from './check.js';

export const sessionEpochs: readonly Check[] = [
  check("a user's epoch ends all sessions saved before it", async ({ open, config }) => {
    let epoch = 1;
    const browser = await open({
      config,
      http: { epoch: (values) => (values.user === undefined ? undefined : epoch) },
    });
    await browser.post('/sign-in', { user: 'ada' });
    const copied = (await browser.cookie(SID)) as string;
    assert.equal((await browser.get('/read')).json.data.user, 'ada');
    epoch = 2;
    assert.equal((await browser.get('/read')).json.isNew, true);
    await browser.post('/sign-in', { user: 'ada' });
    assert.equal((await browser.get('/read')).json.data.user, 'ada');
    assert.equal((await browser.get('/read', { cookie: `${SID}=${copied}` })).json.isNew, true);
  }),

  check('an epoch that has to be looked up is waited for', async ({ open, config }) => {
    const browser = await open({
      config,
      http: {
        epoch: async (values) => {
          await setImmediate();
          return values.user === 'ada' ? 'x' : undefined;
        },
      },
    });
    await browser.post('/sign-in', { user: 'ada' });
    assert.equal((await browser.get('/read')).json.data.user, 'ada');
  }),

  check(
    'a session that was ended by an epoch is not saved back to life by a slower request',
    async ({ open, config }) => {
      let asked = Number.NEGATIVE_INFINITY;
      const epoch = (values: { readonly user?: unknown }) => {
        asked += 1;
        return values.user === undefined ? undefined : asked > 1 ? 2 : 1;
      };
      const browser = await open({ config, http: { epoch } });
      await browser.post('/sign-in', { user: 'ada' });
      // Another epoch begins after the session has been opened.
      asked = 0;
      const answer = await browser.post('/set', { key: 'cart', value: ['late'] });
      assert.deepEqual([answer.status, answer.setCookies], [200, []]);
      isLike((await browser.get('/read')).json, { isNew: true, data: {} });
    },
  ),

  check('who signs out everywhere else stays in with a new id', async ({ open, config }) => {
    let asked = Number.NEGATIVE_INFINITY;
    const epoch = (values: { readonly user?: unknown }) => {
      asked += 1;
      return values.user === undefined ? undefined : asked > 1 ? 2 : 1;
    };
    const browser = await open({ config, http: { epoch } });
    await browser.post('/sign-in', { user: 'ada' });
    const elsewhere = `${SID}=${await browser.cookie(SID)}`;
    // The request begins it after its session has been opened.
    asked = 0;
    await browser.post('/slow-elevate', { epoch: 2 });
    asked = 2;
    assert.deepEqual((await browser.get('/read')).json.data, { user: 'ada', elevated: true });
    assert.equal((await browser.get('/read', { cookie: elsewhere })).json.isNew, true);
  }),

  check(
    'a slower request that takes a new id does not outlive the epoch of its user',
    async ({ open, config }) => {
      let asked = Number.NEGATIVE_INFINITY;
      const epoch = (values: { readonly user?: unknown }) => {
        asked += 1;
        return values.user === undefined ? undefined : asked > 1 ? 2 : 1;
      };
      const browser = await open({ config, http: { epoch } });
      await browser.post('/sign-in', { user: 'ada' });
      // Another epoch begins after the session has been opened.
      asked = 0;
      assert.equal((await browser.post('/slow-elevate')).status, 200);
      assert.deepEqual((await browser.get('/read')).json.data, { elevated: true });
    },
  ),

  check(
    'an epoch goes with the data that is saved, whichever way somebody signs in',
    async ({ open, config }) => {
      const browser = await open({
        config,
        http: { epoch: (values) => (values.user === undefined ? undefined : `of ${values.user}`) },
      });
      await browser.post('/set', { key: 'cart', value: ['book'] });
      for (const user of ['ada', 'grace']) {
        assert.equal((await browser.post('/sign-in-by-update', { user })).status, 200);
        assert.deepEqual((await browser.get('/read')).json.data, { cart: ['book'], user });
      }
      await browser.post('/set', { key: 'user', value: 'edsger' });
      assert.equal((await browser.get('/read')).json.data.user, 'edsger');
    },
  ),

  check(
    'an epoch may be a thenable of a database client, and must not be an object',
    async ({ open, config }) => {
      let epoch: unknown = 1;
      const browser = await open({
        config,
        http: { epoch: () => ({ then: (done: (value: unknown) => void) => done(epoch) }) as never },
      });
      await browser.post('/sign-in', { user: 'ada' });
      assert.equal((await browser.get('/read')).json.data.user, 'ada');
      epoch = 2;
      assert.equal((await browser.get('/read')).json.isNew, true);
      epoch = { epoch: 2 };
      assert.equal((await browser.post('/sign-in', { user: 'ada' })).status, 500);
    },
  ),

  check('an epoch that cannot be looked up is told of by one answer', async ({ open, config }) => {
    let how = (): unknown => 1;
    const browser = await open({
      config: { ...config, csrf: { cookie: 'XSRF-TOKEN' } },
      http: { epoch: () => how() as number },
    });
    await browser.post('/sign-in', { user: 'ada' });
    const failed = new Error('the database is away');
    const ways = [
      () => {
        throw failed;
      },
      () => Promise.reject(failed),
    ];
    for (const way of ways) {
      how = way;
      for (const path of ['/untouched', '/read']) assert.equal((await browser.get(path)).status, 500, path);
    }
    how = () => 1;
    assert.equal((await browser.get('/read')).json.data.user, 'ada');
  }),
];
