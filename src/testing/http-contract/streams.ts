// Answers that are sent piece by piece.
import assert from 'node:assert/strict';
import { type Check, check } from './check.js';
import type { HttpContractRoute } from './driver.js';
import type { Gate } from './waiting.js';

const routesOf = (slow: Gate): readonly HttpContractRoute[] => [
  {
    method: 'POST',
    path: '/stream',
    csrf: false,
    run: (context) => {
      const { session, body } = context;
      session.user = body.user;
      return {
        stream: (async function* () {
          yield 'first ';
          await slow.pass();
          if (body.late) context.session.late = true;
          yield 'last';
        })(),
      };
    },
  },
  { method: 'GET', path: '/read', csrf: false, run: ({ session }) => ({ json: { ...session } }) },
];

export const streams: readonly Check[] = [
  check(
    'a stream begins once the session is saved, and goes out as it comes',
    async ({ open, config, slow }) => {
      const browser = await open({ config, routes: routesOf(slow) });
      const answer = await browser.begin('/stream', { method: 'POST', json: { user: 'ada' } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.getSetCookie().length, 1);
      assert.equal(answer.headers.get('cache-control'), 'private');
      // The stream is not over, and the next page knows of it.
      assert.deepEqual((await browser.get('/read')).json, { user: 'ada' });
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      const text = new TextDecoder();
      assert.equal(text.decode((await reader.read()).value), 'first ');
      slow.open();
      assert.equal(text.decode((await reader.read()).value), 'last');
      assert.equal((await reader.read()).done, true);
    },
    ['streams'],
  ),

  check(
    'what a stream changes in the session is too late, and told',
    async ({ open, config, slow, logger, seen }) => {
      const browser = await open({ config, routes: routesOf(slow) });
      const answer = await browser.begin('/stream', { method: 'POST', json: { user: 'ada', late: true } });
      slow.open();
      assert.equal(await answer.text(), 'first last');
      await seen(() => logger.records.some(({ facts }) => facts.event === 'session.late'));
      assert.deepEqual((await browser.get('/read')).json, { user: 'ada' });
    },
    ['streams'],
  ),
];
