// Who gets at a blob at all, and the store inside a Fastify app.
import { readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import keyturnFastify, { blobRoutes } from '../../src/adapters/fastify/index.js';
import { until } from '../support/waiting.js';
import { newServer, newStore, send } from './support.js';

describe('without a good signature', () => {
  test('every name gets one and the same answer, and the disk is not looked at', async () => {
    const { ask, store, folder, clock } = await newServer();
    await store.put('there', Buffer.from('1'));
    const there = store.signedUrl('there');
    const query = there.slice(there.indexOf('?'));
    const old = store.signedUrl('there', { maxAge: 1 });
    clock.advance(1);
    const upload = store.signedUrl('other', { method: 'PUT' });
    const answers: unknown[] = [];
    const look = async () => {
      for (const method of ['GET', 'HEAD', 'PUT', 'POST']) {
        for (const path of [
          '/blobs/there',
          '/blobs/missing',
          '/blobs/..%2f..%2fetc',
          '/blobs/',
          `/blobs/missing${query}`,
          `/blobs/there${query}&x=1`,
          `/blobs/there${query.slice(0, -1)}`,
          `/blobs/there?download=%FF&bound=1&sig=x`,
          old,
          upload.replace('other', 'there'),
        ]) {
          if (method === 'PUT' && path === upload) continue;
          const { status, headers, body } = await ask(path, { method });
          const { date: _, ...rest } = headers;
          if (method === 'HEAD') rest['content-length'] = '10';
          answers.push({ status, rest, body: method === 'HEAD' ? 'Forbidden\n' : body.toString() });
        }
      }
    };
    await look();
    rmSync(folder, { recursive: true });
    await look();
    expect(answers).toHaveLength(80);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 403, body: 'Forbidden\n' });
    expect((await ask(there)).status).toBe(404);
  });

  test('behind a good one a name that is not there is 404', async () => {
    const { store, keyturn, ask } = await newServer();
    expect((await ask(store.signedUrl('a'))).status).toBe(404);
    const links = keyturn.links();
    for (const path of ['/blobs/a%2Fb', '/blobs/', '/blobs//a', '/blobs/nul', '/blobs/%EF%BF%BF'])
      expect((await store.handle({ method: 'GET', url: links.sign(path), headers: {} })).status).toBe(404);
  });

  test('what a router would read as more than the link says is refused', async () => {
    const { store } = await newStore();
    await store.put('a', Buffer.from('1'));
    const upload = store.signedUrl('a', { method: 'PUT' });
    for (const added of ['#', '#&overwrite=1', '&overwrite=1', ';overwrite=1', '\t', ' ', '\\', '\u00a0'])
      for (const [method, url] of [
        ['GET', store.signedUrl('a')],
        ['PUT', upload],
      ] as const)
        expect(await store.handle({ method, url: url + added, headers: {} })).toMatchObject({ status: 403 });
  });

  test('a method that there is not is 405, for those who ask the core', async () => {
    const { store } = await newStore();
    for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'get', ''])
      expect(await store.handle({ method, url: store.signedUrl('a'), headers: {} })).toMatchObject({
        status: 405,
        headers: { allow: 'GET, HEAD, PUT, POST' },
      });
  });
});

describe('a bound link', () => {
  test('works for whom it is bound to, and is not cached without asking', async () => {
    let user: string | undefined = 'ada';
    const { ask, store } = await newServer({}, () => user);
    await store.put('a', Buffer.from('1'));
    const bound = store.signedUrl('a', { bind: 'ada' });
    const free = store.signedUrl('a');
    const answer = await ask(bound);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('private, no-cache');
    for (user of ['bob', undefined]) {
      expect((await ask(bound)).status).toBe(403);
      expect((await ask(bound.replace('bound=1&', ''))).status).toBe(403);
      expect((await ask(free)).status).toBe(200);
    }
    const unaware = await newServer();
    expect((await unaware.ask(bound)).status).toBe(403);
  });
});

describe('in a Fastify app', () => {
  test('beside sessions, parsers and limits of the app; no CSRF token is asked for', async () => {
    const { keyturn, store } = await newStore();
    const app = Fastify({ bodyLimit: 10 });
    onTestFinished(() => app.close());
    await app.register(keyturnFastify, { keyturn });
    await app.register(blobRoutes, {
      store,
      bind: (request) => request.session.get('user') as string | undefined,
    });
    app.post('/json', { config: { csrf: false } }, async (request) => request.body);
    app.get('/in', async (request) => {
      request.session.set('user', 'ada');
      return 'ok';
    });
    const put = (url: string, payload: string, type: string) =>
      app.inject({ method: 'PUT', url, payload, headers: { 'content-type': type } });
    const json = JSON.stringify({ longer: 'than the body limit' });
    const answer = await put(store.signedUrl('a.json', { method: 'PUT' }), json, 'application/json');
    expect(answer.statusCode).toBe(201);
    expect((await app.inject(store.signedUrl('a.json'))).body).toBe(json);
    expect((await app.inject({ method: 'POST', url: '/json', payload: { a: 1 } })).json()).toEqual({ a: 1 });
    const cookie = String((await app.inject('/in')).headers['set-cookie']).split(';')[0] as string;
    const url = store.signedUrl('a.json', { bind: 'ada' });
    expect((await app.inject({ url, headers: { cookie } })).statusCode).toBe(200);
    expect((await app.inject({ url })).statusCode).toBe(403);
  });

  test('below a prefix, which must be the one of the store', async () => {
    const { store } = await newStore({ prefix: '/api/blobs' });
    await store.put('a', Buffer.from('1'));
    const app = Fastify();
    onTestFinished(() => app.close());
    await app.register(async (api) => void (await api.register(blobRoutes, { store })), { prefix: '/api' });
    expect((await app.inject(store.signedUrl('a'))).statusCode).toBe(200);
    const wrong = Fastify();
    await expect(wrong.register(blobRoutes, { store, prefix: '/other' })).rejects.toThrow(
      'is not below /other',
    );
  });

  test('a download that is given up closes its file', async () => {
    const { store, app, folder } = await newServer();
    await store.put('a', Buffer.alloc(5_000_000));
    const open = () => openBlobs(folder);
    if (process.platform !== 'linux') return;
    const { port } = app.server.address() as AddressInfo;
    const sockets = [1, 2, 3].map(() => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`GET ${store.signedUrl('a')} HTTP/1.1\r\nhost: x\r\n\r\n`);
      return socket;
    });
    await until(() => open() === 3);
    for (const socket of sockets) socket.destroy();
    await until(() => open() === 0);
    for (const headers of [{ range: 'bytes=9999999-' }, { 'if-none-match': '*' }, { 'if-match': '"x"' }])
      await app.inject({ url: store.signedUrl('a'), headers });
    await app.inject({ method: 'HEAD', url: store.signedUrl('a') });
    expect(open()).toBe(0);
  });

  // What ends a reply before its body does: [how, what the app does about it].
  const ENDS: ReadonlyArray<readonly [string, (app: FastifyInstance) => void]> = [
    ['a hook that fails', (app) => app.addHook('onSend', async () => Promise.reject(new Error('late')))],
    ['a hook that throws', (app) => app.addHook('onSend', () => throwing())],
    ['a hook that sends something else', (app) => app.addHook('onSend', async () => 'else')],
    [
      'a hook that takes the reply over',
      (app) =>
        app.addHook('onSend', async (_request, reply) => {
          reply.hijack();
          reply.raw.end('mine');
        }),
    ],
    [
      'a client that is gone before the answer is there',
      (app) => app.addHook('onSend', async (request) => void request.raw.destroy()),
    ],
  ];

  test.skipIf(process.platform !== 'linux').each(ENDS)('%s closes the body', async (_how, prepare) => {
    const { store, folder } = await newStore();
    await store.put('a', Buffer.alloc(500_000));
    const app = Fastify();
    onTestFinished(() => app.close());
    prepare(app);
    await app.register(blobRoutes, { store });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    for (let time = 0; time < 5; time++)
      await send({ host: '127.0.0.1', port, path: store.signedUrl('a') }, {}).catch(() => undefined);
    await until(() => openBlobs(folder) === 0);
  });
});

function throwing(): never {
  throw new Error('at once');
}

/** How many files of a store this process has open. */
function openBlobs(folder: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(realpathSync(folder));
    } catch {
      return false;
    }
  }).length;
}
