// A clock that is wrong by more than a day: visitors count as signed out, and keep what signs them in once it is right.
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';

const DAY = 86_400;

const KINDS = ['signed cookies', 'sealed cookies', 'a store'] as const;

describe.each(KINDS)('sessions in %s', (kind) => {
  let app: FastifyInstance;
  afterEach(() => app.close());

  async function start() {
    const clock = testClock();
    const logger = memoryLogger();
    const config = { session: { sealed: kind === 'sealed cookies', idle: '20d', max_age: '30d' } };
    const keyturn = await testKeyturn({ clock, logger, config });
    app = Fastify();
    const store = kind === 'a store' ? { store: memoryStore({ clock: clock.read }) } : {};
    await app.register(keyturnFastify, { keyturn, ...store });
    app.get('/', (request, reply) => ({
      user: request.session.get('user') ?? null,
      token: reply.csrfToken(),
    }));
    app.get('/write', (request) => {
      request.session.set('seen', true);
      return 'written';
    });
    app.get('/in', (request) => {
      request.session.regenerate();
      request.session.set('user', 'bob');
      return 'in';
    });
    const ask = async (url: string, cookie: string) => {
      const answer = await app.inject({ url, headers: cookie === '' ? {} : { cookie } });
      const set = [answer.headers['set-cookie'] ?? []].flat();
      return { answer, session: set.find((text) => text.startsWith('keyturn.sid='))?.split(';')[0] };
    };
    return { clock, logger, ask };
  }

  test('a session from the future is none, and no cookie takes its place before a sign-in', async () => {
    const { clock, logger, ask } = await start();
    clock.advance(5 * DAY);
    const cookie = (await ask('/in', '')).session as string;
    clock.advance(-5 * DAY);
    for (const url of ['/', '/write', '/']) {
      const { answer, session } = await ask(url, cookie);
      expect(answer.statusCode).toBe(200);
      expect(session).toBeUndefined();
      if (url === '/') expect(answer.json().user).toBeNull();
    }
    const told = logger.records.filter(({ facts }) => facts.event === 'session.clock');
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain(cookie.slice(20));
    const { session } = await ask('/in', cookie);
    expect(session).toBeDefined();
    expect((await ask('/', session as string)).answer.json().user).toBe('bob');
    // Once the clock is right the former cookie is good as before.
    clock.advance(5 * DAY);
    expect((await ask('/', cookie)).answer.json().user).toBe('bob');
  });

  test('less than a day signs nobody out', async () => {
    const { clock, logger, ask } = await start();
    clock.advance(DAY - 1);
    const cookie = (await ask('/in', '')).session as string;
    clock.advance(1 - DAY);
    expect((await ask('/', cookie)).answer.json().user).toBe('bob');
    expect(logger.records.filter(({ facts }) => facts.event === 'session.clock')).toEqual([]);
  });
});
