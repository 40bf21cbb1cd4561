import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { beforeCookiesGo, mayAddCookie } from '../../src/bridges/node-response.js';
import { Passages } from '../../src/bridges/passage.js';
import { passFetch } from '../../src/bridges/signed-cookies/fetch.js';
import type { Upgrader } from '../../src/bridges/upgrader.js';

type Answer = (response: ServerResponse) => void;

/** What a browser gets of one answer. */
async function got(listener: RequestListener): Promise<Response> {
  const server = createServer(listener).listen(0);
  try {
    return await fetch(`http://localhost:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const marked = (cookies: readonly string[]) => cookies.map((line) => `${line}-signed`);

describe('the cookies of a response', () => {
  test.each<[string, Answer, readonly string[]]>([
    ['an object', (to) => to.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }), ['a=1', 'b=2']],
    [
      'names in two spellings',
      (to) => to.writeHead(200, { 'Set-Cookie': 'a=1', 'set-cookie': 'b=2' }),
      ['a=1', 'b=2'],
    ],
    [
      'names and values in turn',
      (to) => to.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']),
      ['a=1', 'b=2'],
    ],
    [
      'several values in turn',
      (to) => to.writeHead(200, ['Set-Cookie', ['a=1', 'b=2'], 'X', '1']),
      ['a=1', 'b=2'],
    ],
    [
      'pairs',
      (to) =>
        to.writeHead(200, [
          ['Set-Cookie', 'a=1'],
          ['X', '1'],
        ] as never),
      ['a=1'],
    ],
    [
      'what was set before',
      (to) => to.setHeader('Set-Cookie', 'c=3').writeHead(200, { 'Set-Cookie': 'a=1' }),
      ['a=1'],
    ],
  ])('are found in %s', async (_how, answer, cookies) => {
    const { headers } = await got((_request, response) => {
      beforeCookiesGo(response, marked);
      answer(response);
      response.end();
    });
    expect(headers.getSetCookie()).toEqual(marked(cookies));
  });

  test('are changed of the answer that goes out, too, where one before could not', async () => {
    const { headers } = await got((_request, response) => {
      beforeCookiesGo(response, marked);
      expect(() => response.writeHead(9999)).toThrow(RangeError);
      response.writeHead(500, { 'set-cookie': 'a=1' }).end();
    });
    expect(headers.getSetCookie()).toEqual(['a=1-signed']);
  });
});

const add = (request: IncomingMessage, response: ServerResponse) =>
  beforeCookiesGo(response, (before) => (mayAddCookie(request, response) ? [...before, 'sid=1'] : before));

/** Fields of a response that had no cookie, what it gets, and what caches are told then. */
const CACHED: [Record<string, string>, readonly string[], string | null][] = [
  [{}, ['sid=1'], 'private'],
  // Caches that serve many keep these, cookie and all.
  [{ 'cache-control': 'max-age=60' }, ['sid=1'], 'private, max-age=60'],
  [{ 'cache-control': 'no-cache' }, ['sid=1'], 'private, no-cache'],
  [{ 'cache-control': 'private="x-user"' }, ['sid=1'], 'private, private="x-user"'],
  [{ 'cache-control': 'max-age=60, private' }, ['sid=1'], 'max-age=60, private'],
  [{ 'cache-control': 'no-store' }, ['sid=1'], 'no-store'],
  [{ 'cache-control': 'public, max-age=60' }, [], 'public, max-age=60'],
  [{ 'cache-control': 'private', 'cdn-cache-control': 'max-age=60' }, [], 'private'],
  [{ 'surrogate-control': 'max-age=60' }, [], null],
  [{ 'x-accel-expires': '60' }, [], null],
  [{ 'x-accel-expires': '0' }, ['sid=1'], 'private'],
];

describe('a cookie that nobody asked for', () => {
  test.each(CACHED)('with %j', async (fields, cookies, cacheControl) => {
    const { headers } = await got((request, response) => {
      add(request, response);
      response.writeHead(200, fields).end();
    });
    expect([headers.getSetCookie(), headers.get('cache-control')]).toEqual([cookies, cacheControl]);
  });

  test.each(CACHED)('over Fetch with %j', (fields, cookies, cacheControl) => {
    // Signs one anew whenever it may.
    const seen = new Map([['sid', {}]]);
    const upgrader = {
      incoming: (header: string | undefined) => ({ header, seen }),
      outgoing: (sent: readonly string[]) => sent,
      again: () => '1',
    } as unknown as Upgrader;
    const { after } = passFetch(new Passages(upgrader, { sid: '' }, false), new Request('http://a.example'));
    const { headers } = after(new Response('', { headers: fields }));
    expect([headers.getSetCookie(), headers.get('cache-control')]).toEqual([cookies, cacheControl]);
  });
});
