// Answers that are no page: redirects, HEAD, 304, 204.
import assert from 'node:assert/strict';
import { type Check, check, SID } from './check.js';
import type { HttpContractReply, HttpContractRoute } from './driver.js';

const post = (path: string, run: HttpContractRoute['run']): HttpContractRoute => ({
  method: 'POST',
  path,
  csrf: false,
  run,
});
const get = (path: string, run: HttpContractRoute['run']): HttpContractRoute => ({
  method: 'GET',
  path,
  csrf: false,
  run,
});

const routes: readonly HttpContractRoute[] = [
  post('/sign-in', ({ session, flash, body }): HttpContractReply => {
    session.regenerate();
    session.user = body.user;
    flash('info', 'Welcome');
    return { redirect: '/' };
  }),
  post('/sign-out', ({ session }): HttpContractReply => {
    session.destroy();
    return { status: 204 };
  }),
  get('/', ({ session, flash }): HttpContractReply => ({ json: { user: session.user, said: flash() } })),
  get('/unchanged', ({ session, setHeader }): HttpContractReply => {
    setHeader('etag', `"${session.user}"`);
    return { status: 304 };
  }),
];

export const answers: readonly Check[] = [
  check('a redirect takes the session along, and a message for the next page', async ({ open, config }) => {
    const browser = await open({ config, routes });
    const signedIn = await browser.post('/sign-in', { user: 'ada' });
    assert.deepEqual([signedIn.status, signedIn.headers.get('location')], [303, '/']);
    assert.equal(signedIn.setCookies.length, 2);
    assert.equal(signedIn.headers.get('cache-control'), 'private');
    const expected = { user: 'ada', said: { info: ['Welcome'] } };
    assert.deepEqual((await browser.get('/')).json, expected);
    assert.deepEqual((await browser.get('/')).json, { ...expected, said: {} });
  }),

  check('an answer without a body ends a session as any other', async ({ open, config }) => {
    const browser = await open({ config, routes });
    await browser.post('/sign-in', { user: 'ada' });
    const signedOut = await browser.post('/sign-out');
    assert.deepEqual([signedOut.status, signedOut.text], [204, '']);
    assert.equal(await browser.cookie(SID), undefined);
  }),

  check('to HEAD the header is that of the page, with the cookies', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } }, routes });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(3600);
    const head = await browser.ask('/', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text, head.setCookies.length], [200, '', 1]);
    assert.equal(head.headers.get('cache-control'), 'private');
    assert.equal(head.headers.get('vary'), 'Cookie');
    assert.equal((await browser.get('/')).json.user, 'ada');
  }),

  check('304 tells caches what the page would, and extends the session', async ({ open, backend, clock }) => {
    const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } }, routes });
    await browser.post('/sign-in', { user: 'ada' });
    clock.advance(3600);
    const unchanged = await browser.get('/unchanged', { 'if-none-match': '"ada"' });
    assert.deepEqual([unchanged.status, unchanged.text], [304, '']);
    assert.equal(unchanged.headers.get('etag'), '"ada"');
    assert.equal(unchanged.headers.get('cache-control'), 'private');
    assert.equal(unchanged.headers.get('vary'), 'Cookie');
    assert.equal(unchanged.setCookies.length, 1);
  }),
];
