// Messages of connect-flash and @fastify/flash, which keep them in the session, while their app moves in: docs/moving-in.md.
import connectFlash from 'connect-flash';
import { describe, expect } from 'vitest';
import keyturnExpress from '../../src/adapters/express/index.js';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { listen } from '../bridges/apps/listen.mjs';
import { neighbour } from '../bridges/neighbours.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { movingKeyturn, OLD_SECRET, oneClock, Person } from './replicas.js';

/** What an app may have put there itself, or had connect-flash put there. */
const ODD: readonly unknown[] = [
  'a text',
  ['a', 'list'],
  { info: 'no list' },
  { info: [{ title: 'Saved' }] },
];

interface Farm {
  /** On express-session and connect-flash. */
  readonly old: string;
  readonly beside: string;
  readonly over: string;
}

/** @param beside what stands behind Keyturn, where the app has left connect-flash in place */
async function farm(
  afterwards: Afterwards,
  isInStore: boolean,
  ...beside: readonly unknown[]
): Promise<Farm> {
  const clock = oneClock(afterwards);
  const { default: express } = await neighbour('express');
  const { default: session } = await neighbour('express-session');
  const store = new session.MemoryStore();
  const moveIn = { 'express-session': { store } };
  const own = isInStore ? { store: memoryStore({ clock: clock.read }) } : {};
  const replica = async (...middleware: readonly unknown[]): Promise<string> => {
    const app = express();
    app.use(...middleware);
    app.post('/say/:type/:text', (request: any, response: any) => {
      request.flash(request.params.type, request.params.text);
      response.end();
    });
    app.post('/sign-in', (request: any, response: any) => {
      request.session.user = 'ada';
      response.end();
    });
    app.post('/odd/:at', (request: any, response: any) => {
      request.session.flash = ODD[request.params.at];
      response.end();
    });
    app.post('/sign-out', (request: any, response: any, next: any) => {
      request.session.destroy((error: unknown) => {
        if (error) return next(error);
        request.flash('info', 'bye');
        response.end();
      });
    });
    app.get('/odd', (request: any, response: any) => response.json([request.session.flash ?? null]));
    app.get('/all', (request: any, response: any) => response.json(request.flash()));
    app.get('/', (request: any, response: any) => response.json(request.flash('info')));
    app.get('/user', (request: any, response: any) => response.json(request.session.user ?? null));
    const { url, close } = await listen(app);
    afterwards(close);
    return url;
  };
  const moving = async (phase: 'beside' | 'over'): Promise<string> => {
    const keyturn = await movingKeyturn({ clock, phase, moveIn }, afterwards);
    const middleware = keyturnExpress({ keyturn, csrf: 'manual', moveIn, ...own });
    await middleware.ready();
    return await replica(middleware, ...beside);
  };
  const options = { secret: OLD_SECRET, store, resave: false, saveUninitialized: false };
  return {
    old: await replica(session(options), connectFlash()),
    beside: await moving('beside'),
    over: await moving('over'),
  };
}

async function sees({ browser }: Person, url: string, path = '/'): Promise<unknown> {
  return await (await browser.fetch(`${url}${path}`)).json();
}

/** Replicas that serve visitors together. */
const TOGETHER = [
  ['old', 'beside'],
  ['beside', 'old'],
  ['beside', 'beside'],
  ['beside', 'over'],
  ['over', 'beside'],
  ['over', 'over'],
] as const;

describe.each([
  ['connect-flash taken out', []],
  ['connect-flash left in place', [connectFlash()]],
  ['connect-flash with { unsafe: true }', [connectFlash({ unsafe: true })]],
])('%s', (_, middleware) => {
  describe.each([
    ['sessions in the cookie', false],
    ['sessions in a store', true],
  ])('%s', (_kept, isInStore) => {
    test.for(TOGETHER)('a message that %s has left is shown once by %s', async ([from, to], {
      afterwards,
    }) => {
      const urls = await farm(afterwards, isInStore, ...middleware);
      for (const isSignedIn of [false, true]) {
        const ada = new Person();
        if (isSignedIn) await ada.post(urls[from], '/sign-in');
        await ada.post(urls[from], '/say/info/saved');
        await ada.post(urls[from], '/say/error/no');
        await ada.post(urls[to], '/say/info/sent');
        expect(await sees(ada, urls[to])).toEqual(['saved', 'sent']);
        for (const url of [from, to]) expect(await sees(ada, urls[url])).toEqual([]);
        expect(await sees(ada, urls[to], '/all')).toEqual({ error: ['no'] });
        for (const url of [from, to]) expect(await sees(ada, urls[url], '/all')).toEqual({});
        expect(await sees(ada, urls[to], '/user')).toBe(isSignedIn ? 'ada' : null);
      }
    });

    test('what lies in an old session when it moves in is shown, and nothing of it stays there', async ({
      afterwards,
    }) => {
      const { old, over } = await farm(afterwards, isInStore, ...middleware);
      const ada = new Person();
      await ada.post(old, '/say/info/saved');
      expect(await sees(ada, over)).toEqual(['saved']);
      expect(await sees(ada, over)).toEqual([]);
    });
  });
});

describe('where the app has only the flash messages of Keyturn', () => {
  test('something else of that name in the session stays what it is', async ({ afterwards }) => {
    const { beside, over } = await farm(afterwards, false);
    for (const url of [beside, over]) {
      for (const [at, odd] of ODD.entries()) {
        const ada = new Person();
        await ada.post(url, `/odd/${at}`);
        for (const text of ['saved', 'sent']) await ada.post(url, `/say/info/${text}`);
        expect(await sees(ada, url)).toEqual(['saved', 'sent']);
        expect(await sees(ada, url, '/odd')).toEqual([odd]);
      }
    }
  });

  test('a message after a sign-out is shown, and begins no session', async ({ afterwards }) => {
    const { beside } = await farm(afterwards, true);
    const ada = new Person();
    await ada.post(beside, '/sign-in');
    await ada.post(beside, '/sign-out');
    expect(await sees(ada, beside, '/user')).toBeNull();
    expect(await sees(ada, beside)).toEqual(['bye']);
  });

  test('a HEAD request takes none', async ({ afterwards }) => {
    const { old, beside, over } = await farm(afterwards, false);
    const ada = new Person();
    await ada.post(old, '/say/info/saved');
    for (const url of [beside, over]) {
      await ada.browser.fetch(`${url}/`, { method: 'HEAD' });
      await ada.browser.fetch(`${url}/all`, { method: 'HEAD' });
    }
    expect(await sees(ada, over, '/all')).toEqual({ info: ['saved'] });
  });

  test('requests that leave messages at once do not clash', async ({ afterwards }) => {
    const { beside } = await farm(afterwards, true);
    const ada = new Person();
    await ada.post(beside, '/sign-in');
    const texts = ['one', 'two', 'three'];
    const answers = await Promise.all(texts.map((text) => ada.post(beside, `/say/info/${text}`)));
    expect(answers).toEqual([200, 200, 200]);
  });
});

test('messages of @fastify/flash move in as those of connect-flash do', async ({ afterwards }) => {
  const clock = oneClock(afterwards);
  const [{ default: fastify }, { default: cookie }, { default: session }] = await Promise.all(
    ['fastify', '@fastify/cookie', '@fastify/session'].map(neighbour),
  );
  // By a name that the compiler does not follow: its types are about the same properties as ours.
  const flash: string = '@fastify/flash';
  const { default: fastifyFlash } = await import(flash);
  const { default: expressSession } = await neighbour('express-session');
  const store = new expressSession.MemoryStore();
  const moveIn = { 'fastify-session': { store, cookie: { secure: false } } };
  const replica = async (prepare: (app: any) => Promise<unknown>): Promise<string> => {
    const app = fastify();
    await prepare(app);
    await app.register(fastifyFlash);
    app.post('/say/:type/:text', async (request: any) => {
      request.flash(request.params.type, request.params.text);
      return null;
    });
    app.get('/', async (_request: any, reply: any) => reply.flash('info'));
    app.get('/all', async (_request: any, reply: any) => reply.flash());
    afterwards(() => app.close());
    return await app.listen({ port: 0, host: '127.0.0.1' });
  };
  const moving = async (phase: 'beside' | 'over'): Promise<string> => {
    const settings = { csrf: { mode: 'headers' } };
    const keyturn = await movingKeyturn({ clock, phase, moveIn, settings }, afterwards);
    return await replica((app) => app.register(keyturnFastify, { keyturn, moveIn }));
  };
  const old = await replica(async (app) => {
    await app.register(cookie);
    await app.register(session, { secret: OLD_SECRET, store, cookie: { secure: false } });
  });
  const [beside, over] = [await moving('beside'), await moving('over')];
  for (const [from, to] of [
    [old, beside],
    [beside, old],
    [beside, over],
    [over, beside],
  ] as const) {
    const ada = new Person();
    for (const path of ['/say/info/saved', '/say/error/no']) expect(await ada.post(from, path)).toBe(200);
    expect(await sees(ada, to)).toEqual(['saved']);
    expect(await sees(ada, from)).toEqual([]);
    expect(await sees(ada, to, '/all')).toEqual({ error: ['no'] });
    for (const url of [from, to]) expect(await sees(ada, url, '/all')).toEqual({});
  }
});
