import { type AddressInfo, connect } from 'node:net';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, test, vi } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { type MemoryStore, memoryStore } from '../../src/sessions/stores/memory.js';
import { fastifyDriver } from '../contract/drivers/fastify.mjs';
import { registerHttpContract } from '../contract/http-contract.js';
import { STORE_ENGINES } from '../sessions/stores/engines.js';
import { memoryLogger, SECRET, testKeyturn } from '../support/keyturn.js';

registerHttpContract('fastify', fastifyDriver(Fastify, formbody, keyturnFastify), STORE_ENGINES);

/** An app with the plugin, and what was logged. */
async function make(options: { readonly later?: boolean } = {}) {
  const logger = memoryLogger();
  const keyturn = await testKeyturn({ logger });
  const app = Fastify();
  const memory = memoryStore();
  const store = {
    ...bound(memory),
    put: async (...parts: Parameters<typeof memory.put>) => memory.put(...parts),
  };
  await app.register(formbody);
  await app.register(keyturnFastify, options.later ? { keyturn, store } : { keyturn });
  return { app, logger };
}

function bound(store: MemoryStore) {
  return {
    get: store.get.bind(store),
    touch: store.touch.bind(store),
    destroy: store.destroy.bind(store),
    ended: store.ended.bind(store),
    listUser: store.listUser.bind(store),
  };
}

const cookiesOf = (answer: { readonly headers: Record<string, unknown> }): readonly string[] =>
  [answer.headers['set-cookie'] ?? []].flat() as string[];

/** The `Cookie` header that a browser would send after this answer. */
const carry = (answer: { readonly headers: Record<string, unknown> }): string =>
  cookiesOf(answer)
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

describe('fastify: errors', () => {
  for (const later of [false, true]) {
    const where = later ? 'a store' : 'the cookie';

    test(`sessions in ${where}: what cannot be saved comes to the error handler, once, which may answer with a form`, async () => {
      const { app } = await make({ later });
      const handled: unknown[] = [];
      app.setErrorHandler((error: { code?: string }, request, reply) => {
        handled.push(error.code);
        request.flash('error', 'not saved');
        return reply.code(500).send(reply.csrfToken());
      });
      app.get('/bad', async (request) => {
        request.session.number = 1n;
        return 'ok';
      });
      app.get('/flash', async (request) => request.flash());
      app.post('/form', async () => 'accepted');
      const answer = await app.inject('/bad');
      expect(handled).toEqual(['session_invalid']);
      expect(answer.statusCode).toBe(500);
      expect(answer.headers['cache-control']).toBe('private');
      expect(cookiesOf(answer).map((cookie) => cookie.split('=')[0])).toEqual([
        'keyturn.csrf',
        'keyturn.flash',
      ]);
      const cookie = carry(answer);
      const headers = { cookie, 'x-csrf-token': answer.body };
      expect((await app.inject({ method: 'POST', url: '/form', headers })).body).toBe('accepted');
      expect((await app.inject({ url: '/flash', headers: { cookie } })).json()).toEqual({
        error: ['not saved'],
      });
      await app.close();
    });

    test(`sessions in ${where}: a payload that Fastify refuses is an error, and not the end of the process`, async () => {
      const { app } = await make({ later });
      app.get('/number', (request, reply) => {
        request.session.user = 'ada';
        reply.type('text/plain').send(123);
      });
      const answer = await app.inject('/number');
      expect(answer.statusCode).toBe(500);
      expect(answer.json().code).toBe('FST_ERR_REP_INVALID_PAYLOAD_TYPE');
      await app.close();
    });
  }

  test('with a session, the form of an error page is bound to the one that the browser keeps', async () => {
    const { app } = await make();
    app.setErrorHandler((_error, _request, reply) => reply.code(500).send(reply.csrfToken()));
    app.get('/in', async (request) => {
      request.session.user = 'ada';
      return 'ok';
    });
    app.get('/bad', async (request) => {
      request.session.regenerate({ keep: true });
      request.session.number = 1n;
      return 'ok';
    });
    app.post('/form', async () => 'accepted');
    const cookie = carry(await app.inject('/in'));
    const answer = await app.inject({ url: '/bad', headers: { cookie } });
    expect(cookiesOf(answer)).toEqual([]);
    const headers = { cookie, 'x-csrf-token': answer.body };
    expect((await app.inject({ method: 'POST', url: '/form', headers })).body).toBe('accepted');
    await app.close();
  });

  test('an error that comes after saving sends every cookie once', async () => {
    const { app } = await make();
    app.addHook('onSend', async (_request, reply) => {
      if (reply.statusCode === 200) throw new Error('too late');
    });
    app.get('/in', async (request) => {
      request.session.user = 'ada';
      request.flash('info', 'x');
      return 'ok';
    });
    const answer = await app.inject('/in');
    expect(answer.statusCode).toBe(500);
    expect(cookiesOf(answer).map((cookie) => cookie.split('=')[0])).toEqual(['keyturn.sid', 'keyturn.flash']);
    await app.close();
  });

  test('in a plugin of its own, the app has what the plugin gives', async () => {
    const keyturn = await testKeyturn();
    const app = Fastify();
    app.register(keyturnFastify, { keyturn });
    app.register(async (child) => {
      child.get('/in', async (request) => ({ isNew: request.session.isNew, profile: child.keyturn.profile }));
      child.post('/', async () => 'ok');
    });
    expect((await app.inject('/in')).json()).toEqual({ isNew: true, profile: 'test' });
    expect((await app.inject({ method: 'POST', url: '/' })).statusCode).toBe(403);
    await app.close();
  });

  test('closing the app leaves a Keyturn that was handed in open', async () => {
    const keyturn = await testKeyturn();
    const close = vi.spyOn(keyturn, 'close');
    const app = Fastify();
    await app.register(keyturnFastify, { keyturn });
    await app.close();
    expect(close).not.toHaveBeenCalled();
  });

  test('behind a proxy that is trusted, a page by http sends nothing to one by https', async () => {
    const keyturn = await testKeyturn();
    const app = Fastify({ trustProxy: true });
    await app.register(keyturnFastify, { keyturn });
    app.get('/form', async (_request, reply) => reply.csrfToken());
    app.post('/', async () => 'ok');
    const form = await app.inject('/form');
    const post = async (headers: Record<string, string>) => {
      const always = { cookie: carry(form), 'x-csrf-token': form.body, host: 'internal:3000' };
      return (await app.inject({ method: 'POST', url: '/', headers: { ...always, ...headers } })).statusCode;
    };
    const proxied = { 'x-forwarded-host': 'a.example', 'x-forwarded-proto': 'https' };
    expect(await post({ ...proxied, origin: 'https://a.example' })).toBe(200);
    expect(await post({ ...proxied, origin: 'http://a.example' })).toBe(403);
    expect(await post({ ...proxied, origin: 'https://internal:3000' })).toBe(403);
    await app.close();
  });

  test("a part of @fastify/multipart's body is a field like any other", async () => {
    const { app } = await make();
    app.get('/form', async (_request, reply) => reply.csrfToken());
    app.post('/', async () => 'ok');
    const form = await app.inject('/form');
    const post = async (payload: object) =>
      (await app.inject({ method: 'POST', url: '/', headers: { cookie: carry(form) }, payload })).statusCode;
    expect(await post({ _csrf: { type: 'field', value: form.body } })).toBe(200);
    expect(await post({ _csrf: { type: 'field', value: [form.body] } })).toBe(403);
    await app.close();
  });

  test('a change that comes after the answer is told of', async () => {
    const { app, logger } = await make();
    app.get('/out', ({ session }, reply) => {
      reply.send('bye');
      session.destroy();
    });
    app.get('/flash', (request, reply) => {
      request.flash('info', 'first');
      reply.send('ok');
      request.flash('info', 'late');
    });
    app.get('/fine', (request, reply) => {
      request.session.set('a', 1);
      request.flash('info', 'x');
      reply.send('ok');
    });
    const late = () => logger.records.filter(({ facts }) => facts.event === 'session.late').length;
    await app.inject('/fine');
    expect(late()).toBe(0);
    await app.inject('/out');
    expect(late()).toBe(1);
    await app.inject('/flash');
    expect(late()).toBe(2);
    await app.close();
  });

  test('an origin that is none is refused at start, one of an app in a shell is not', async () => {
    const start = async (origins: readonly string[]) => {
      const keyturn = await testKeyturn({ config: { csrf: { origins } } });
      const app = Fastify();
      await app.register(keyturnFastify, { keyturn });
      app.post('/', async () => 'ok');
      return app;
    };
    for (const none of [
      'partner.example',
      'https://',
      'https://a.example/path',
      '*',
      'null',
      'https://u@a.example',
    ])
      await expect(start([none])).rejects.toMatchObject({ code: 'config_invalid' });
    const listed = ['https://partner.example', 'capacitor://localhost', 'http://a.example:8080'];
    const app = await start(['HTTPS://Partner.Example:443/', ...listed.slice(1)]);
    app.get('/form', async (_request, reply) => reply.csrfToken());
    const form = await app.inject('/form');
    const accepts = async (origin: string) => {
      const headers = { origin, cookie: carry(form), 'x-csrf-token': form.body };
      return (await app.inject({ method: 'POST', url: '/', headers })).statusCode === 200;
    };
    for (const origin of listed) expect([origin, await accepts(origin)]).toEqual([origin, true]);
    for (const origin of ['http://partner.example', 'capacitor://other', 'http://a.example'])
      expect([origin, await accepts(origin)]).toEqual([origin, false]);
    await app.close();
  });
});

describe('fastify: logs', () => {
  const posted = async (app: FastifyInstance) => {
    app.post('/', async () => 'ok');
    expect((await app.inject({ method: 'POST', url: '/' })).statusCode).toBe(403);
    await app.close();
  };
  const env = { KEYTURN_SECURITY__SIGNING_SECRET: SECRET, KEYTURN_ENV: 'dev' };

  test("go to the app's logger", async () => {
    const lines: string[] = [];
    const app = Fastify({ logger: { stream: { write: (line) => void lines.push(line) } } });
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    await app.register(keyturnFastify);
    vi.unstubAllEnvs();
    await posted(app);
    expect(lines.join('')).toContain('"event":"csrf.refused"');
  });

  test('go to standard error where that is switched off: nobody would learn why a form is refused', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const app = Fastify();
    await app.register(keyturnFastify);
    vi.unstubAllEnvs();
    await posted(app);
    const text = written.mock.calls.map(([line]) => String(line)).join('');
    written.mockRestore();
    expect(text).toContain('keyturn: warn: a request came without a CSRF token');
  });

  test('show of a header what cannot pass for anything else, and not too much of it', async () => {
    const { app, logger } = await make();
    app.post('/', async () => 'ok');
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    await new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        const origin = `\u009b31m reason=ok) ${'x'.repeat(4000)}`;
        const head = `POST / HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
        socket.end(Buffer.from(head, 'latin1'));
      });
      socket.resume().on('close', () => done());
    });
    const [refused] = logger.records.filter(({ facts }) => facts.event === 'csrf.refused');
    expect(refused?.facts.origin).toBe(`?31m?reason=ok)?${'x'.repeat(4000)}`.slice(0, 200));
    await app.close();
  });
});
