// What Fastify serves without a session: routes that say so, and its own 404.
import Fastify, { type FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { wrapStore } from '../../src/sessions/stores/wrap.js';
import { testClock, testKeyturn } from '../support/keyturn.js';

/** An app, the cookie of somebody who is signed in there, and how often its store is read. */
async function make(build: (app: FastifyInstance) => void) {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock });
  const inner = memoryStore({ clock: clock.read });
  let reads = 0;
  const store = wrapStore(inner, {
    get: async (id) => {
      reads += 1;
      return inner.get(id);
    },
  });
  const app = Fastify();
  onTestFinished(async () => {
    await app.close();
    await keyturn.close();
  });
  await app.register(keyturnFastify, { keyturn, store });
  app.get('/in', async ({ session }) => {
    session.user = 'ada';
    return 'in';
  });
  build(app);
  const [cookie = ''] = String((await app.inject('/in')).headers['set-cookie']).split(';');
  reads = 0;
  const get = async (url: string) => {
    const { statusCode, body } = await app.inject({ url, headers: { cookie } });
    return [statusCode, body, reads];
  };
  return { app, keyturn, cookie, get, reads: () => reads };
}

test('a route with "session: false" reads no store, and its forms do', async () => {
  const { app, cookie, get, reads } = await make((app) => {
    const config = { session: false };
    app.get('/file', { config }, async () => 'file');
    app.get('/looks', { config }, async ({ session }) => session.user);
    app.post('/form', { config }, async ({ session }) => session.user);
    app.post('/hook', { config: { session: false, csrf: false } }, async () => 'hook');
  });
  expect(await get('/file')).toEqual([200, 'file', 0]);
  expect(await get('/looks')).toMatchObject([500, expect.stringContaining('served without one'), 0]);
  expect((await app.inject({ method: 'POST', url: '/form', headers: { cookie } })).statusCode).toBe(403);
  expect(reads()).toBe(1);
  expect((await app.inject({ method: 'POST', url: '/hook' })).body).toBe('hook');
  expect(reads()).toBe(1);
});

test("Fastify's own 404 reads no store, and one of the app's may look at the session", async () => {
  const plain = await make(() => {});
  expect(await plain.get('/nowhere')).toMatchObject([404, expect.any(String), 0]);
  const own = await make((app) => {
    app.setNotFoundHandler(async ({ session }, reply) => reply.code(404).send(`not here, ${session.user}`));
  });
  expect(await own.get('/nowhere')).toEqual([404, 'not here, ada', 1]);
});

test("a hook for all routes may look at the session where Fastify's own 404 comes", async () => {
  const seen: unknown[] = [];
  const build = (app: FastifyInstance) => {
    app.addHook('preHandler', async ({ session }) => {
      seen.push(session.user, session.get('user'));
      session.seen = true;
    });
  };
  const { app, get, cookie } = await make(build);
  seen.length = 0;
  expect(await get('/nowhere')).toMatchObject([404, expect.any(String), 0]);
  expect(seen.splice(0)).toEqual([undefined, undefined]);
  const [again, posted] = [
    await app.inject({ url: '/nowhere', headers: { cookie } }),
    await app.inject({ method: 'POST', url: '/nowhere', headers: { cookie } }),
  ];
  expect([again.statusCode, posted.statusCode]).toEqual([404, 404]);
  expect(seen).toEqual(['ada', 'ada', 'ada', 'ada']);
});

test('and where the session is in the cookie it is there at once', async () => {
  const { keyturn } = await make(() => {});
  const app = Fastify();
  onTestFinished(() => app.close());
  await app.register(keyturnFastify, { keyturn });
  app.addHook('onRequest', async ({ session }, reply) => {
    reply.header('x-user', String(session.user));
  });
  app.get('/in', async ({ session }) => {
    session.user = 'ada';
    return 'in';
  });
  const [cookie = ''] = String((await app.inject('/in')).headers['set-cookie']).split(';');
  const answer = await app.inject({ url: '/nowhere', headers: { cookie } });
  expect([answer.statusCode, answer.headers['x-user']]).toEqual([404, 'ada']);
});
