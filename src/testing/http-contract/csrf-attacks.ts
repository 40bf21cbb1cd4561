// attacks
import assert from 'node:assert/strict';
import type { Browser } from './browser.js';
import { type Check, check } from './check.js';

const signIn = async (victim: Browser, token: string, headers: Record<string, string> = {}) => {
  const form = { user: 'mallory', _csrf: token };
  const { status } = await victim.ask('/protected-sign-in', { method: 'POST', form, headers });
  const { user } = (await victim.get('/read')).json.data;
  return [status, user];
};
const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

const OWN = '<own>';
const COMBINATIONS: ReadonlyArray<readonly [string | undefined, string | undefined, boolean]> = [
  [OWN, 'same-origin', true],
  [OWN, undefined, true],
  ['null', 'same-origin', true],
  [undefined, 'same-origin', true],
  [undefined, 'none', true],
  ['null', 'none', false],
  [undefined, undefined, true],
  ['https://evil.example', 'cross-site', false],
  ['https://evil.example', undefined, false],
  // A proxy has rewritten Host: the browser has compared for itself.
  ['https://evil.example', 'same-origin', true],
  ['http://sibling.localhost', 'same-site', false],
  [undefined, 'same-site', false],
  [undefined, 'cross-site', false],
  [OWN, 'cross-site', false],
  [OWN, 'same-site', false],
  ['null', 'cross-site', false],
  ['null', 'same-site', false],
  ['null', undefined, false],
  ['http://localhost:1', undefined, false],
  ['not an origin', undefined, false],
  ['https://partner.example', 'cross-site', true],
  ['https://partner.example', undefined, true],
  ['https://partner.example.evil.example', 'cross-site', false],
  [OWN, 'something-new', false],
];

export const csrfAttacks: readonly Check[] = [
  check(
    'nobody is signed in to an account of the attacker (login CSRF) by a form on another site, with a token of theirs',
    async ({ open, visitor }) => {
      const victim = await open();
      const { token } = (await visitor().get('/form')).json;
      // An old browser says nothing of where the form was.
      for (const headers of [cross, {}]) {
        assert.deepEqual(await signIn(victim, token, headers), [403, undefined]);
        assert.deepEqual(await signIn(victim, '', headers), [403, undefined]);
      }
      await victim.get('/form');
      for (const headers of [cross, {}])
        assert.deepEqual(await signIn(victim, token, headers), [403, undefined]);
      await victim.post('/sign-in', { user: 'ada' });
      for (const headers of [cross, {}]) assert.deepEqual(await signIn(victim, token, headers), [403, 'ada']);
    },
  ),

  check(
    'nobody is signed in to an account of the attacker (login CSRF) by a hostile sibling that can plant cookies',
    async ({ open, visitor }) => {
      const victim = await open();
      const mallory = visitor();
      const { token } = (await mallory.get('/form')).json;
      await victim.plant('keyturn.csrf', (await mallory.cookie('keyturn.csrf')) as string);
      const sibling = { 'sec-fetch-site': 'same-site', origin: 'http://evil.localhost' };
      assert.deepEqual(await signIn(victim, token, sibling), [403, undefined]);
      assert.deepEqual(await signIn(victim, token, { origin: 'http://evil.localhost' }), [403, undefined]);
    },
  ),

  check(
    'mode "headers" asks for no token, and refuses whoever says nothing of where it comes from',
    async ({ open, url }) => {
      const browser = await open({
        config: { csrf: { mode: 'headers', origins: ['https://partner.example'] } },
      });
      const status = async (headers: Record<string, string>) =>
        (await browser.post('/protected', {}, headers)).status;
      for (const good of [
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'none' },
        { origin: url() },
        { origin: 'https://partner.example', 'sec-fetch-site': 'cross-site' },
      ])
        assert.deepEqual([good, await status(good as unknown as Record<string, string>)], [good, 200]);
      for (const bad of [
        {},
        { origin: 'null' },
        { origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', origin: url() },
      ])
        assert.deepEqual([bad, await status(bad as unknown as Record<string, string>)], [bad, 403]);
    },
  ),
  ...(['before', 'after'] as const).map((when) =>
    check(
      `with a good token, each combination of Origin and Sec-Fetch-Site ${when} sign-in`,
      async ({ open, url }) => {
        const browser = await open({ config: { csrf: { origins: ['https://partner.example'] } } });
        if (when === 'after') await browser.post('/sign-in', { user: 'ada' });
        const { token } = (await browser.get('/form')).json;
        for (const [origin, site, accepted] of COMBINATIONS) {
          const headers: Record<string, string> = { 'x-csrf-token': token };
          if (origin !== undefined) headers.origin = origin === OWN ? url() : origin;
          if (site !== undefined) headers['sec-fetch-site'] = site;
          const { status } = await browser.post('/protected', {}, headers);
          assert.deepEqual([origin, site, status], [origin, site, accepted ? 200 : 403]);
        }
        // None of them is enough without the token.
        assert.equal(
          (await browser.post('/protected', {}, { origin: url(), 'sec-fetch-site': 'same-origin' })).status,
          403,
        );
      },
    ),
  ),
];
