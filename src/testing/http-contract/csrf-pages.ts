// pages
import assert from 'node:assert/strict';
import { type Check, check } from './check.js';
import { visitRoute } from './routes.js';

export const csrfPages: readonly Check[] = [
  ...(['before', 'after'] as const).map((when) =>
    check(
      `a form that is open through whole rotations ${when} sign-in is accepted, once revoked it is not`,
      async ({ open, useRing, rings }) => {
        const browser = await open();
        useRing(rings.before);
        if (when === 'after') await browser.post('/sign-in', { user: 'ada' });
        const { token } = (await browser.get('/form')).json;
        const steps = [
          [rings.staged, 200],
          [rings.promoted, 200],
          [rings.rolledBack, 200],
          [rings.promoted, 200],
          [rings.revoked, 403],
        ] as const;
        for (const [ring, status] of steps) {
          useRing(ring);
          // Straight from the tab that was open, and with other tabs in use meanwhile.
          assert.equal((await browser.post('/protected', { _csrf: token })).status, status);
          await browser.get('/read');
          await browser.get('/form');
          assert.equal((await browser.post('/protected', { _csrf: token })).status, status);
        }
        const reloaded = (await browser.get('/form')).json.token;
        assert.equal((await browser.post('/protected', { _csrf: reloaded })).status, 200);
        assert.equal((await browser.get('/read')).json.data.user, when === 'after' ? 'ada' : undefined);
      },
    ),
  ),

  check(
    'a page stays good where nothing is put into the session but what JSON leaves out',
    async ({ open }) => {
      let nothing: unknown;
      const browser = await open({
        routes: [
          visitRoute('/form', ({ session, csrfToken }) => {
            session.error = nothing;
            return { token: csrfToken() };
          }),
          visitRoute('/protected', () => 'done', { method: 'POST', csrf: true }),
        ],
      });
      for (nothing of [undefined, () => 'x', Symbol('x')]) {
        const { token } = (await browser.get('/form')).json;
        assert.equal((await browser.post('/protected', { _csrf: token })).status, 200);
      }
    },
  ),

  check(
    'a page stays good when a session begins without a sign-in, in its own answer or another',
    async ({ open, visitor }) => {
      const browser = await open();
      const { token } = (await browser.get('/form-then-data')).json;
      assert.equal((await browser.post('/protected', { _csrf: token })).status, 200);
      const other = visitor();
      const earlier = (await other.get('/form')).json.token;
      await other.post('/set', { key: 'cart', value: ['book'] });
      assert.equal((await other.post('/protected', { _csrf: earlier })).status, 200);
      await other.post('/sign-in', { user: 'ada' });
      assert.equal((await other.post('/protected', { _csrf: earlier })).status, 403);
    },
  ),

  check(
    'of tabs that were opened before there was a cookie each works where the browser vouches, until then the last',
    async ({ open }) => {
      const browser = await open();
      const before = await Promise.all(
        [1, 2, 3].map(() => browser.ask('/form', { headers: { cookie: '' } })),
      );
      const tokens = before.map(({ json }) => json.token);
      const own = { 'sec-fetch-site': 'same-origin' };
      for (const _csrf of tokens)
        assert.equal((await browser.post('/protected', { _csrf }, own)).status, 200);
      const accepted: number[] = [];
      for (const _csrf of tokens) accepted.push((await browser.post('/protected', { _csrf })).status);
      assert.deepEqual(accepted.sort(), [200, 403, 403]);
      // A sibling, or another site, is not helped by a token that it has fetched for itself.
      for (const site of ['same-site', 'cross-site', 'none'])
        assert.equal(
          (
            await browser.post(
              '/protected',
              { _csrf: tokens[0], cookie: '' },
              { 'sec-fetch-site': site, cookie: '' },
            )
          ).status,
          403,
        );
    },
  ),

  check(
    'the form on the page that begins a session works, however it was made, in every tab',
    async ({ open, visitor }) => {
      const browser = await open();
      const own = { 'sec-fetch-site': 'same-origin' };
      for (const path of ['/data-then-form', '/form-then-data']) {
        for (const seen of [false, true]) {
          const other = visitor();
          if (seen) await other.get('/form');
          const { token } = (await other.get(path)).json;
          assert.equal((await other.post('/protected', { _csrf: token })).status, 200);
        }
        const tabs = await Promise.all([1, 2, 3].map(() => browser.ask(path, { headers: { cookie: '' } })));
        for (const { json } of tabs)
          assert.equal((await browser.post('/protected', { _csrf: json.token }, own)).status, 200);
      }
    },
  ),

  check(
    'a token of a session is worth nothing after its sign-out or another sign-in, vouched for or not',
    async ({ open }) => {
      const browser = await open();
      await browser.post('/sign-in', { user: 'ada' });
      const { token } = (await browser.get('/form')).json;
      for (const next of ['/sign-out', '/sign-in']) {
        await browser.post(next, { user: 'grace' });
        for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }])
          assert.equal(
            (await browser.post('/protected', { _csrf: token }, headers as Record<string, string>)).status,
            403,
          );
      }
    },
  ),
];
