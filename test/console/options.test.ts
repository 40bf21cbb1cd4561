// How the console is asked for: what it refuses to be, and where it protects its forms by itself.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import keyturnExpress from '../../src/adapters/express/index.js';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import {
  expressConsole,
  fastifyConsole,
  honoConsole,
  koaConsole,
  nodeConsole,
  webConsole,
} from '../../src/console/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { Browser } from '../support/browser.js';
import { memoryLogger, testKeyturn } from '../support/keyturn.js';

const refusal = (hint: RegExp, message = /guard/) =>
  expect.objectContaining({
    code: 'argument_invalid',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
const thrown = (make: () => unknown) => {
  try {
    return make();
  } catch (error) {
    return error;
  }
};

describe('without a guard there is no console', () => {
  const http = { keyturn: {} as Keyturn };
  const kt = { ready: async () => ({}) as Keyturn, handle: async () => new Response() };
  test.each([
    ['expressConsole', () => expressConsole({} as never)],
    ['expressConsole', () => expressConsole(undefined as never)],
    ['koaConsole', () => koaConsole({ steps: true } as never)],
    ['honoConsole', () => honoConsole({} as never)],
    ['webConsole', () => webConsole(kt, {} as never)],
    ['nodeConsole', () => nodeConsole(http, {} as never)],
  ])('%s', (name, make) => {
    expect(thrown(make)).toEqual(refusal(new RegExp(`^write ${name}\\(.*\\{ guard: \\(`)));
  });

  test('fastifyConsole', async () => {
    const app = Fastify();
    await app.register(keyturnFastify, { keyturn: await testKeyturn() });
    const registered = app.register(fastifyConsole, {} as never).then(() => undefined);
    await expect(registered).rejects.toEqual(refusal(/^write register\(fastifyConsole, \{ guard: /));
  });
});

test('options that it does not know, and values that are none, are refused', () => {
  const guard = () => undefined;
  expect(thrown(() => expressConsole({ guard, base: '/keys' } as never))).toMatchObject({
    code: 'argument_invalid',
  });
  expect(thrown(() => koaConsole({ guard, step: true } as never))).toMatchObject({
    code: 'argument_invalid',
  });
  expect(thrown(() => koaConsole({ guard: true } as never))).toMatchObject({ code: 'argument_invalid' });
  expect(thrown(() => koaConsole({ guard, steps: 'yes' } as never))).toMatchObject({
    code: 'argument_invalid',
  });
  for (const base of ['keyturn', '/key turn', '//evil.example', '/a/../b?', 7])
    expect([base, thrown(() => koaConsole({ guard, base } as never))]).toMatchObject([
      base,
      { code: 'argument_invalid' },
    ]);
});

test('before keyturn() it says what to write', async () => {
  const app = express();
  app.use('/keyturn', expressConsole({ guard: () => ({ who: 'ada' }) }));
  app.use(((error, _req, res, _next) =>
    res.status(500).json({ hint: error.hint })) as express.ErrorRequestHandler);
  const { json } = await new Browser(await listen(app)).get('/keyturn/');
  expect(json.hint).toContain('app.use(keyturn()) before');
  const fastify = Fastify();
  const registered = fastify.register(fastifyConsole, { guard: () => undefined }).then(() => undefined);
  await expect(registered).rejects.toEqual(refusal(/app\.register\(keyturn\) first/, /before keyturn/));
});

async function listen(app: ReturnType<typeof express>): Promise<string> {
  const server = createServer(app);
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  onTestFinished(() => void server.close());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

const ADA = { who: 'ada', mayAct: true };
/** A step that is not there now: nobody gets so far without a token. */
const GONE = { status: 409 };

async function send(browser: Browser, more: Record<string, string> = {}) {
  const page = await browser.get('/keyturn/steps/stage');
  expect(page.status).toBe(409);
  return await browser.ask('/keyturn/steps/stage', { method: 'POST', form: more });
}

describe('where the app leaves forms to its routes, the console checks its own', () => {
  test.each([
    ['nobody parses forms', false],
    ['somebody does', true],
  ])('on Express with csrf: "manual", and %s', async (_, parsed) => {
    const app = express();
    if (parsed) app.use(express.urlencoded({ extended: false }));
    app.use(keyturnExpress({ keyturn: await testKeyturn(), csrf: 'manual' }));
    app.get('/token', (req, res) => void res.send(req.csrfToken()));
    app.use('/keyturn', expressConsole({ steps: true, guard: () => ADA }));
    const browser = new Browser(await listen(app));
    const { text: _csrf } = await browser.get('/token');
    expect(await send(browser)).toMatchObject({ status: 403 });
    expect(await send(browser, { _csrf: 'kt1.nonsense' })).toMatchObject({ status: 403 });
    expect(await send(browser, { _csrf })).toMatchObject(GONE);
  });

  test('on Fastify, with nothing that parses forms', async () => {
    const app = Fastify();
    await app.register(keyturnFastify, { keyturn: await testKeyturn() });
    app.get('/token', (_request, reply) => reply.send(reply.csrfToken()));
    await app.register(fastifyConsole, { steps: true, guard: () => ADA, prefix: '/keyturn' });
    const browser = new Browser(await app.listen({ port: 0, host: 'localhost' }));
    onTestFinished(() => app.close());
    const { text: _csrf } = await browser.get('/token');
    expect(await send(browser)).toMatchObject({ status: 403 });
    expect(await send(browser, { _csrf })).toMatchObject(GONE);
  });
});

test('on Express a form that nobody has parsed is refused by keyturn(), and the log names the cure', async () => {
  const logger = memoryLogger();
  const app = express();
  app.use(keyturnExpress({ keyturn: await testKeyturn({ logger }) }));
  app.use('/keyturn', expressConsole({ steps: true, guard: () => ADA }));
  app.use(((error, _req, res, _next) => res.sendStatus(error.statusCode)) as express.ErrorRequestHandler);
  const browser = new Browser(await listen(app));
  expect(await send(browser, { _csrf: 'x' })).toMatchObject({ status: 403 });
  expect(JSON.stringify(logger.records)).toContain(
    'express.urlencoded({ extended: false })) before app.use(keyturn())',
  );
});

describe('wherever it is mounted, links lead on, also behind a proxy that cuts the path short', () => {
  /** Every link of every page, as a browser finds it below an address that the app never sees. */
  async function crawl(url: string, inside: string, outside: string): Promise<number> {
    const browser = new Browser(url);
    const seen = new Set<string>();
    const left = [`${outside}/`];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const { status, text, headers } = await browser.get(path.replace(outside, inside));
      expect([path, status]).toEqual([path, 200]);
      if (!headers.get('content-type')?.startsWith('text/html')) continue;
      for (const [, link = ''] of text.matchAll(/(?:href|src)="([^"#]+)"/g)) {
        const found = new URL(link.replaceAll('&amp;', '&'), `http://proxy${path}`);
        expect([path, link, found.pathname.startsWith(`${outside}/`)]).toEqual([path, link, true]);
        left.push(found.pathname + found.search);
      }
    }
    return seen.size;
  }
  const guard = () => ADA;

  test('in a router of Express', async () => {
    const app = express();
    app.use(keyturnExpress({ keyturn: await testKeyturn() }));
    app.use('/admin/:tenant', express.Router().use('/keys', expressConsole({ guard })));
    const url = await listen(app);
    expect(await crawl(url, '/admin/7/keys', '/keyturn')).toBeGreaterThan(7);
    expect((await new Browser(url).get('/admin/7/keys')).headers.get('location')).toBe('./keys/');
  });

  test('below a prefix of Fastify', async () => {
    const app = Fastify();
    await app.register(keyturnFastify, { keyturn: await testKeyturn() });
    await app.register(async (admin) => void (await admin.register(fastifyConsole, { guard })), {
      prefix: '/admin/:tenant',
    });
    const url = await app.listen({ port: 0, host: 'localhost' });
    onTestFinished(() => app.close());
    expect(await crawl(url, '/admin/7/keyturn', '/outside/keys')).toBeGreaterThan(7);
    expect((await new Browser(url).get('/admin/7/keyturn')).headers.get('location')).toBe('./keyturn/');
  });

  test('at the root', async () => {
    const app = express();
    app.use(keyturnExpress({ keyturn: await testKeyturn() }));
    app.use(expressConsole({ guard }));
    expect(await crawl(await listen(app), '', '/keyturn')).toBeGreaterThan(7);
  });
});
