// Clients that go away, and clients of HTTP/2.
import assert from 'node:assert/strict';
import { type Check, check, SID } from './check.js';
import type { HttpContractRoute } from './driver.js';
import { http2Client } from './http2-client.js';
import { Gate } from './waiting.js';

export const clients: readonly Check[] = [
  check(
    'a client that goes away while its request is worked on harms nobody',
    async ({ open, config, slow, seen, visitor, logger }) => {
      let over = 0;
      const routes: readonly HttpContractRoute[] = [
        {
          method: 'POST',
          path: '/work',
          csrf: false,
          run: async ({ session, flash, csrfToken }) => {
            await slow.pass();
            session.worked = true;
            flash('info', 'done');
            csrfToken();
            over += 1;
            return { json: 'done' };
          },
        },
        {
          method: 'POST',
          path: '/in',
          csrf: false,
          run: ({ session }) => {
            session.user = 'ada';
            return { json: 'in' };
          },
        },
        { method: 'GET', path: '/read', csrf: false, run: ({ session }) => ({ json: session.user }) },
      ];
      const browser = await open({ config, routes });
      await browser.post('/in');
      const leaving = new AbortController();
      const left = browser.begin('/work', { method: 'POST', json: {}, signal: leaving.signal });
      const gone = assert.rejects(left);
      await slow.reachedBy(left);
      leaving.abort();
      await gone;
      slow.open();
      await seen(() => over === 1);
      // Their session is there, and so are others.
      assert.equal((await browser.get('/read')).json, 'ada');
      const other = visitor();
      await other.post('/in');
      assert.equal((await other.get('/read')).json, 'ada');
      // It is not the app that was late.
      assert.deepEqual(
        logger.records.filter(({ facts }) => facts.event === 'session.late'),
        [],
      );
    },
    ['sockets'],
  ),

  check(
    'a client that goes away while a stream comes in ends the stream',
    async ({ open, config, seen }) => {
      let isEnded = false;
      const next = new Gate();
      const routes: readonly HttpContractRoute[] = [
        {
          method: 'GET',
          path: '/stream',
          csrf: false,
          run: ({ session }) => {
            session.user = 'ada';
            return {
              stream: (async function* () {
                try {
                  yield 'first';
                  await next.pass();
                  for (;;) {
                    yield 'more ';
                    await new Promise((done) => setTimeout(done));
                  }
                } finally {
                  isEnded = true;
                }
              })(),
            };
          },
        },
        { method: 'GET', path: '/read', csrf: false, run: ({ session }) => ({ json: session.user }) },
      ];
      const browser = await open({ config, routes });
      const leaving = new AbortController();
      const answer = await browser.begin('/stream', { signal: leaving.signal });
      await (answer.body as ReadableStream).getReader().read();
      leaving.abort();
      next.open();
      await seen(() => isEnded);
      assert.equal((await browser.get('/read')).json, 'ada');
    },
    ['sockets', 'streams'],
  ),

  check(
    'over HTTP/2 a session is kept, and an origin is compared with the authority',
    async ({ open, config, url }) => {
      await open({ config, app: { http2: true } });
      const client = await http2Client(url());
      try {
        const signedIn = await client.ask('POST', '/sign-in', { user: 'ada' });
        assert.equal(signedIn.status, 200);
        const cookie = signedIn.setCookies[0]?.split(';')[0] as string;
        assert.ok(cookie.startsWith(`${SID}=`));
        const read = await client.ask('GET', '/read', undefined, { cookie });
        assert.deepEqual(JSON.parse(read.text).data, { user: 'ada' });
        assert.equal(read.header('vary'), 'Cookie');
        assert.equal(read.header('cache-control'), 'private');
        const { token } = JSON.parse((await client.ask('GET', '/form', undefined, { cookie })).text);
        const post = async (origin: string) =>
          (await client.ask('POST', '/protected', {}, { cookie, origin, 'x-csrf-token': token })).status;
        assert.deepEqual([await post(url()), await post('https://evil.example')], [200, 403]);
      } finally {
        client.close();
      }
    },
    ['http2'],
  ),
];
