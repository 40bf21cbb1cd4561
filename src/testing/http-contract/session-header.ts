// Sessions that travel in a header field, as native apps have them: no cookie is looked at, and no browser sends them.
import assert from 'node:assert/strict';
import type { Answer } from './browser.js';
import { type Check, check, DAY, SID } from './check.js';
import { visitRoute } from './routes.js';

const FIELD = 'x-session';

const ROUTES = [
  ...(['GET', 'POST'] as const).map((method) =>
    visitRoute(
      '/in',
      ({ session }) => {
        session.regenerate();
        session.user = 'ada';
      },
      { method, csrf: true },
    ),
  ),
  visitRoute(
    '/change',
    ({ session, flash, csrfToken }) => {
      session.changed = true;
      flash('info', 'changed');
      csrfToken();
    },
    { method: 'POST', csrf: true },
  ),
  visitRoute('/out', ({ session }) => session.destroy(), { method: 'POST', csrf: true }),
  visitRoute('/read', ({ session }) => ({ ...session, isNew: session.isNew })),
  visitRoute('/public', ({ session, setHeader }) => {
    setHeader('cache-control', 'public, max-age=60');
    return { ...session };
  }),
  visitRoute('/untouched', () => 'ok'),
];

const configOf = (backend: string) => ({ session: { backend, header: 'X-Session', roll_after: '1d' } });
const tokenOf = ({ headers }: Answer) => headers.get(FIELD);
const varies = ({ headers }: Answer) => headers.get('vary')?.toLowerCase();

export const sessionHeader: readonly Check[] = [
  check('a session in a header field: no cookie, no proof against forgery, and private', async (scene) => {
    const { open, backend, logger } = scene;
    const app = await open({ config: configOf(backend), routes: ROUTES });
    const foreign = { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' };
    const signedIn = await app.post('/in', {}, { [FIELD]: '', ...foreign });
    assert.equal(signedIn.status, 200);
    assert.deepEqual(signedIn.setCookies, []);
    assert.equal(signedIn.headers.get('cache-control'), 'private');
    assert.equal(varies(signedIn), FIELD);
    const token = tokenOf(signedIn) as string;
    const read = await app.get('/read', { [FIELD]: token });
    assert.deepEqual(read.json, { user: 'ada', isNew: false });
    assert.equal(tokenOf(read), null);
    assert.equal(read.headers.get('cache-control'), 'private');
    assert.equal(varies(read), FIELD);
    const changed = await app.post('/change', {}, { [FIELD]: token, ...foreign });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.setCookies, []);
    assert.ok(logger.records.some(({ facts }) => facts.event === 'flash.header'));
    const now = tokenOf(changed) ?? token;
    assert.equal((await app.get('/read', { [FIELD]: now })).json.changed, true);
    const out = await app.post('/out', {}, { [FIELD]: now });
    assert.deepEqual([out.status, tokenOf(out), out.headers.get('cache-control')], [200, '', 'private']);
    if (backend !== 'cookie') assert.equal((await app.get('/read', { [FIELD]: now })).json.isNew, true);
  }),

  check('a cookie passes for no header field, nor the reverse', async ({ open, backend, visitor }) => {
    const browser = await open({ config: configOf(backend), routes: ROUTES });
    await browser.get('/in');
    const cookie = (await browser.cookie(SID)) as string;
    assert.equal((await browser.get('/read')).json.user, 'ada');
    // With both, the cookies are not looked at.
    assert.equal((await browser.get('/read', { [FIELD]: '' })).json.isNew, true);
    assert.equal((await browser.get('/read', { [FIELD]: cookie })).json.isNew, true);
    const token = tokenOf(await browser.get('/in', { [FIELD]: '' })) as string;
    assert.equal((await browser.get('/read', { [FIELD]: token })).json.user, 'ada');
    const other = visitor();
    await other.plant(SID, token);
    assert.equal((await other.get('/read')).json.isNew, true);
  }),

  check('by cookie a proof is asked as ever, and pages vary by both', async ({ open, backend }) => {
    const browser = await open({ config: configOf(backend), routes: ROUTES });
    assert.equal((await browser.post('/in')).status, 403);
    const read = await browser.get('/read');
    assert.equal(varies(read), `cookie, ${FIELD}`);
    assert.equal(varies(await browser.get('/untouched')), undefined);
  }),

  check('without the setting such a field is nothing', async ({ open, backend, config }) => {
    const browser = await open({ config, routes: ROUTES });
    assert.equal((await browser.post('/in', {}, { [FIELD]: '' })).status, 403);
    const read = await browser.get('/in', { [FIELD]: '' });
    assert.equal(tokenOf(read), null);
    assert.equal(read.setCookies.length, 1, backend);
  }),

  check('in a header field, too, a session in use is extended and signed again', async (scene) => {
    const { open, backend, clock, rings, useRing } = scene;
    const app = await open({ config: configOf(backend), routes: ROUTES });
    let token = tokenOf(await app.get('/in', { [FIELD]: '' })) as string;
    for (let day = 0; day < 9; day++) {
      clock.advance(DAY);
      const read = await app.get('/read', { [FIELD]: token });
      assert.equal(read.json.user, 'ada');
      assert.deepEqual(read.setCookies, []);
      token = tokenOf(read) as string;
    }
    useRing(rings.promoted);
    const read = await app.get('/public', { [FIELD]: token });
    assert.equal(read.json.user, 'ada');
    assert.equal(tokenOf(read), null, 'never on what everybody may see');
    const again = tokenOf(await app.get('/read', { [FIELD]: token })) as string;
    useRing(rings.revoked);
    assert.equal((await app.get('/read', { [FIELD]: again })).json.user, 'ada');
    assert.equal((await app.get('/read', { [FIELD]: token })).json.isNew, true);
  }),
];
