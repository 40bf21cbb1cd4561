// tokens
import assert from 'node:assert/strict';
import { type Check, check } from './check.js';

export const csrfTokens: readonly Check[] = [
  check('before sign-in, at sign-in and after it', async ({ open }) => {
    const browser = await open();
    assert.equal((await browser.post('/protected', {})).status, 403);
    const first = (await browser.get('/form')).json.token;
    assert.notEqual(await browser.cookie('keyturn.csrf'), undefined);
    assert.equal((await browser.post('/protected', { _csrf: first })).status, 200);
    const signIn = await browser.post('/protected-sign-in', { user: 'ada', _csrf: first });
    assert.equal(signIn.status, 200);
    assert.equal(await browser.cookie('keyturn.csrf'), undefined);
    assert.equal((await browser.post('/protected', { _csrf: first })).status, 403);
    const second = (await browser.get('/form')).json.token;
    assert.equal((await browser.post('/protected', { _csrf: second })).status, 200);
    const third = (await browser.post('/sign-out-and-form')).json.token;
    assert.equal((await browser.post('/protected', { _csrf: second })).status, 403);
    assert.equal((await browser.post('/protected', { _csrf: first })).status, 403);
    assert.equal((await browser.post('/protected', { _csrf: third })).status, 200);
  }),

  check('after a sign-out the id from before is not used again', async ({ open }) => {
    const browser = await open();
    const { token } = (await browser.get('/form')).json;
    const after = (await browser.post('/sign-out-and-form')).json.token;
    assert.equal((await browser.post('/protected', { _csrf: token })).status, 403);
    assert.equal((await browser.post('/protected', { _csrf: after })).status, 200);
  }),

  check('signing out takes the cookie that stood in for a session along', async ({ open }) => {
    const browser = await open();
    const { token } = (await browser.get('/form')).json;
    await browser.post('/sign-out');
    assert.equal(await browser.cookie('keyturn.csrf'), undefined);
    assert.equal((await browser.post('/protected', { _csrf: token })).status, 403);
  }),

  check('where there is no route the answer says so, and not that a token is missing', async ({ open }) => {
    const browser = await open();
    assert.equal((await browser.post('/nowhere')).status, 404);
  }),

  check(
    'its cookie is extended with the pages that are made, and signed again when it is stale',
    async ({ open, clock, useRing, rings }) => {
      const browser = await open({ config: { purposes: { 'csrf-id': { max_age: '10h' } } } });
      useRing(rings.before);
      const { token } = (await browser.get('/form')).json;
      const made = (await browser.cookie('keyturn.csrf')) as string;
      clock.advance(5 * 3600);
      assert.deepEqual((await browser.get('/form')).setCookies, []);
      useRing(rings.promoted);
      await browser.get('/form');
      const again = (await browser.cookie('keyturn.csrf')) as string;
      assert.equal(again.slice(13, 25), made.slice(13, 25));
      assert.notEqual(again.slice(4, 12), made.slice(4, 12));
      clock.advance(1);
      await browser.get('/form');
      assert.notEqual(((await browser.cookie('keyturn.csrf')) as string).slice(13, 25), made.slice(13, 25));
      assert.equal((await browser.post('/protected', { _csrf: token })).status, 200);
    },
  ),

  check('the token is taken from a form field or the header', async ({ open }) => {
    const browser = await open();
    const { token } = (await browser.get('/form')).json;
    assert.equal((await browser.ask('/protected', { method: 'POST', form: { _csrf: token } })).status, 200);
    assert.equal((await browser.post('/protected', {}, { 'x-csrf-token': token })).status, 200);
    assert.equal((await browser.post('/protected', { _csrf: [token] })).status, 403);
    assert.equal((await browser.post('/protected', { _csrf: { $ne: '' } })).status, 403);
  }),

  check('every page gets another token, and each works', async ({ open }) => {
    const browser = await open();
    const [one, two] = (await browser.get('/forms')).json.tokens;
    assert.notEqual(one, two);
    assert.equal((await browser.post('/protected', { _csrf: one })).status, 200);
    assert.equal((await browser.post('/protected', { _csrf: two })).status, 200);
  }),

  check('a page with a token is private', async ({ open }) => {
    const browser = await open();
    await browser.get('/form');
    const again = await browser.get('/form');
    assert.deepEqual(again.setCookies, []);
    assert.equal(again.headers.get('cache-control'), 'private');
  }),

  check(
    'of several cookies that stand in for a session the first that is genuine counts',
    async ({ open }) => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      const good = `keyturn.csrf=${await browser.cookie('keyturn.csrf')}`;
      const cookie = `keyturn.csrf=planted; keyturn.csrf=; ${good}`;
      assert.equal((await browser.post('/protected', { _csrf: token }, { cookie })).status, 200);
    },
  ),

  check("an attacker's own token is refused, before and after sign-in", async ({ open, visitor }) => {
    const browser = await open();
    const attacker = visitor();
    const theirs = (await attacker.get('/form')).json.token;
    await browser.get('/form');
    assert.equal((await browser.post('/protected', { _csrf: theirs })).status, 403);
    await browser.post('/sign-in', { user: 'ada' });
    await attacker.post('/sign-in', { user: 'mallory' });
    const signedIn = (await attacker.get('/form')).json.token;
    assert.equal((await browser.post('/protected', { _csrf: signedIn })).status, 403);
  }),

  check('tokens of one page have nothing in common that is secret (BREACH)', async ({ open }) => {
    const browser = await open();
    const [one, two] = (await browser.get('/forms')).json.tokens as [string, string];
    // After version, key id, dates and the quotation mark of the payload, which anybody may know. Pieces so long
    // that two of them are never the same by chance: shorter ones were, once in a few thousand runs.
    const LONG = 12;
    const secret = (token: string) => token.slice(28);
    const pieces = (token: string) =>
      Array.from({ length: secret(token).length - LONG + 1 }, (_, at) => secret(token).slice(at, at + LONG));
    const known = new Set(pieces(two));
    assert.deepEqual(
      pieces(one).filter((piece) => known.has(piece)),
      [],
    );
  }),

  check(
    'where it comes from is looked at first: a forged request learns nothing of its token',
    async ({ open, logger }) => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      for (const body of [{}, { _csrf: 'x' }, { _csrf: token }])
        await browser.post('/protected', body, cross);
      for (const body of [{}, { _csrf: token }])
        await browser.post('/protected', body, { origin: 'https://evil.example' });
      const refusals = logger.records.filter(({ facts }) => facts.event === 'csrf.refused');
      const reasons = [...Array(3).fill('cross_site'), ...Array(2).fill('foreign_origin')];
      assert.deepEqual(
        refusals.map(({ facts }) => facts.reason),
        reasons,
      );
    },
  ),
  check('it expires, and safe methods need none', async ({ open, clock }) => {
    const browser = await open({ config: { purposes: { csrf: { max_age: '1h' } } } });
    const { token } = (await browser.get('/form')).json;
    clock.advance(3600);
    assert.equal((await browser.post('/protected', { _csrf: token })).status, 403);
    assert.equal(
      (await browser.get('/read', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).status,
      200,
    );
  }),

  check('the refusal tells the client nothing and the log why', async ({ open, logger }) => {
    const browser = await open();
    const { token } = (await browser.get('/form')).json;
    const cross = await browser.post('/protected', { _csrf: token }, { 'sec-fetch-site': 'cross-site' });
    const altered = await browser.post('/protected', { _csrf: `${token.slice(0, -1)}_` });
    assert.equal(cross.text, altered.text);
    assert.deepEqual(
      logger.records.filter(({ facts }) => facts.event === 'csrf.refused').map(({ facts }) => facts.reason),
      ['cross_site', 'token_refused'],
    );
  }),
];
