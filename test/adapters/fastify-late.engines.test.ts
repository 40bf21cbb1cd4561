// What comes when a response is out, or has been left to somebody else: it is kept, or the log tells. And answers of
// handlers that do not wait for anything: they go out whole, with their cookie.
import { once } from 'node:events';
import { ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { STORE_ENGINES } from '../sessions/stores/engines.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';
import { until } from '../support/waiting.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

let close: (() => Promise<unknown>) | undefined;
afterEach(() => close?.());

async function make(store?: SessionStore, before: (app: FastifyInstance) => unknown = () => {}) {
  const logger = memoryLogger();
  const keyturn = await testKeyturn({ logger });
  const app = Fastify();
  close = () => app.close();
  await before(app);
  await app.register(formbody);
  await app.register(keyturnFastify, { keyturn, ...(store === undefined ? {} : { store }) });
  app.get('/in', async ({ session, flash }) => {
    session.user = 'ada';
    session.cart = ['book'];
    flash('info', 'Saved');
    return 'in';
  });
  app.get('/session', async ({ session }) => ({ ...session }));
  const told = () =>
    logger.records.filter(({ facts }) => facts.event === 'session.late').map(({ facts }) => facts.what);
  return { app, told };
}

const cookieOf = (answer: { readonly headers: Record<string, unknown> }): string =>
  ([answer.headers['set-cookie'] ?? []].flat() as string[]).map((cookie) => cookie.split(';')[0]).join('; ');

/** Each thing that can come too late, as an app does it, and what is told of it. */
const CHANGES: ReadonlyArray<
  readonly [what: string, change: (request: FastifyRequest, reply: FastifyReply) => void, told: string]
> = [
  ['set()', ({ session }) => session.set('a', 1), 'session'],
  [
    'a property',
    (request) => {
      request.session.a = 1;
    },
    'session',
  ],
  ['a property removed', (request) => void delete request.session.user, 'session'],
  ['a change deep inside', ({ session }) => void (session.cart as string[]).push('pen'), 'session'],
  ['Object.assign', ({ session }) => void Object.assign(session, { a: 1 }), 'session'],
  ['regenerate()', ({ session }) => session.regenerate({ keep: true }), 'session'],
  ['destroy()', ({ session }) => session.destroy(), 'session'],
  ['a flash message', ({ flash }) => flash('info', 'late'), 'flash'],
  ['flash messages taken', ({ flash }) => void flash(), 'flash'],
  ['flash messages of one type taken', ({ flash }) => void flash('info'), 'flash'],
  ['a CSRF token', (_request, reply) => void reply.csrfToken(), 'csrf'],
];

const READS: ReadonlyArray<
  readonly [what: string, read: (request: FastifyRequest, reply: FastifyReply) => unknown]
> = [
  ['a property', ({ session }) => session.user],
  ['all of it', ({ session }) => JSON.stringify({ ...session, id: session.id, isNew: session.isNew })],
  ['what is deep inside', ({ session }) => (session.cart as string[]).map((item) => item.length)],
  ['get()', ({ session }) => session.get('user')],
  ['flash messages that are not there', ({ flash }) => flash('error')],
];

/** A stream whose last piece runs `act`: by then the response is on its way. */
const streaming = (act: () => unknown) =>
  Readable.from(
    (async function* () {
      yield 'first';
      await new Promise(setImmediate);
      act();
      yield 'last';
    })(),
  );

const LATE: ReadonlyArray<readonly [when: string, route: (act: Handler) => Handler]> = [
  [
    'after send',
    (act) => (request, reply) => {
      reply.send('sent');
      act(request, reply);
    },
  ],
  ['first, while it streams', (act) => (request, reply) => reply.send(streaming(() => act(request, reply)))],
  [
    'again, while it streams',
    (act) => (request, reply) => {
      expect(request.session.user).toBe('ada');
      return reply.send(streaming(() => act(request, reply)));
    },
  ],
  [
    'after hijack',
    (act) => (request, reply) => {
      reply.hijack();
      act(request, reply);
      reply.raw.end('by hand');
    },
  ],
  [
    'before hijack',
    (act) => (request, reply) => {
      act(request, reply);
      reply.hijack();
      reply.raw.end('by hand');
    },
  ],
];

describe.each(['cookie', 'store'] as const)('sessions in the %s', (kind) => {
  const newStore = () => (kind === 'store' ? memoryStore({ clock: testClock().read }) : undefined);

  describe.each(LATE)('%s', (_when, route) => {
    test.each(CHANGES)('%s is told of, once', async (_what, change, expected) => {
      const { app, told } = await make(newStore());
      app.get('/late', route(change) as never);
      const cookie = cookieOf(await app.inject('/in'));
      expect(told()).toEqual([]);
      const { statusCode } = await app.inject({ url: '/late', headers: { cookie } });
      expect([statusCode, told()]).toEqual([200, [expected]]);
    });

    test.each(READS)('reading %s is not', async (_what, read) => {
      const { app, told } = await make(newStore());
      app.get('/late', route(read) as never);
      const cookie = cookieOf(await app.inject('/in'));
      expect((await app.inject({ url: '/late', headers: { cookie } })).statusCode).toBe(200);
      expect(told()).toEqual([]);
    });
  });

  test.each(CHANGES)('in onResponse, and ever after: %s is told of', async (_what, change, expected) => {
    const { app, told } = await make(newStore());
    let left: [FastifyRequest, FastifyReply] | undefined;
    app.get('/page', async ({ session }) => session.user);
    app.addHook('onResponse', async (request, reply) => {
      left = [request, reply];
    });
    const cookie = cookieOf(await app.inject('/in'));
    await app.inject({ url: '/page', headers: { cookie } });
    expect(told()).toEqual([]);
    change(...(left as [FastifyRequest, FastifyReply]));
    change(...(left as [FastifyRequest, FastifyReply]));
    expect(told()).toEqual([expected]);
  });

  test('what was done in time is not told of', async () => {
    const { app, told } = await make(newStore());
    app.get('/all', async (request, reply) => {
      request.session.a = 1;
      request.flash('info', 'x');
      await request.session.update((data) => {
        data.b = 2;
      });
      const token = reply.csrfToken();
      return reply.send(streaming(() => [request.session.a, reply.csrfToken(), token]));
    });
    app.get('/out', async ({ session, flash }) => {
      flash();
      session.destroy();
      return 'out';
    });
    const cookie = cookieOf(await app.inject('/in'));
    await app.inject('/all');
    await app.inject({ url: '/all', headers: { cookie } });
    await app.inject({ url: '/out', headers: { cookie } });
    expect(told()).toEqual([]);
  });
});

test('in a store, update() is kept however late it comes', async () => {
  const { app, told } = await make(memoryStore({ clock: testClock().read }));
  let done: Promise<void> | undefined;
  app.get('/late', async (request, reply) =>
    reply.send(
      streaming(() => {
        done = request.session.update((data) => {
          data.a = 1;
        });
      }),
    ),
  );
  const cookie = cookieOf(await app.inject('/in'));
  await app.inject({ url: '/late', headers: { cookie } });
  await done;
  expect((await app.inject({ url: '/session', headers: { cookie } })).json()).toMatchObject({ a: 1 });
  expect(told()).toEqual([]);
});

test('a failed save is an error, and told of as that', async () => {
  const { app, told } = await make();
  app.get('/bad', async ({ session }) => {
    session.number = 1n;
    return 'bad';
  });
  expect((await app.inject('/bad')).statusCode).toBe(500);
  expect(told()).toEqual([]);
});

describe('in a WebSocket handler', () => {
  /** What the plugins for WebSockets do: the reply is taken over, and its connection goes on. */
  async function connected(run: Handler, preHandler: Handler = () => {}) {
    const { app, told } = await make();
    app.route({
      method: 'GET',
      url: '/socket',
      preHandler: async (request, reply) => void preHandler(request, reply),
      handler: (request, reply) => {
        reply.hijack();
        request.raw.socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
        );
        request.raw.socket.on('end', () => request.raw.socket.end());
        request.raw.socket.on('data', () => {
          run(request, reply);
          request.raw.socket.write('done');
        });
      },
    });
    app.server.on('upgrade', (request) => {
      const response = new ServerResponse(request);
      response.assignSocket(request.socket as never);
      app.routing(request, response as never);
    });
    const cookie = cookieOf(await app.inject('/in'));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(
      `GET /socket HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    await once(socket, 'data');
    const say = async () => {
      socket.write('message');
      await once(socket, 'data');
    };
    return { told, say, hangUp: () => socket.destroy() };
  }

  test.each(CHANGES)('%s is told of at once, and once', async (_what, change, expected) => {
    const { told, say, hangUp } = await connected(change);
    await say();
    expect(told()).toEqual([expected]);
    await say();
    expect(told()).toEqual([expected]);
    hangUp();
  });

  test.each(
    CHANGES,
  )('%s before it is told of at the latest when it ends', async (_what, change, expected) => {
    const { told, hangUp } = await connected(() => {}, change);
    hangUp();
    await until(() => told().length > 0);
    expect(told()).toEqual([expected]);
  });
});

describe.each([undefined, ...STORE_ENGINES])('a handler that waits for nothing ($name)', (engine) => {
  /** Ways to answer 201 "welcome" without returning it. */
  const ANSWERS: ReadonlyArray<readonly [how: string, answer: Handler]> = [
    ['async, send() not returned', async (_request, reply) => void reply.code(201).send('welcome')],
    [
      'async, send() and then more work',
      async (_request, reply) => {
        reply.code(201).send('welcome');
        await new Promise(setImmediate);
      },
    ],
    [
      'async, send() and then another answer',
      async (_request, reply) => {
        reply.code(201).send('welcome');
        return 'another';
      },
    ],
    [
      'async, send() and then an error',
      async (_request, reply) => {
        reply.code(201).send('welcome');
        throw new Error('too late');
      },
    ],
    [
      'async, send() twice',
      async (_request, reply) => {
        reply.code(201).send('welcome');
        reply.code(201).send('again');
      },
    ],
    [
      'async, return reply',
      async (_request, reply) => {
        reply.code(201).send('welcome');
        return reply;
      },
    ],
    [
      'async, await reply',
      async (_request, reply) => {
        reply.code(201).send('welcome');
        await reply;
      },
    ],
    ['a callback', (_request, reply) => void reply.code(201).send('welcome')],
    [
      'a callback, twice',
      (_request, reply) => {
        reply.code(201).send('welcome');
        reply.send('again');
      },
    ],
    [
      'a promise in a callback',
      (_request, reply) => {
        Promise.resolve().then(() => reply.code(201).send('welcome'));
      },
    ],
  ];

  const signIn: Handler = ({ session }) => {
    session.regenerate();
    session.user = 'ada';
  };

  async function open() {
    const opened = await engine?.open();
    const clock = testClock();
    const made = await make(opened?.store(clock.read));
    close = async () => {
      await made.app.close();
      await opened?.close();
    };
    return made.app;
  }

  const signsIn = async (
    app: FastifyInstance,
    answer: { statusCode: number; body: string; headers: Record<string, unknown> },
  ) => {
    expect([answer.statusCode, answer.body]).toEqual([201, 'welcome']);
    const session = await app.inject({ url: '/session', headers: { cookie: cookieOf(answer) } });
    expect(session.json()).toEqual({ user: 'ada' });
  };

  test.each(ANSWERS)('%s: the first answer goes out, with its cookie', async (_how, answer) => {
    const app = await open();
    app.get('/sign-in', ((request: FastifyRequest, reply: FastifyReply) => {
      signIn(request, reply);
      return answer(request, reply);
    }) as never);
    await signsIn(app, await app.inject('/sign-in'));
  });

  test.each(
    ANSWERS.filter(([how]) => how.startsWith('async')),
  )('%s, in a hook: no handler runs after it', async (_how, answer) => {
    const app = await open();
    let ran = 0;
    app.route({
      method: 'GET',
      url: '/sign-in',
      preHandler: async (request, reply) => {
        signIn(request, reply);
        // An error of a hook is one before the answer where nothing has been sent.
        await answer(request, reply);
      },
      handler: async () => {
        ran++;
        return 'handler';
      },
    });
    await signsIn(app, await app.inject('/sign-in'));
    expect(ran).toBe(0);
  });

  test('async, redirect() not returned', async () => {
    const app = await open();
    app.get('/sign-in', async (request, reply) => {
      signIn(request, reply);
      reply.redirect('/session', 303);
    });
    const answer = await app.inject('/sign-in');
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/session']);
    const session = await app.inject({ url: '/session', headers: { cookie: cookieOf(answer) } });
    expect(session.json()).toEqual({ user: 'ada' });
  });

  test('an error page that is not returned', async () => {
    const app = await open();
    app.setErrorHandler(async (_error, request, reply) => {
      signIn(request, reply);
      reply.code(201).send('welcome');
    });
    app.get('/sign-in', async () => {
      throw new Error('on purpose');
    });
    await signsIn(app, await app.inject('/sign-in'));
  });

  test('a stream that is returned', async () => {
    const app = await open();
    app.get('/sign-in', async (request, reply) => {
      signIn(request, reply);
      return reply.code(201).send(Readable.from(['wel', 'come']));
    });
    await signsIn(app, await app.inject('/sign-in'));
  });
});

test('what cannot be saved is an error, also where nothing is returned; the reply can be sent to again', async () => {
  const store = memoryStore({ clock: testClock().read });
  const { app } = await make({
    ...{ get: store.get.bind(store), touch: store.touch.bind(store), destroy: store.destroy.bind(store) },
    ...{ listUser: store.listUser.bind(store), put: () => Promise.reject(new Error('away')) },
  });
  app.get('/sign-in', async ({ session }, reply) => {
    session.user = 'ada';
    reply.send('welcome');
  });
  const answer = await app.inject('/sign-in');
  expect([answer.statusCode, cookieOf(answer)]).toEqual([503, '']);
});

test('where a store is away its error comes to whoever looks at the session, an error handler included', async () => {
  const store = memoryStore({ clock: testClock().read });
  let isAway = false;
  const { app } = await make({
    ...{ put: store.put.bind(store), touch: store.touch.bind(store), destroy: store.destroy.bind(store) },
    listUser: store.listUser.bind(store),
    get: async (id) => {
      if (isAway) throw new Error('away');
      return store.get(id);
    },
  });
  app.setErrorHandler((_error, { session }, reply) => reply.code(500).send(`sorry, ${session.user}`));
  app.get('/sign-in', async ({ session }) => {
    session.user = 'ada';
    return 'welcome';
  });
  const headers = { cookie: cookieOf(await app.inject('/sign-in')) };
  isAway = true;
  const answer = await app.inject({ url: '/session', headers });
  expect([answer.statusCode, answer.json().code]).toEqual([503, 'engine_unavailable']);
  isAway = false;
  expect((await app.inject({ url: '/session', headers })).statusCode).toBe(200);
});

test('the status is that of the answer that is held, and not of one that comes too late', async () => {
  const store = memoryStore({ clock: testClock().read });
  const { app } = await make({
    ...{ get: store.get.bind(store), touch: store.touch.bind(store), destroy: store.destroy.bind(store) },
    listUser: store.listUser.bind(store),
    put: async (...parts) => store.put(...parts),
  });
  app.get('/twice', async ({ session }, reply) => {
    session.user = 'ada';
    reply.send('first');
    reply.code(500).send('second');
  });
  const answer = await app.inject('/twice');
  expect([answer.statusCode, answer.body]).toEqual([200, 'first']);
});

test('who hangs up while the session is saved ends nothing but his request', async () => {
  const store = memoryStore({ clock: testClock().read });
  let put: (() => void) | undefined;
  const gate = new Promise<void>((done) => {
    put = done;
  });
  const { app } = await make({
    ...{ get: store.get.bind(store), touch: store.touch.bind(store), destroy: store.destroy.bind(store) },
    listUser: store.listUser.bind(store),
    put: async (...parts) => {
      await gate;
      return await store.put(...parts);
    },
  });
  let arrived: (() => void) | undefined;
  const sending = new Promise<void>((done) => {
    arrived = done;
  });
  app.get('/sign-in', async ({ session, raw }, reply) => {
    session.user = 'ada';
    raw.socket.once('close', () => put?.());
    reply.send('welcome');
    arrived?.();
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET /sign-in HTTP/1.1\r\nHost: a\r\n\r\n');
  await sending;
  socket.destroy();
  await gate;
  expect((await app.inject('/session')).statusCode).toBe(200);
});
