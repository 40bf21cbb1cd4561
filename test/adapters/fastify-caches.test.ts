// What goes out to caches: nobody gets another visitor's page from one, whatever the app says of freshness, in which
// order plugins set it, and by which field a cache goes.
import { Readable } from 'node:stream';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { describe, expect, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';
import { sharedCache } from '../support/shared-cache.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

const hello = ({ session }: FastifyRequest) => `Hello ${String(session.user ?? 'stranger')}`;

async function make(page: Handler, backend: 'cookie' | 'memory' = 'cookie') {
  const logger = memoryLogger();
  const clock = testClock();
  const keyturn = await testKeyturn({ logger, clock, config: { session: { backend } } });
  const app = Fastify();
  await app.register(keyturnFastify, { keyturn });
  app.get('/in', async ({ session }) => {
    session.user = 'ada';
    return 'in';
  });
  app.get('/flash', async ({ flash }) => {
    flash('info', 'for ada');
    return 'left';
  });
  app.get('/page', async (request, reply) => await page(request, reply));
  const cookieOf = async (url: string) => {
    const answer = await app.inject(url);
    return String(answer.headers['set-cookie']).split(';')[0] as string;
  };
  const told = () => logger.records.filter(({ facts }) => facts.event === 'cache.public').map((r) => r.facts);
  return { app, clock, cookieOf, told };
}

describe.each(['cookie', 'memory'] as const)('sessions in the %s', (backend) => {
  const TARGETED = [
    'cdn-cache-control',
    'surrogate-control',
    'cloudflare-cdn-cache-control',
    'vercel-cdn-cache-control',
    'netlify-cdn-cache-control',
    'edge-control',
  ];

  test.each([undefined, ...TARGETED])('a stranger never gets the page of a visitor: %s', async (goesBy) => {
    const say: Handler = (request, reply) => {
      reply.header('cache-control', 'max-age=60');
      if (goesBy !== undefined) reply.header(goesBy, 'max-age=60');
      return hello(request);
    };
    const { app, cookieOf } = await make(say, backend);
    const ada = await cookieOf('/in');
    for (const ignoresVary of [false, true]) {
      for (const order of ['ada first', 'stranger first']) {
        const get = sharedCache(app, { ignoresVary, ...(goesBy === undefined ? {} : { goesBy }) });
        if (order === 'ada first') expect(await get('/page', ada)).toBe('Hello ada');
        expect(await get('/page')).toBe('Hello stranger');
        expect(await get('/page')).toBe('Hello stranger');
        if (!ignoresVary) expect(await get('/page', ada)).toBe('Hello ada');
      }
    }
    await app.close();
  });

  const WAYS: ReadonlyArray<readonly [how: string, page: Handler]> = [
    ['an error', (request) => Promise.reject(new Error(hello(request)))],
    ['a redirect', (request, reply) => reply.redirect(`/${hello(request).slice(6)}`)],
    ['not modified', (request, reply) => reply.code(304).send(hello(request) && undefined)],
    ['nothing', (request, reply) => reply.code(204).send(hello(request) && undefined)],
    ['a stream', (request, reply) => reply.send(Readable.from([hello(request)]))],
    ['a Response', (request) => new Response(hello(request), { headers: { 'cache-control': 'max-age=60' } })],
  ];

  test.each(WAYS)('whatever goes out is private and varies: %s', async (_how, page) => {
    const { app, cookieOf } = await make((request, reply) => {
      reply.header('vary', 'accept').header('cache-control', 'max-age=60');
      return page(request, reply);
    }, backend);
    const cookie = await cookieOf('/in');
    for (const method of ['GET', 'HEAD'] as const) {
      const { headers } = await app.inject({ method, url: '/page', headers: { cookie } });
      expect([headers.vary, headers['cache-control']]).toEqual(['accept, Cookie', 'private, max-age=60']);
      const stranger = (await app.inject({ method, url: '/page' })).headers;
      expect([stranger.vary, stranger['cache-control']]).toEqual(['accept, Cookie', 'max-age=60']);
    }
    await app.close();
  });
});

test('what hooks and the raw response set counts, in whichever order they came', async () => {
  const logger = memoryLogger();
  const app = Fastify();
  app.addHook('onSend', async (_request, reply) => void reply.header('vary', 'x-before'));
  await app.register(keyturnFastify, { keyturn: await testKeyturn({ logger }) });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', ['max-age=60', 's-maxage=60']).header('vary', ['accept', 'x-after']);
  });
  app.get('/in', async ({ session }) => {
    session.user = 'ada';
    return 'in';
  });
  app.get('/page', async (request, reply) => {
    reply.raw.setHeader('surrogate-control', 'max-age=60');
    return hello(request);
  });
  const cookie = String((await app.inject('/in')).headers['set-cookie']).split(';')[0] as string;
  const { headers } = await app.inject({ url: '/page', headers: { cookie } });
  expect(headers).toMatchObject({
    vary: 'accept, x-after, Cookie',
    'cache-control': 'private, max-age=60',
    'surrogate-control': 'private, no-store',
  });
  await app.close();
});

test('a page that nobody looked at the session for stays as the app has made it', async () => {
  for (const backend of ['cookie', 'memory'] as const) {
    const { app, cookieOf } = await make(async (_request, reply) => {
      reply.header('cache-control', 'max-age=60');
      return 'the same for all';
    }, backend);
    const cookie = await cookieOf('/in');
    const { headers } = await app.inject({ url: '/page', headers: { cookie } });
    expect([headers.vary, headers['cache-control']]).toEqual([undefined, 'max-age=60']);
    await app.close();
  }
});

test('flash messages make a page private where there are any, and let it vary where there are none', async () => {
  const { app, cookieOf } = await make(({ flash }) => String(flash('nothing')));
  const cookie = await cookieOf('/flash');
  const waiting = await app.inject({ url: '/page', headers: { cookie } });
  expect(waiting.headers).toMatchObject({ vary: 'Cookie', 'cache-control': 'private' });
  const none = await app.inject('/page');
  expect([none.headers.vary, none.headers['cache-control']]).toEqual(['Cookie', undefined]);
  await app.close();
});

test('a CSRF check is a look at cookies', async () => {
  const { app, cookieOf } = await make(() => 'page');
  app.post('/', async (_request, reply) => reply.header('cache-control', 'max-age=60').send('posted'));
  const cookie = await cookieOf('/in');
  const refused = await app.inject({ method: 'POST', url: '/', headers: { cookie } });
  expect(refused.headers).toMatchObject({ vary: 'Cookie', 'cache-control': 'private' });
  await app.close();
});

test('"public" stays where the app has said it, and is told of once for each route', async () => {
  const { app, cookieOf, told, clock } = await make(async (request, reply) => {
    reply.header('cache-control', 'public, max-age=60');
    return hello(request);
  });
  app.get('/form', async (_request, reply) =>
    reply.header('cache-control', 'public').send(reply.csrfToken()),
  );
  const cookie = await cookieOf('/in');
  // Due to be extended by now, which waits: no cookie on a public page.
  clock.advance(86_400);
  for (let round = 0; round < 3; round++) {
    const { headers } = await app.inject({ url: '/page', headers: { cookie } });
    expect(headers).toMatchObject({ vary: 'Cookie', 'cache-control': 'public, max-age=60' });
    expect(headers['set-cookie']).toBeUndefined();
  }
  expect(told()).toEqual([{ event: 'cache.public', route: '/page' }]);
  await app.inject('/page');
  expect((await app.inject({ url: '/form', headers: { cookie } })).headers['cache-control']).toBe('public');
  expect(told()).toHaveLength(2);
  // The form of a stranger sets a cookie.
  expect((await app.inject('/form')).headers['cache-control']).toBe('private');
  await app.close();
});

test('a session is not extended on a response that a CDN is to keep', async () => {
  const { app, cookieOf, clock } = await make((_request, reply) => {
    reply.header('cdn-cache-control', 'max-age=600');
    return 'news';
  });
  const cookie = await cookieOf('/in');
  clock.advance(86_400);
  const { headers } = await app.inject({ url: '/page', headers: { cookie } });
  expect([headers['set-cookie'], headers['cdn-cache-control']]).toEqual([undefined, 'max-age=600']);
  await app.close();
});
