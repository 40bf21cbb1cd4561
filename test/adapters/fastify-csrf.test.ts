// CSRF protection where it depends on Fastify: every method, and bodies of the plugins that read forms. What holds for
// all frameworks is in src/testing/http-contract.
import formbody from '@fastify/formbody';
import multipart, { type FastifyMultipartAttachFieldsToBodyOptions } from '@fastify/multipart';
import Fastify, { type FastifyInstance, type HTTPMethods } from 'fastify';
import { describe, expect, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryLogger, OTHER_SECRET, ringOf, SECRET, testKeyturn, useRing } from '../support/keyturn.js';

async function make(before: (app: FastifyInstance) => unknown = () => {}) {
  const logger = memoryLogger();
  const keyturn = await testKeyturn({ logger });
  const app = Fastify();
  await before(app);
  await app.register(keyturnFastify, { keyturn });
  app.get('/form', async (_request, reply) => reply.csrfToken());
  const reasons = () =>
    logger.records.filter(({ facts }) => facts.event === 'csrf.refused').map(({ facts }) => facts.reason);
  return { app, keyturn, reasons };
}

/** The token of a page, and the cookies of the browser that shows it. */
async function open(app: FastifyInstance) {
  const form = await app.inject('/form');
  const cookie = [form.headers['set-cookie']]
    .flat()
    .map((header) => header?.split(';')[0])
    .join('; ');
  return { token: form.body, cookie };
}

describe('methods', () => {
  const UNSAFE: readonly HTTPMethods[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

  test.each(UNSAFE)('%s needs a token', async (method) => {
    const { app } = await make();
    app.route({ method, url: '/', handler: async () => 'done' });
    const { token, cookie } = await open(app);
    const status = async (headers: Record<string, string>) =>
      (await app.inject({ method: method as 'POST', url: '/', headers: { cookie, ...headers } })).statusCode;
    expect(await status({})).toBe(403);
    expect(await status({ 'x-csrf-token': token })).toBe(200);
    expect(await status({ 'x-csrf-token': token, 'sec-fetch-site': 'cross-site' })).toBe(403);
    await app.close();
  });

  test('one that nobody knows needs a token as well', async () => {
    const { app } = await make((fastify) => fastify.addHttpMethod('MKCOL'));
    app.route({ method: 'MKCOL' as HTTPMethods, url: '/', handler: async () => 'done' });
    const { token, cookie } = await open(app);
    const status = async (headers: Record<string, string>) =>
      (await app.inject({ method: 'MKCOL' as 'POST', url: '/', headers: { cookie, ...headers } })).statusCode;
    expect(await status({})).toBe(403);
    expect(await status({ 'x-csrf-token': token })).toBe(200);
    await app.close();
  });

  test.each(['GET', 'HEAD', 'OPTIONS'] as const)('%s needs none, wherever it comes from', async (method) => {
    const { app } = await make();
    app.route({ method, url: '/', handler: async () => 'done' });
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await app.inject({ method, url: '/', headers })).statusCode).toBe(200);
    await app.close();
  });
});

describe('a multipart form', () => {
  type Part = readonly [name: string, value: string | File];

  async function post(app: FastifyInstance, cookie: string, parts: readonly Part[]) {
    const form = new FormData();
    for (const [name, value] of parts) form.append(name, value as File);
    const request = new Request('http://localhost/', { method: 'POST', body: form });
    return await app.inject({
      method: 'POST',
      url: '/',
      headers: { cookie, 'content-type': request.headers.get('content-type') as string },
      payload: Buffer.from(await request.arrayBuffer()),
    });
  }

  const file = new File(['picture'], 'a.png', { type: 'image/png' });

  /** What the plugin puts into the body. */
  const BODIES: ReadonlyArray<readonly [how: string, options: FastifyMultipartAttachFieldsToBodyOptions]> = [
    ['parts', { attachFieldsToBody: true }],
    ['values', { attachFieldsToBody: 'keyValues' }],
  ];

  describe.each(BODIES)('as %s', (how, options) => {
    const upload = async () => {
      const made = await make((app) => app.register(multipart, options));
      made.app.post('/', async ({ body }) => {
        const { note, picture } = body as Record<string, any>;
        const bytes: Buffer = how === 'parts' ? await picture.toBuffer() : picture;
        return { note: how === 'parts' ? note.value : note, picture: bytes.toString() };
      });
      return made;
    };

    test('with the token of its page gets through, whole, wherever in the form the token stands', async () => {
      const { app } = await upload();
      const { token, cookie } = await open(app);
      const fields: readonly Part[] = [
        ['note', 'ünicode'],
        ['picture', file],
      ];
      const csrf: Part = ['_csrf', token];
      for (const parts of [
        [csrf, ...fields],
        [...fields, csrf],
      ]) {
        const answer = await post(app, cookie, parts);
        expect([answer.statusCode, answer.json()]).toEqual([200, { note: 'ünicode', picture: 'picture' }]);
      }
      await app.close();
    });

    test('without it, with one of somebody else, twice or as a file is refused', async () => {
      const { app, reasons } = await upload();
      const { token, cookie } = await open(app);
      const stranger = await open(app);
      for (const parts of [
        [['picture', file]],
        [['_csrf', stranger.token]],
        [
          ['_csrf', token],
          ['_csrf', token],
        ],
        [['_csrf', new File([token], 'token.txt', { type: 'application/octet-stream' })]],
        [['_csrf', '']],
      ] as ReadonlyArray<readonly Part[]>)
        expect((await post(app, cookie, parts)).statusCode).toBe(403);
      expect(reasons()).toEqual(['no_token', 'token_refused', 'no_token', 'no_token', 'no_token']);
      await app.close();
    });

    test('open since before a rotation is accepted', async () => {
      const { app, keyturn } = await upload();
      const { token, cookie } = await open(app);
      useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
      const parts: readonly Part[] = [
        ['_csrf', token],
        ['note', 'n'],
        ['picture', file],
      ];
      expect((await post(app, cookie, parts)).statusCode).toBe(200);
      await app.close();
    });
  });

  test('with the plugin that reads it registered afterwards is refused, and nothing is let through', async () => {
    const { app, reasons } = await make();
    await app.register(multipart, { attachFieldsToBody: true });
    app.post('/', async () => 'done');
    const { token, cookie } = await open(app);
    expect((await post(app, cookie, [['_csrf', token]])).statusCode).toBe(403);
    expect(reasons()).toEqual(['no_token']);
    await app.close();
  });

  test('as a stream: the route checks the token that comes first, before it reads the file', async () => {
    const { app } = await make((fastify) => fastify.register(multipart));
    let read = 0;
    app.post('/', { config: { csrf: false } }, async (request) => {
      for await (const part of request.parts()) {
        if (part.type === 'field' && part.fieldname === '_csrf') request.checkCsrf(part.value);
        else if (part.type === 'file') {
          request.checkCsrf((part.fields._csrf as { readonly value?: unknown } | undefined)?.value);
          read += (await part.toBuffer()).length;
        }
      }
      return 'done';
    });
    const { token, cookie } = await open(app);
    const good: readonly Part[] = [
      ['_csrf', token],
      ['picture', file],
    ];
    expect((await post(app, cookie, good)).statusCode).toBe(200);
    expect(read).toBe(7);
    expect((await post(app, '', good)).statusCode).toBe(403);
    expect((await post(app, cookie, [['picture', file]])).statusCode).toBe(403);
    expect(read).toBe(7);
    await app.close();
  });

  test('by fetch, as a stream: the header is enough', async () => {
    const { app } = await make((fastify) => fastify.register(multipart));
    app.post('/', async (request) => (await request.file())?.filename);
    const { token, cookie } = await open(app);
    const form = new FormData();
    form.append('picture', file);
    const request = new Request('http://localhost/', { method: 'POST', body: form });
    const headers = { cookie, 'content-type': request.headers.get('content-type') as string };
    const payload = Buffer.from(await request.arrayBuffer());
    const ask = async (more: Record<string, string>) =>
      await app.inject({ method: 'POST', url: '/', headers: { ...headers, ...more }, payload });
    expect((await ask({})).statusCode).toBe(403);
    const answer = await ask({ 'x-csrf-token': token });
    expect([answer.statusCode, answer.body]).toEqual([200, 'a.png']);
    await app.close();
  });
});

test('a form and fetch with JSON, beside each other', async () => {
  const { app } = await make((fastify) => fastify.register(formbody));
  app.post('/', async () => 'done');
  const { token, cookie } = await open(app);
  const status = async (payload: string, type: string, more: Record<string, string> = {}) => {
    const headers = { cookie, 'content-type': type, ...more };
    return (await app.inject({ method: 'POST', url: '/', headers, payload })).statusCode;
  };
  expect(await status(`_csrf=${token}&a=b`, 'application/x-www-form-urlencoded')).toBe(200);
  expect(await status('a=b', 'application/x-www-form-urlencoded')).toBe(403);
  expect(await status('{"a":1}', 'application/json', { 'x-csrf-token': token })).toBe(200);
  // What a page of another site can send without being asked first.
  expect(await status('{"a":1}', 'text/plain')).toBe(403);
  // The header counts where there is one, so that a field cannot be smuggled past it.
  expect(await status(`_csrf=${token}`, 'application/x-www-form-urlencoded', { 'x-csrf-token': 'x' })).toBe(
    403,
  );
  await app.close();
});
