// The suite that every adapter passes: sessions, CSRF and flash over a real server and a real cookie jar.
// An adapter's test says how to start an app with the routes below; everything else is the same for all.
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../src/http/core.js';
import type { Flash } from '../../src/http/flash.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import type { Session } from '../../src/sessions/session.js';
import type { SessionStore } from '../../src/sessions/stores/contract.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { Browser } from '../support/browser.js';
import {
  type ManualClock,
  memoryLogger,
  OTHER_SECRET,
  ringOf,
  SECRET,
  type TestKeyturnOptions,
  testClock,
  testKeyturn,
  useRing,
} from '../support/keyturn.js';
import { Gate, Meeting } from '../support/waiting.js';

/** What a route of the contract app gets, whatever the framework. */
export interface RouteContext {
  readonly session: Session;
  readonly flash: Flash;
  csrfToken(): string;
  readonly body: any;
  setHeader(name: string, value: string): void;
}

export interface ContractRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Whether the automatic CSRF check is on. */
  readonly csrf: boolean;
  /** What it returns is sent as JSON. */
  readonly run: (context: RouteContext) => unknown;
}

export interface StartedApp {
  readonly url: string;
  close(): Promise<void>;
}

export type StartApp = (
  keyturn: Keyturn,
  options: HttpOptions,
  routes: readonly ContractRoute[],
) => Promise<StartedApp>;

/** Sessions on an engine: what concerns stores runs with each. */
export interface ContractEngine {
  readonly name: string;
  open(): Promise<OpenContractEngine>;
}

export interface OpenContractEngine {
  /** Another store of the same sessions. */
  store(clock: () => number): SessionStore;
  close(): Promise<void>;
}

/** A request that is slow waits here until its test lets it on. */
let slow: Gate;
/** Requests that run beside others meet here: all before one edits, and all have edited before one saves. */
let beside: Meeting;

const route = (
  method: 'GET' | 'POST',
  path: string,
  run: ContractRoute['run'],
  csrf = false,
): ContractRoute => ({ method, path, run, csrf });

/** Everything in it is data: methods and the id are not. */
const data = (session: Session) => ({ ...session });

const ROUTES: readonly ContractRoute[] = [
  route('GET', '/untouched', () => 'ok'),
  route('GET', '/read', ({ session }) => ({ id: session.id, isNew: session.isNew, data: data(session) })),
  route('GET', '/read-public', ({ session, setHeader }) => {
    setHeader('cache-control', 'public, max-age=60');
    return data(session);
  }),
  route('GET', '/read-shared', ({ session, setHeader }) => {
    setHeader('cache-control', 's-maxage=60');
    return data(session);
  }),
  route('POST', '/write-with', ({ session, body, setHeader }) => {
    setHeader('cache-control', body.cacheControl);
    session.written = body.cacheControl;
    return 'ok';
  }),
  route('GET', '/write-public', ({ session, setHeader }) => {
    setHeader('cache-control', 'public, s-maxage=9, max-age=60');
    session.seen = true;
    return 'ok';
  }),
  route('POST', '/sign-in', ({ session, body }) => {
    session.regenerate();
    session.user = body.user;
    return { id: session.id };
  }),
  route('POST', '/sign-in-keeping', ({ session, body }) => {
    session.regenerate({ keep: ['cart'] });
    session.user = body.user;
    return data(session);
  }),
  route('POST', '/sign-out', ({ session }) => {
    session.destroy();
    return 'bye';
  }),
  route('POST', '/set', async ({ session, body }) => {
    if (body.beside !== undefined) await beside.of(body.beside);
    session.set(body.key, body.value);
    if (body.beside !== undefined) await beside.of(body.beside);
    if (body.slow) await slow.pass();
    return 'ok';
  }),
  route('POST', '/unset', ({ session, body }) => {
    session.delete(body.key);
    return 'ok';
  }),
  route('POST', '/push-deep', ({ session, body }) => {
    (session.items as unknown[]).push(body.item);
    return 'ok';
  }),
  route('POST', '/add', async ({ session, body }) => {
    await session.update((values) => {
      values.items = [...((values.items as unknown[] | undefined) ?? []), body.item];
    });
    return 'ok';
  }),
  route('POST', '/after-destroy', ({ session }) => {
    session.destroy();
    session.user = 'ghost';
    return 'ok';
  }),
  route('POST', '/destroy-and-throws', ({ session }) => {
    session.destroy();
    throw new Error('after signing out');
  }),
  route('POST', '/destroy-and-empties-itself', ({ session }) => {
    session.destroy();
    session.regenerate();
    session.destroy();
    session.big = 1n;
  }),
  route('POST', '/destroy-and-begins-badly', ({ session }) => {
    session.destroy();
    session.regenerate();
    session.big = 1n;
  }),
  route('POST', '/slow-elevate', async ({ session, body }) => {
    session.regenerate({ keep: true, ...(body.epoch === undefined ? {} : { epoch: body.epoch }) });
    session.elevated = true;
    if (body.slow) await slow.pass();
    return 'ok';
  }),
  route('POST', '/sign-in-by-update', async ({ session, body }) => {
    await session.update((values) => {
      values.user = body.user;
    });
    return 'ok';
  }),
  route('POST', '/update-beside', async ({ session }) => {
    const { list } = session as unknown as { list: string[] };
    session.pending = 1;
    await session.update((values) => {
      session.during = 2;
      values.count = Number(values.count ?? 0) + 1;
    });
    list.push('after');
    return data(session);
  }),
  route('POST', '/update-clash', async ({ session }) => {
    session.a = 'mine';
    const code = await session
      .update((values) => {
        values.a = 'theirs';
        values.other = true;
      })
      .catch((error) => error.code);
    session.a = 'kept';
    return { code };
  }),
  route('POST', '/edit-while-updating', async ({ session }) => {
    const saving = session.update((values) => {
      values.a = 'theirs';
      values.other = true;
    });
    await setImmediate();
    session.a = 'mine';
    await saving;
    return 'ok';
  }),
  route('POST', '/update-twice', async ({ session }) => {
    for (const key of ['one', 'two']) {
      await session.update((values) => {
        values[key] = true;
      });
    }
    return 'ok';
  }),
  route('POST', '/updates-at-once', async ({ session }) => {
    const add = () =>
      session.update((values) => {
        values.count = Number(values.count ?? 0) + 1;
      });
    await Promise.all(Array.from({ length: 5 }, add));
    return data(session);
  }),
  route('POST', '/update-with', async ({ session, body }) => {
    const value = body.bigint ? 1n : body.value;
    return await session
      .update((values) => {
        values[body.key] = value;
      })
      .then(
        () => ({ code: null }),
        (error) => ({ code: error.code, message: error.message }),
      );
  }),
  route('POST', '/destroy-and-update', async ({ session }) => {
    session.destroy();
    await session.update((values) => {
      values.user = 'ghost';
    });
    return 'ok';
  }),
  route('POST', '/destroy-and-sign-in', ({ session, body }) => {
    session.destroy();
    session.regenerate();
    session.user = body.user;
    return 'ok';
  }),
  route('POST', '/sign-in-and-destroy', ({ session, body }) => {
    session.regenerate();
    session.user = body.user;
    session.destroy();
    return 'ok';
  }),
  route('GET', '/too-large', ({ session, flash, csrfToken }) => {
    flash('info', 'x'.repeat(5000));
    session.seen = true;
    csrfToken();
    return 'ok';
  }),
  route('GET', '/form', ({ csrfToken }) => ({ token: csrfToken() })),
  route('GET', '/form-then-data', ({ csrfToken, session }) => {
    const token = csrfToken();
    session.cart = ['book'];
    return { token };
  }),
  route('GET', '/data-then-form', ({ csrfToken, session }) => {
    session.cart = ['book'];
    return { token: csrfToken() };
  }),
  route('GET', '/forms', ({ csrfToken }) => ({ tokens: [csrfToken(), csrfToken()] })),
  route('POST', '/sign-out-and-form', ({ csrfToken, session }) => {
    session.destroy();
    return { token: csrfToken() };
  }),
  route('POST', '/protected', () => 'done', true),
  route(
    'POST',
    '/protected-sign-in',
    ({ session, body }) => {
      session.regenerate();
      session.user = body.user;
      return 'in';
    },
    true,
  ),
  route('POST', '/flash', ({ flash, body }) => {
    for (const [type, text] of body.messages) flash(type, text);
    return 'ok';
  }),
  route('GET', '/flash', ({ flash }) => flash()),
  route('GET', '/flash-at-once', ({ flash }) => {
    flash('info', 'for you alone');
    return flash();
  }),
  route('GET', '/flash-info', ({ flash }) => flash('info')),
];

/** A store whose every answer goes through a function. */
function wrappedStore(
  store: SessionStore,
  wrap: <R>(name: keyof SessionStore, answer: () => R | Promise<R>) => R | Promise<R>,
): SessionStore {
  return {
    get: (...parts) => wrap('get', () => store.get(...parts)),
    put: (...parts) => wrap('put', () => store.put(...parts)),
    touch: (...parts) => wrap('touch', () => store.touch(...parts)),
    destroy: (...parts) => wrap('destroy', () => store.destroy(...parts)),
    ended: (...parts) => wrap('ended', () => store.ended?.(...parts)),
    listUser: (...parts) => wrap('listUser', () => store.listUser(...parts)),
  };
}

const inMemory: ContractEngine = {
  name: 'memory',
  open: async () => ({ store: (clock) => memoryStore({ clock }), close: async () => {} }),
};

/** Memory as if it were in another process: every answer takes a moment. */
const later: ContractEngine = {
  name: 'a store that answers later',
  open: async () => ({
    store: (clock) =>
      wrappedStore(memoryStore({ clock }), async (_name, answer) => {
        await setImmediate();
        return await answer();
      }),
    close: async () => {},
  }),
};

const DAY = 86_400;
const SID = 'keyturn.sid';

/**
 * Runs the suite for one adapter.
 *
 * @param engines what keeps sessions besides memory; one adapter that is tried with them is enough
 */
export function httpContract(name: string, start: StartApp, engines: readonly ContractEngine[] = []): void {
  let clock: ManualClock;
  let logger: ReturnType<typeof memoryLogger>;
  let keyturn: Keyturn;
  let app: StartedApp | undefined;

  async function open(options: TestKeyturnOptions & { readonly http?: HttpOptions } = {}): Promise<Browser> {
    keyturn = await testKeyturn({ clock, logger, ...options });
    app = await start(keyturn, options.http ?? {}, ROUTES);
    return new Browser(app.url);
  }

  beforeEach(() => {
    clock = testClock();
    logger = memoryLogger();
    slow = new Gate();
    beside = new Meeting();
  });

  afterEach(async () => {
    slow.open();
    await app?.close();
    app = undefined;
  });

  /** Opens an engine for the tests of a block; returns what makes a store in it. */
  function engineOf(engine: ContractEngine): () => SessionStore {
    let opened: OpenContractEngine;
    beforeAll(async () => {
      opened = await engine.open();
    });
    afterAll(() => opened.close());
    return () => opened.store(() => clock.now);
  }

  const KINDS: ReadonlyArray<readonly [kind: string, backend: 'cookie' | 'memory', engine?: ContractEngine]> =
    [
      ['in the cookie', 'cookie'],
      ['sealed in the cookie', 'cookie'],
      ['in memory', 'memory'],
      ...[later, ...engines].map((engine) => [`in ${engine.name}`, 'memory', engine] as const),
    ];

  const openApp = open;

  for (const [kind, backend, engine] of KINDS) {
    describe(`${name}: sessions ${kind}`, () => {
      const config = { session: { backend } };
      const newStore = engineOf(engine ?? inMemory);

      const open: typeof openApp = (options = {}) => {
        if (kind.startsWith('sealed')) {
          const session = { sealed: true, ...(options.config?.session as object | undefined) };
          return openApp({ ...options, config: { ...options.config, session } });
        }
        return openApp(
          engine === undefined ? options : { ...options, http: { store: newStore(), ...options.http } },
        );
      };

      test('a visitor who leaves no data gets no cookie', async () => {
        const browser = await open({ config });
        expect((await browser.get('/untouched')).setCookies).toEqual([]);
        const read = await browser.get('/read');
        expect(read.json).toMatchObject({ isNew: true, data: {} });
        expect(read.setCookies).toEqual([]);
        expect(read.headers.get('cache-control')).toBeNull();
        expect(read.headers.get('vary')).toBe('Cookie');
      });

      test('data is there at the next request, and nothing is sent when nothing changed', async () => {
        const browser = await open({ config });
        const set = await browser.post('/set', { key: 'cart', value: [{ sku: 'ü-1' }] });
        expect(set.setCookies).toHaveLength(1);
        expect(set.headers.get('cache-control')).toBe('private');
        const read = await browser.get('/read');
        expect(read.json).toMatchObject({ isNew: false, data: { cart: [{ sku: 'ü-1' }] } });
        expect(read.setCookies).toEqual([]);
        expect(read.headers.get('cache-control')).toBe('private');
        expect((await browser.post('/set', { key: 'cart', value: [{ sku: 'ü-1' }] })).setCookies).toEqual([]);
      });

      test('a change deep inside is noticed, and a deleted property stays away', async () => {
        const browser = await open({ config });
        await browser.post('/set', { key: 'items', value: ['a'] });
        await browser.post('/push-deep', { item: 'b' });
        expect((await browser.get('/read')).json.data).toEqual({ items: ['a', 'b'] });
        await browser.post('/unset', { key: 'items' });
        expect((await browser.get('/read')).json.data).toEqual({});
      });

      test('signing in changes the id, and the id from before is worth nothing (fixation)', async () => {
        const browser = await open({ config });
        await browser.post('/set', { key: 'cart', value: ['planted'] });
        const before = (await browser.get('/read')).json.id;
        const planted = await browser.cookie(SID);
        const { id } = (await browser.post('/sign-in', { user: 'ada' })).json;
        expect(id).not.toBe(before);
        expect((await browser.get('/read')).json).toEqual({ id, isNew: false, data: { user: 'ada' } });
        const attacker = new Browser(app?.url as string);
        await attacker.plant(SID, planted as string);
        expect((await attacker.get('/read')).json.data.user).toBeUndefined();
      });

      test('signing in can keep named data', async () => {
        const browser = await open({ config });
        await browser.post('/set', { key: 'cart', value: ['book'] });
        await browser.post('/set', { key: 'note', value: 'x' });
        await browser.post('/sign-in-keeping', { user: 'ada' });
        expect((await browser.get('/read')).json.data).toEqual({ cart: ['book'], user: 'ada' });
      });

      test('signing out ends the session and removes the cookie', async () => {
        const browser = await open({ config });
        await browser.post('/sign-in', { user: 'ada' });
        const out = await browser.post('/sign-out');
        expect(out.setCookies).toEqual([`${SID}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`]);
        expect(await browser.cookie(SID)).toBeUndefined();
        expect((await browser.get('/read')).json).toMatchObject({ isNew: true, data: {} });
      });

      test('signing out without a session sends nothing', async () => {
        const browser = await open({ config });
        expect((await browser.post('/sign-out')).setCookies).toEqual([]);
      });

      test('unused, it ends after the idle time, to the second', async () => {
        const browser = await open({ config: { session: { backend, idle: '1h', roll_after: '1h' } } });
        await browser.post('/sign-in', { user: 'ada' });
        clock.advance(3599);
        expect((await browser.get('/read')).json.data.user).toBe('ada');
        clock.advance(1);
        expect((await browser.get('/read')).json).toMatchObject({ isNew: true, data: {} });
      });

      test('used, it lives on, and a copy of its cookie from before does not', async () => {
        const browser = await open({ config: { session: { backend, idle: '1h', max_age: '1d' } } });
        await browser.post('/sign-in', { user: 'ada' });
        const copied = (await browser.cookie(SID)) as string;
        for (let round = 0; round < 4; round++) {
          clock.advance(3000);
          expect((await browser.get('/read')).json.data.user).toBe('ada');
        }
        expect((await browser.get('/read', { cookie: `${SID}=${copied}` })).json.isNew).toBe(true);
      });

      test('however much it is used it ends at its greatest age, to the second', async () => {
        const browser = await open({ config: { session: { backend, idle: '1h', max_age: '3h' } } });
        await browser.post('/sign-in', { user: 'ada' });
        for (let passed = 1800; passed < 10_800; passed += 1800) {
          clock.advance(1800);
          expect((await browser.get('/read')).json.data.user).toBe('ada');
        }
        clock.advance(1799);
        expect((await browser.get('/read')).json.data.user).toBe('ada');
        clock.advance(1);
        expect((await browser.get('/read')).json.isNew).toBe(true);
      });

      test('a greatest age that is shortened counts for sessions that there are', async () => {
        const http = backend === 'memory' ? { http: { store: newStore() } } : {};
        const first = await open({ config, ...http });
        await first.post('/sign-in', { user: 'ada' });
        const cookie = `${SID}=${await first.cookie(SID)}`;
        await app?.close();
        const second = await open({ config: { session: { backend, idle: '1h', max_age: '2h' } }, ...http });
        clock.advance(7199);
        expect((await second.get('/read', { cookie })).json.data).toEqual({ user: 'ada' });
        clock.advance(1);
        expect((await second.get('/read', { cookie })).json.isNew).toBe(true);
      });

      test('it is extended whether or not a page looks at it', async () => {
        const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } } });
        await browser.post('/sign-in', { user: 'ada' });
        for (let hour = 0; hour < 12; hour++) {
          clock.advance(3600);
          const answer = await browser.get('/untouched');
          expect(answer.setCookies).toEqual([expect.stringContaining('; Max-Age=36000;')]);
          expect(answer.headers.get('cache-control')).toBe('private');
        }
        expect((await browser.get('/untouched')).setCookies).toEqual([]);
        expect((await browser.get('/read')).json.data).toEqual({ user: 'ada' });
      });

      test('it is extended only when that is due, with new dates', async () => {
        const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } } });
        await browser.post('/sign-in', { user: 'ada' });
        clock.advance(3599);
        expect((await browser.get('/read')).setCookies).toEqual([]);
        clock.advance(1);
        const rolled = await browser.get('/read');
        expect(rolled.setCookies).toHaveLength(1);
        expect(rolled.setCookies[0]).toContain('Max-Age=36000;');
        expect((await browser.get('/read')).setCookies).toEqual([]);
      });

      test('where extending would gain nothing, nothing is sent', async () => {
        const config = { session: { backend, idle: '1h', max_age: '90min', roll_after: '10min' } };
        const browser = await open({ config });
        await browser.post('/sign-in', { user: 'ada' });
        clock.advance(2400);
        expect((await browser.get('/read')).setCookies).toEqual([expect.stringContaining('; Max-Age=3000;')]);
        clock.advance(1200);
        expect((await browser.get('/read')).setCookies).toEqual([]);
      });

      test('a publicly cacheable answer never extends it, and becomes private when it must be saved', async () => {
        const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1h' } } });
        await browser.post('/sign-in', { user: 'ada' });
        clock.advance(7200);
        const read = await browser.get('/read-public');
        expect(read.setCookies).toEqual([]);
        expect(read.headers.get('cache-control')).toBe('public, max-age=60');
        const written = await browser.get('/write-public');
        expect(written.setCookies).toHaveLength(1);
        expect(written.headers.get('cache-control')).toBe('private, max-age=60');
      });

      test('what the app says of caches stays, as far as it is private', async () => {
        const browser = await open({ config: { session: { backend, idle: '10h', roll_after: '1s' } } });
        for (const [said, sent] of [
          ['no-store', 'no-store'],
          ['max-age=0, PRIVATE', 'max-age=0, PRIVATE'],
          ['private="x-user"', 'private, private="x-user"'],
          ['no-cache', 'private, no-cache'],
          ['Public, S-MaxAge=9, max-age=60', 'private, max-age=60'],
          ['public', 'private'],
        ]) {
          clock.advance(2);
          const answer = await browser.post('/write-with', { cacheControl: said });
          expect(answer.setCookies).toHaveLength(1);
          expect([said, answer.headers.get('cache-control')]).toEqual([said, sent]);
        }
      });

      test('an altered, foreign or nonsensical cookie is no session, and is left alone', async () => {
        const browser = await open({ config });
        await browser.post('/sign-in', { user: 'ada' });
        const good = (await browser.cookie(SID)) as string;
        const flipped = good.slice(0, 40) + (good[40] === 'A' ? 'B' : 'A') + good.slice(41);
        for (const bad of [
          flipped,
          `${good}x`,
          good.slice(0, -1),
          '',
          'x',
          'j:{}',
          '%00',
          '{}'.repeat(2000),
        ]) {
          const answer = await browser.get('/read', { cookie: `${SID}=${bad}` });
          expect(answer.status).toBe(200);
          expect(answer.json).toMatchObject({ isNew: true, data: {} });
          expect(answer.setCookies).toEqual([]);
        }
      });

      test('of several cookies of its name the first that is good counts', async () => {
        const browser = await open({ config: { session: { backend, idle: '1h' } } });
        const cookieNow = async () => `${SID}=${await browser.cookie(SID)}`;
        await browser.post('/sign-in', { user: 'old' });
        const expired = await cookieNow();
        clock.advance(3601);
        await browser.post('/sign-in', { user: 'out' });
        const ended = await cookieNow();
        await browser.post('/sign-out');
        await browser.post('/sign-in', { user: 'ada' });
        const good = await cookieNow();
        const planted = `${SID}=kt1.planted; ${SID}=; ${SID}="x"; ${expired}`;
        // A signed-out cookie that was copied is good where sessions are in it: that it is not is for stores to say.
        const inFront = browser.get('/read', {
          cookie: `${planted}; ${backend === 'cookie' ? '' : ended}; ${good}`,
        });
        expect((await inFront).json.data).toEqual({ user: 'ada' });
        expect((await browser.get('/read', { cookie: `${good}; ${planted}` })).json.data.user).toBe('ada');
        expect((await browser.get('/read', { cookie: planted })).json.isNew).toBe(true);
        const answer = await browser.post('/set', { key: 'a', value: 1 }, { cookie: `${planted}; ${good}` });
        expect(answer.status).toBe(200);
        if (backend !== 'cookie')
          expect((await browser.get('/read')).json.data).toEqual({ user: 'ada', a: 1 });
      });

      test('a token of another purpose is no session', async () => {
        const browser = await open({ config });
        await browser.get('/form');
        const csrfId = (await browser.cookie('keyturn.csrf')) as string;
        expect(csrfId).toBeDefined();
        expect((await browser.get('/read', { cookie: `${SID}=${csrfId}` })).json.isNew).toBe(true);
      });

      test('the user agent sees the exact name and attributes in each profile', async () => {
        const attributes = async (profile: 'dev' | 'test' | 'prod', cookie: Record<string, unknown> = {}) => {
          const browser = await open({ profile, config: { session: { backend, idle: '1h', cookie } } });
          const [header] = (await browser.post('/sign-in', { user: 'ada' })).setCookies;
          await app?.close();
          return (header as string).replace(/=k[ts]1\.[\w.-]+/, '=…');
        };
        expect(await attributes('dev')).toBe('keyturn.sid=…; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax');
        expect(await attributes('test')).toBe('keyturn.sid=…; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax');
        expect(await attributes('prod')).toBe(
          '__Host-keyturn.sid=…; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax',
        );
        expect(await attributes('prod', { domain: 'example.com' })).toBe(
          '__Secure-keyturn.sid=…; Max-Age=3600; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
        );
        expect(await attributes('prod', { path: '/app', same_site: 'strict' })).toBe(
          '__Secure-keyturn.sid=…; Max-Age=3600; Path=/app; HttpOnly; Secure; SameSite=Strict',
        );
        expect(
          await attributes('prod', {
            partitioned: true,
            same_site: 'none',
            persistent: false,
            name: 'app.sid',
          }),
        ).toBe('__Host-app.sid=…; Path=/; HttpOnly; Secure; Partitioned; SameSite=None');
        app = undefined;
      });

      test('in production the session works under its __Host- name', async () => {
        const browser = await open({ profile: 'prod', config });
        await browser.post('/sign-in', { user: 'ada' });
        expect((await browser.get('/read')).json.data.user).toBe('ada');
        expect(await browser.cookie('__Host-keyturn.sid')).toBeDefined();
      });

      test('data after destroy() is an error for the programmer, not a silent loss', async () => {
        const browser = await open({ config });
        await browser.post('/sign-in', { user: 'ada' });
        const answer = await browser.post('/after-destroy');
        expect(answer.status).toBe(500);
        // An error all the same, and no reason to stay signed in.
        expect(await browser.cookie(SID)).toBeUndefined();
        expect((await browser.get('/read')).json.isNew).toBe(true);
      });

      test.each([
        'throws',
        'empties-itself',
        'begins-badly',
      ])('whoever signs out is signed out, also where the handler %s afterwards', async (how) => {
        const browser = await open({ config });
        await browser.post('/sign-in', { user: 'ada' });
        const copied = `${SID}=${await browser.cookie(SID)}`;
        expect((await browser.post(`/destroy-and-${how}`)).status).toBe(500);
        expect(await browser.cookie(SID)).toBeUndefined();
        expect((await browser.get('/read')).json.isNew).toBe(true);
        if (backend !== 'cookie')
          expect((await browser.get('/read', { cookie: copied })).json.isNew).toBe(true);
      });

      test('names of methods are no names for data', async () => {
        const browser = await open({ config });
        for (const key of ['id', 'destroy', 'constructor', 'toJSON', '__proto__']) {
          expect((await browser.post('/set', { key, value: { polluted: true } })).status).toBe(500);
        }
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      });

      test("a user's epoch ends all sessions saved before it", async () => {
        let epoch = 1;
        const browser = await open({
          config,
          http: { epoch: (values) => (values.user === undefined ? undefined : epoch) },
        });
        await browser.post('/sign-in', { user: 'ada' });
        const copied = (await browser.cookie(SID)) as string;
        expect((await browser.get('/read')).json.data.user).toBe('ada');
        epoch = 2;
        expect((await browser.get('/read')).json.isNew).toBe(true);
        await browser.post('/sign-in', { user: 'ada' });
        expect((await browser.get('/read')).json.data.user).toBe('ada');
        expect((await browser.get('/read', { cookie: `${SID}=${copied}` })).json.isNew).toBe(true);
      });

      test('an epoch that has to be looked up is waited for', async () => {
        const browser = await open({
          config,
          http: {
            epoch: async (values) => {
              await setImmediate();
              return values.user === 'ada' ? 'x' : undefined;
            },
          },
        });
        await browser.post('/sign-in', { user: 'ada' });
        expect((await browser.get('/read')).json.data.user).toBe('ada');
      });

      test('a session that was ended by an epoch is not saved back to life by a slower request', async () => {
        let asked = Number.NEGATIVE_INFINITY;
        const epoch = (values: { readonly user?: unknown }) => {
          asked += 1;
          return values.user === undefined ? undefined : asked > 1 ? 2 : 1;
        };
        const browser = await open({ config, http: { epoch } });
        await browser.post('/sign-in', { user: 'ada' });
        // Another epoch begins after the session has been opened.
        asked = 0;
        const answer = await browser.post('/set', { key: 'cart', value: ['late'] });
        expect([answer.status, answer.setCookies]).toEqual([200, []]);
        expect((await browser.get('/read')).json).toMatchObject({ isNew: true, data: {} });
      });

      test('who signs out everywhere else stays in with a new id', async () => {
        let asked = Number.NEGATIVE_INFINITY;
        const epoch = (values: { readonly user?: unknown }) => {
          asked += 1;
          return values.user === undefined ? undefined : asked > 1 ? 2 : 1;
        };
        const browser = await open({ config, http: { epoch } });
        await browser.post('/sign-in', { user: 'ada' });
        const elsewhere = `${SID}=${await browser.cookie(SID)}`;
        // The request begins it after its session has been opened.
        asked = 0;
        await browser.post('/slow-elevate', { epoch: 2 });
        asked = 2;
        expect((await browser.get('/read')).json.data).toEqual({ user: 'ada', elevated: true });
        expect((await browser.get('/read', { cookie: elsewhere })).json.isNew).toBe(true);
      });

      test('a slower request that takes a new id does not outlive the epoch of its user', async () => {
        let asked = Number.NEGATIVE_INFINITY;
        const epoch = (values: { readonly user?: unknown }) => {
          asked += 1;
          return values.user === undefined ? undefined : asked > 1 ? 2 : 1;
        };
        const browser = await open({ config, http: { epoch } });
        await browser.post('/sign-in', { user: 'ada' });
        // Another epoch begins after the session has been opened.
        asked = 0;
        expect((await browser.post('/slow-elevate')).status).toBe(200);
        expect((await browser.get('/read')).json.data).toEqual({ elevated: true });
      });

      test('an epoch goes with the data that is saved, whichever way somebody signs in', async () => {
        const browser = await open({
          config,
          http: { epoch: (values) => (values.user === undefined ? undefined : `of ${values.user}`) },
        });
        await browser.post('/set', { key: 'cart', value: ['book'] });
        for (const user of ['ada', 'grace']) {
          expect((await browser.post('/sign-in-by-update', { user })).status).toBe(200);
          expect((await browser.get('/read')).json.data).toEqual({ cart: ['book'], user });
        }
        await browser.post('/set', { key: 'user', value: 'edsger' });
        expect((await browser.get('/read')).json.data.user).toBe('edsger');
      });

      test('an epoch may be a thenable of a database client, and must not be an object', async () => {
        let epoch: unknown = 1;
        const browser = await open({
          config,
          http: { epoch: () => ({ then: (done: (value: unknown) => void) => done(epoch) }) as never },
        });
        await browser.post('/sign-in', { user: 'ada' });
        expect((await browser.get('/read')).json.data.user).toBe('ada');
        epoch = 2;
        expect((await browser.get('/read')).json.isNew).toBe(true);
        epoch = { epoch: 2 };
        expect((await browser.post('/sign-in', { user: 'ada' })).status).toBe(500);
      });

      test('update() keeps what is edited beside it', async () => {
        const browser = await open({ config });
        await browser.post('/set', { key: 'list', value: ['before'] });
        const expected = { list: ['before', 'after'], pending: 1, during: 2, count: 1 };
        expect((await browser.post('/update-beside')).json).toEqual(expected);
        expect((await browser.get('/read')).json.data).toEqual(expected);
        expect((await browser.post('/updates-at-once')).json.count).toBe(6);
        expect((await browser.get('/read')).json.data.count).toBe(6);
      });

      test('an edit made while update() is saving is the later one', async () => {
        const browser = await open({ config });
        await browser.post('/set', { key: 'a', value: 'before' });
        expect((await browser.post('/edit-while-updating')).status).toBe(200);
        expect((await browser.get('/read')).json.data).toEqual({ a: 'mine', other: true });
      });

      test('update() takes what the session takes', async () => {
        const browser = await open({ config });
        await browser.post('/set', { key: 'a', value: 1 });
        expect((await browser.post('/update-with', { key: 'a', value: 2 })).json.code).toBeNull();
        await browser.post('/update-with', { key: 'id', value: 'x' });
        await browser.post('/update-with', { key: 'a', bigint: true });
        expect((await browser.get('/read')).json.data).toEqual({ a: 2 });
        expect(({} as Record<string, unknown>).x).toBeUndefined();
      });

      test('ending and beginning in one request: the last word counts', async () => {
        const browser = await open({ config });
        await browser.post('/sign-in', { user: 'ada' });
        await browser.post('/destroy-and-sign-in', { user: 'grace' });
        expect((await browser.get('/read')).json.data).toEqual({ user: 'grace' });
        expect((await browser.post('/destroy-and-update')).status).toBe(500);
        expect((await browser.get('/read')).json.isNew).toBe(true);
        await browser.post('/sign-in-and-destroy', { user: 'ada' });
        expect(await browser.cookie(SID)).toBeUndefined();
        expect((await browser.get('/read')).json.isNew).toBe(true);
      });

      test('an error that comes with saving is private where the page was, and sends no half of it', async () => {
        const browser = await open({ config });
        const answer = await browser.get('/too-large');
        expect(answer.status).toBe(500);
        expect(answer.headers.get('cache-control')).toBe('private');
        expect(await browser.cookie('keyturn.flash')).toBeUndefined();
        expect((await browser.get('/flash')).json).toEqual({});
      });

      describe('through a rotation', () => {
        const before = ringOf([SECRET, 'active']);
        const staged = ringOf([SECRET, 'active'], [OTHER_SECRET, 'staged']);
        const promoted = ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']);
        const rolledBack = ringOf([SECRET, 'active'], [OTHER_SECRET, 'retiring']);
        const retired = ringOf([OTHER_SECRET, 'active'], [SECRET, 'retired']);
        const revoked = ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']);
        const kid = (token: string | undefined) => (token as string).slice(4, 12);

        test('a stale cookie is signed again: same dates, configured attributes, once', async () => {
          const browser = await open({ config: { session: { backend, idle: '10h' } } });
          useRing(keyturn, before);
          await browser.post('/sign-in', { user: 'ada' });
          const old = await browser.cookie(SID);
          useRing(keyturn, staged);
          expect((await browser.get('/read')).setCookies).toEqual([]);
          useRing(keyturn, promoted);
          clock.advance(600);
          const again = await browser.get('/read');
          expect(again.json.data.user).toBe('ada');
          expect(again.setCookies).toHaveLength(1);
          expect(again.setCookies[0]).toMatch(/; Max-Age=35400; Path=\/; HttpOnly; SameSite=Lax$/);
          const renewed = await browser.cookie(SID);
          expect(kid(renewed)).toBe(promoted.active.id);
          expect((renewed as string).slice(13, 25)).toBe((old as string).slice(13, 25));
          expect((await browser.get('/read')).setCookies).toEqual([]);
          useRing(keyturn, retired);
          expect((await browser.get('/read')).json.data.user).toBe('ada');
        });

        test('not on unsafe requests, and not on a publicly cacheable answer', async () => {
          const browser = await open({ config });
          await browser.post('/sign-in', { user: 'ada' });
          useRing(keyturn, promoted);
          expect((await browser.post('/set', { key: 'user', value: 'ada' })).setCookies).toEqual([]);
          expect((await browser.get('/read-public')).setCookies).toEqual([]);
          expect((await browser.get('/read-shared')).setCookies).toEqual([]);
          expect((await browser.ask('/read', { method: 'HEAD' })).setCookies).toHaveLength(1);
          useRing(keyturn, rolledBack);
          expect((await browser.get('/read')).setCookies).toHaveLength(1);
        });

        test('a token of a staged key is never signed back to an older one', async () => {
          const browser = await open({ config });
          useRing(keyturn, promoted);
          await browser.post('/sign-in', { user: 'ada' });
          useRing(keyturn, staged);
          const answer = await browser.get('/read');
          expect(answer.json.data.user).toBe('ada');
          expect(answer.setCookies).toEqual([]);
        });

        test('a rollback keeps those who signed in meanwhile', async () => {
          const browser = await open({ config });
          useRing(keyturn, promoted);
          await browser.post('/sign-in', { user: 'ada' });
          useRing(keyturn, rolledBack);
          const answer = await browser.get('/read');
          expect(answer.json.data.user).toBe('ada');
          expect(kid(await browser.cookie(SID))).toBe(rolledBack.active.id);
        });

        test('revoking ends the session at once', async () => {
          const browser = await open({ config });
          await browser.post('/sign-in', { user: 'ada' });
          useRing(keyturn, revoked);
          expect((await browser.get('/read')).json.isNew).toBe(true);
          expect(logger.records).toContainEqual(
            expect.objectContaining({
              facts: expect.objectContaining({
                event: 'token.refused',
                purpose: 'session',
                reason: 'revoked_key',
              }),
            }),
          );
        });

        test('a form that was open all the while is accepted', async () => {
          const browser = await open({ config });
          await browser.post('/sign-in', { user: 'ada' });
          const { token } = (await browser.get('/form')).json;
          useRing(keyturn, promoted);
          await browser.get('/read');
          expect((await browser.post('/protected', { _csrf: token })).status).toBe(200);
        });
      });
    });
  }

  describe(`${name}: sessions in the cookie, their limits`, () => {
    test('one that would be longer than browsers keep is an error for the programmer, and loses nothing', async () => {
      const browser = await open();
      await browser.post('/sign-in', { user: 'ada' });
      const answer = await browser.post('/set', { key: 'big', value: 'x'.repeat(4000) });
      expect(answer.status).toBe(500);
      expect(answer.setCookies).toEqual([]);
      expect(answer.text).toContain('4096');
      expect((await browser.get('/read')).json.data).toEqual({ user: 'ada' });
    });

    test('of two requests at once the last response wins', async () => {
      const browser = await open();
      await browser.post('/set', { key: 'a', value: 1 });
      const slower = browser.post('/set', { key: 'a', value: 'slow', slow: true });
      await slow.reached();
      await browser.post('/set', { key: 'a', value: 'fast' });
      slow.open();
      await slower;
      expect((await browser.get('/read')).json.data.a).toBe('slow');
    });
  });

  describe.each([inMemory, ...engines])(`${name}: sessions in $name, with requests at once`, (engine) => {
    const config = { session: { backend: 'memory' } };
    const newStore = engineOf(engine);

    const open: typeof openApp = (options = {}) =>
      openApp(engine === inMemory ? options : { ...options, http: { store: newStore(), ...options.http } });

    test('50 that add through update() end with 50', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'items', value: [] });
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, item) => browser.post('/add', { item })),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200));
      const { items } = (await browser.get('/read')).json.data;
      expect([...items].sort((a: number, b: number) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, item) => item),
      );
    });

    test('50 that edit different properties lose none', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'start', value: true });
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => browser.post('/set', { key: `k${n}`, value: n, beside: 50 })),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200));
      expect(Object.keys((await browser.get('/read')).json.data)).toHaveLength(51);
    });

    test('of two that edit the same property one gets the conflict', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'a', value: 0 });
      const answers = await Promise.all(
        [1, 2].map((value) => browser.post('/set', { key: 'a', value, beside: 2 })),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    });

    test('of moments that requests note at once the later stays, and where the last may win it does', async () => {
      const browser = await open({ config, http: { lastWins: ['page'] } });
      const at = clock.now;
      for (const [key, values, expected] of [
        ['lastSeen', [at + 4, at + 5, at + 3], at + 5],
        ['lastSecond', [1, 2, 3].map((n) => Math.floor(at / 1000) + n), Math.floor(at / 1000) + 3],
        ['lastDate', [1, 3, 2].map((n) => new Date(at + n).toISOString()), new Date(at + 3).toISOString()],
        ['page', ['/a', '/b', '/c'], expect.stringMatching(/^.[abc]$/)],
      ] as const) {
        await browser.post('/set', { key, value: at });
        const answers = await Promise.all(
          values.map((value) => browser.post('/set', { key, value, beside: 3 })),
        );
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
        expect((await browser.get('/read')).json.data[key]).toEqual(expected);
      }
    });

    test('of two that count, one is told, though both come to the same number', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'n', value: 5 });
      const answers = await Promise.all(
        [6, 6].map((value) => browser.post('/set', { key: 'n', value, beside: 2 })),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    });

    test('a slower request does not undo a sign-out', async () => {
      const browser = await open({ config });
      await browser.post('/sign-in', { user: 'ada' });
      const copied = (await browser.cookie(SID)) as string;
      const slower = browser.post('/set', { key: 'cart', value: ['late'], slow: true });
      await slow.reached();
      await browser.post('/sign-out');
      slow.open();
      expect((await slower).status).toBe(200);
      expect((await browser.get('/read')).json.isNew).toBe(true);
      expect((await browser.get('/read', { cookie: `${SID}=${copied}` })).json.isNew).toBe(true);
    });

    test('of two that make the same edit none gets a conflict', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'a', value: 0 });
      const edit = { key: 'a', value: { same: [1] }, beside: 2 };
      const answers = await Promise.all([browser.post('/set', edit), browser.post('/set', edit)]);
      expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    });

    test('one that was ended while it was used is not extended', async () => {
      const store = { ...wrappedStore(newStore(), (_name, answer) => answer()), touch: () => false };
      const browser = await open({ http: { store } });
      await browser.post('/sign-in', { user: 'ada' });
      clock.advance(DAY);
      expect((await browser.get('/read')).setCookies).toEqual([]);
    });

    test('one that another version has saved, with names that are reserved now, does no harm', async () => {
      const kept = newStore();
      const store: SessionStore = {
        ...wrappedStore(kept, (_name, answer) => answer()),
        get: async (id) => {
          const stored = await kept.get(id);
          const text = stored?.text.replace(
            '"data":{',
            '"data":{"id":"x","destroy":1,"__proto__":{"evil":1},',
          );
          return stored && { ...stored, text: text as string };
        },
      };
      const browser = await open({ http: { store } });
      const { id } = (await browser.post('/sign-in', { user: 'ada' })).json;
      expect((await browser.get('/read')).json).toEqual({ id, isNew: false, data: { user: 'ada' } });
      await browser.post('/sign-out');
      expect(await browser.cookie(SID)).toBeUndefined();
    });

    test('saving sends no cookie unless one is due', async () => {
      const browser = await open({
        config: { session: { backend: 'memory', idle: '10h', roll_after: '1h' } },
      });
      await browser.post('/sign-in', { user: 'ada' });
      clock.advance(3599);
      expect((await browser.post('/set', { key: 'a', value: 1 })).setCookies).toEqual([]);
      expect((await browser.post('/add', { item: 1 })).setCookies).toEqual([]);
      clock.advance(1);
      expect((await browser.post('/set', { key: 'a', value: 2 })).setCookies).toEqual([
        expect.stringContaining('; Max-Age=36000;'),
      ]);
      expect((await browser.get('/read')).json.data).toEqual({ user: 'ada', items: [1], a: 2 });
    });

    test('a slower request does not end the session of somebody who has signed in meanwhile', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'cart', value: [] });
      const slower = browser.post('/set', { key: 'cart', value: ['late'], slow: true });
      await slow.reached();
      await browser.post('/sign-in', { user: 'ada' });
      slow.open();
      expect((await slower).setCookies).toEqual([]);
      expect((await browser.get('/read')).json.data).toEqual({ user: 'ada' });
    });

    test('a slower request that takes a new id does not undo a sign-out', async () => {
      const browser = await open({ config });
      await browser.post('/sign-in', { user: 'ada' });
      const slower = browser.post('/slow-elevate', { slow: true });
      await slow.reached();
      await browser.post('/sign-out');
      slow.open();
      expect((await slower).status).toBe(200);
      expect((await browser.get('/read')).json.data).toEqual({ elevated: true });
    });

    test('of two edits in one request, one by update(), that clash nothing of the update is saved', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'a', value: 'before' });
      expect((await browser.post('/update-clash')).json).toEqual({ code: 'session_conflict' });
      expect((await browser.get('/read')).json.data).toEqual({ a: 'kept' });
    });

    test('update() refuses reserved names and what JSON cannot carry', async () => {
      const browser = await open({ config });
      await browser.post('/set', { key: 'a', value: 1 });
      for (const change of [
        { key: 'id', value: 'x' },
        { key: 'a', bigint: true },
      ]) {
        expect((await browser.post('/update-with', change)).json.code).toBe('session_invalid');
      }
    });

    test('saving takes one write of the store, ending one, and reading one look', async () => {
      const calls: string[] = [];
      const store = wrappedStore(newStore(), (name, answer) => {
        calls.push(name);
        return answer();
      });
      const browser = await open({ http: { store } });
      const count = async (path: string, body?: unknown) => {
        calls.length = 0;
        await (body === undefined ? browser.get(path) : browser.post(path, body));
        return calls.join(' ');
      };
      expect(await count('/read')).toBe('');
      expect(await count('/set', { key: 'a', value: 1 })).toBe('put');
      expect(await count('/read')).toBe('get');
      expect(await count('/set', { key: 'a', value: 2 })).toBe('get put');
      expect(await count('/add', { item: 1 })).toBe('get put');
      expect(await count('/update-twice', {})).toBe('get put put');
      clock.advance(DAY);
      expect(await count('/read')).toBe('get touch');
      expect(await count('/sign-in', { user: 'ada' })).toBe('get put destroy');
      expect(await count('/sign-out', {})).toBe('get destroy');
      expect(await count('/read', undefined)).toBe('');
    });

    test('a store that fails at sign-in leaves the visitor where he was, and tells him nothing', async () => {
      const store = newStore();
      const browser = await open({ http: { store } });
      await browser.post('/set', { key: 'cart', value: ['book'] });
      const put = store.put.bind(store);
      const failures = [
        () => {
          throw new Error('out of reach: 10.1.2.3');
        },
        () => Promise.reject(new Error('out of reach: 10.1.2.3')),
      ];
      for (const fail of failures) {
        store.put = fail;
        const answer = await browser.post('/sign-in', { user: 'ada' });
        expect(answer.status).toBe(503);
        expect(answer.setCookies).toEqual([]);
        expect(answer.text).not.toContain('10.1.2.3');
      }
      store.put = put;
      expect((await browser.get('/read')).json.data).toEqual({ cart: ['book'] });
    });

    test('a store that fails at reading signs nobody out, and nobody in', async () => {
      const store = newStore();
      const browser = await open({ http: { store } });
      await browser.post('/sign-in', { user: 'ada' });
      const get = store.get.bind(store);
      store.get = () => {
        throw new Error('out of reach');
      };
      for (const answer of [await browser.get('/read'), await browser.post('/sign-out')]) {
        expect(answer.status).toBe(503);
        expect(answer.setCookies).toEqual([]);
      }
      expect((await browser.get('/read', { cookie: '' })).status).toBe(200);
      store.get = get;
      expect((await browser.get('/read')).json.data).toEqual({ user: 'ada' });
    });

    test('update() on a session that was signed out meanwhile says so', async () => {
      const store = newStore();
      const browser = await open({ config, http: { store, user: (values) => values.user as string } });
      await browser.post('/sign-in', { user: 'ada' });
      const put = store.put.bind(store);
      store.put = async (id, record, expected) => {
        // Between opening and updating, the session is ended from elsewhere.
        await store.destroy(id, clock.now + DAY * 1000);
        return put(id, record, expected);
      };
      expect((await browser.post('/add', { item: 1 })).status).toBe(401);
    });

    test('all sessions of a user can be listed and ended', async () => {
      const store = newStore();
      const browser = await open({ http: { store, user: (values) => values.user as string | undefined } });
      const phone = new Browser(app?.url as string);
      await browser.post('/sign-in', { user: 'ada' });
      await phone.post('/sign-in', { user: 'ada' });
      const sessions = await store.listUser('ada');
      expect(sessions).toHaveLength(2);
      for (const { id, expiresAt } of sessions) await store.destroy(id, expiresAt);
      expect((await browser.get('/read')).json.isNew).toBe(true);
      expect((await phone.get('/read')).json.isNew).toBe(true);
    });
  });

  describe(`${name}: CSRF`, () => {
    test('before sign-in, at sign-in and after it', async () => {
      const browser = await open();
      expect((await browser.post('/protected', {})).status).toBe(403);
      const first = (await browser.get('/form')).json.token;
      expect(await browser.cookie('keyturn.csrf')).toBeDefined();
      expect((await browser.post('/protected', { _csrf: first })).status).toBe(200);
      const signIn = await browser.post('/protected-sign-in', { user: 'ada', _csrf: first });
      expect(signIn.status).toBe(200);
      expect(await browser.cookie('keyturn.csrf')).toBeUndefined();
      expect((await browser.post('/protected', { _csrf: first })).status).toBe(403);
      const second = (await browser.get('/form')).json.token;
      expect((await browser.post('/protected', { _csrf: second })).status).toBe(200);
      const third = (await browser.post('/sign-out-and-form')).json.token;
      expect((await browser.post('/protected', { _csrf: second })).status).toBe(403);
      expect((await browser.post('/protected', { _csrf: first })).status).toBe(403);
      expect((await browser.post('/protected', { _csrf: third })).status).toBe(200);
    });

    test('after a sign-out the id from before is not used again', async () => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      const after = (await browser.post('/sign-out-and-form')).json.token;
      expect((await browser.post('/protected', { _csrf: token })).status).toBe(403);
      expect((await browser.post('/protected', { _csrf: after })).status).toBe(200);
    });

    test('signing out takes the cookie that stood in for a session along', async () => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      await browser.post('/sign-out');
      expect(await browser.cookie('keyturn.csrf')).toBeUndefined();
      expect((await browser.post('/protected', { _csrf: token })).status).toBe(403);
    });

    test('where there is no route the answer says so, and not that a token is missing', async () => {
      const browser = await open();
      expect((await browser.post('/nowhere')).status).toBe(404);
    });

    test('its cookie is extended with the pages that are made, and signed again when it is stale', async () => {
      const browser = await open({ config: { purposes: { 'csrf-id': { max_age: '10h' } } } });
      useRing(keyturn, ringOf([SECRET, 'active']));
      const { token } = (await browser.get('/form')).json;
      const made = (await browser.cookie('keyturn.csrf')) as string;
      clock.advance(5 * 3600);
      expect((await browser.get('/form')).setCookies).toEqual([]);
      useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
      await browser.get('/form');
      const again = (await browser.cookie('keyturn.csrf')) as string;
      expect(again.slice(13, 25)).toBe(made.slice(13, 25));
      expect(again.slice(4, 12)).not.toBe(made.slice(4, 12));
      clock.advance(1);
      await browser.get('/form');
      expect(((await browser.cookie('keyturn.csrf')) as string).slice(13, 25)).not.toBe(made.slice(13, 25));
      expect((await browser.post('/protected', { _csrf: token })).status).toBe(200);
    });

    test('the token is taken from a form field or the header', async () => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      expect((await browser.ask('/protected', { method: 'POST', form: { _csrf: token } })).status).toBe(200);
      expect((await browser.post('/protected', {}, { 'x-csrf-token': token })).status).toBe(200);
      expect((await browser.post('/protected', { _csrf: [token] })).status).toBe(403);
      expect((await browser.post('/protected', { _csrf: { $ne: '' } })).status).toBe(403);
    });

    test('every page gets another token, and each works', async () => {
      const browser = await open();
      const [one, two] = (await browser.get('/forms')).json.tokens;
      expect(one).not.toBe(two);
      expect((await browser.post('/protected', { _csrf: one })).status).toBe(200);
      expect((await browser.post('/protected', { _csrf: two })).status).toBe(200);
    });

    test('a page with a token is private', async () => {
      const browser = await open();
      await browser.get('/form');
      const again = await browser.get('/form');
      expect(again.setCookies).toEqual([]);
      expect(again.headers.get('cache-control')).toBe('private');
    });

    test('of several cookies that stand in for a session the first that is genuine counts', async () => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      const good = `keyturn.csrf=${await browser.cookie('keyturn.csrf')}`;
      const cookie = `keyturn.csrf=planted; keyturn.csrf=; ${good}`;
      expect((await browser.post('/protected', { _csrf: token }, { cookie })).status).toBe(200);
    });

    test("an attacker's own token is refused, before and after sign-in", async () => {
      const browser = await open();
      const attacker = new Browser(app?.url as string);
      const theirs = (await attacker.get('/form')).json.token;
      await browser.get('/form');
      expect((await browser.post('/protected', { _csrf: theirs })).status).toBe(403);
      await browser.post('/sign-in', { user: 'ada' });
      await attacker.post('/sign-in', { user: 'mallory' });
      const signedIn = (await attacker.get('/form')).json.token;
      expect((await browser.post('/protected', { _csrf: signedIn })).status).toBe(403);
    });

    test('tokens of one page have nothing in common that is secret (BREACH)', async () => {
      const browser = await open();
      const [one, two] = (await browser.get('/forms')).json.tokens as [string, string];
      // After version, key id, dates and the quotation mark of the payload, which anybody may know. Pieces so long
      // that two of them are never the same by chance: shorter ones were, once in a few thousand runs.
      const LONG = 12;
      const secret = (token: string) => token.slice(28);
      const pieces = (token: string) =>
        Array.from({ length: secret(token).length - LONG + 1 }, (_, at) =>
          secret(token).slice(at, at + LONG),
        );
      const known = new Set(pieces(two));
      expect(pieces(one).filter((piece) => known.has(piece))).toEqual([]);
    });

    test('where it comes from is looked at first: a forged request learns nothing of its token', async () => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      for (const body of [{}, { _csrf: 'x' }, { _csrf: token }])
        await browser.post('/protected', body, cross);
      for (const body of [{}, { _csrf: token }])
        await browser.post('/protected', body, { origin: 'https://evil.example' });
      const refusals = logger.records.filter(({ facts }) => facts.event === 'csrf.refused');
      const reasons = [...Array(3).fill('cross_site'), ...Array(2).fill('foreign_origin')];
      expect(refusals.map(({ facts }) => facts.reason)).toEqual(reasons);
    });

    describe('nobody is signed in to an account of the attacker (login CSRF)', () => {
      const signIn = async (victim: Browser, token: string, headers: Record<string, string> = {}) => {
        const form = { user: 'mallory', _csrf: token };
        const { status } = await victim.ask('/protected-sign-in', { method: 'POST', form, headers });
        const { user } = (await victim.get('/read')).json.data;
        return [status, user];
      };
      const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

      test('by a form on another site, with a token of theirs', async () => {
        const victim = await open();
        const { token } = (await new Browser(app?.url as string).get('/form')).json;
        // An old browser says nothing of where the form was.
        for (const headers of [cross, {}]) {
          expect(await signIn(victim, token, headers)).toEqual([403, undefined]);
          expect(await signIn(victim, '', headers)).toEqual([403, undefined]);
        }
        await victim.get('/form');
        for (const headers of [cross, {}])
          expect(await signIn(victim, token, headers)).toEqual([403, undefined]);
        await victim.post('/sign-in', { user: 'ada' });
        for (const headers of [cross, {}]) expect(await signIn(victim, token, headers)).toEqual([403, 'ada']);
      });

      test('by a hostile sibling that can plant cookies', async () => {
        const victim = await open();
        const mallory = new Browser(app?.url as string);
        const { token } = (await mallory.get('/form')).json;
        await victim.plant('keyturn.csrf', (await mallory.cookie('keyturn.csrf')) as string);
        const sibling = { 'sec-fetch-site': 'same-site', origin: 'http://evil.localhost' };
        expect(await signIn(victim, token, sibling)).toEqual([403, undefined]);
        expect(await signIn(victim, token, { origin: 'http://evil.localhost' })).toEqual([403, undefined]);
      });
    });

    for (const when of ['before', 'after'] as const) {
      test(`a form that is open through whole rotations ${when} sign-in is accepted, once revoked it is not`, async () => {
        const browser = await open();
        useRing(keyturn, ringOf([SECRET, 'active']));
        if (when === 'after') await browser.post('/sign-in', { user: 'ada' });
        const { token } = (await browser.get('/form')).json;
        const steps = [
          [ringOf([OTHER_SECRET, 'staged'], [SECRET, 'active']), 200],
          [ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']), 200],
          [ringOf([OTHER_SECRET, 'retiring'], [SECRET, 'active']), 200],
          [ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']), 200],
          [ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']), 403],
        ] as const;
        for (const [ring, status] of steps) {
          useRing(keyturn, ring);
          // Straight from the tab that was open, and with other tabs in use meanwhile.
          expect((await browser.post('/protected', { _csrf: token })).status).toBe(status);
          await browser.get('/read');
          await browser.get('/form');
          expect((await browser.post('/protected', { _csrf: token })).status).toBe(status);
        }
        const reloaded = (await browser.get('/form')).json.token;
        expect((await browser.post('/protected', { _csrf: reloaded })).status).toBe(200);
        expect((await browser.get('/read')).json.data.user).toBe(when === 'after' ? 'ada' : undefined);
      });
    }

    test('a page stays good when a session begins without a sign-in, in its own answer or another', async () => {
      const browser = await open();
      const { token } = (await browser.get('/form-then-data')).json;
      expect((await browser.post('/protected', { _csrf: token })).status).toBe(200);
      const other = new Browser(app?.url as string);
      const earlier = (await other.get('/form')).json.token;
      await other.post('/set', { key: 'cart', value: ['book'] });
      expect((await other.post('/protected', { _csrf: earlier })).status).toBe(200);
      await other.post('/sign-in', { user: 'ada' });
      expect((await other.post('/protected', { _csrf: earlier })).status).toBe(403);
    });

    test('of tabs that were opened before there was a cookie each works where the browser vouches, until then the last', async () => {
      const browser = await open();
      const before = await Promise.all(
        [1, 2, 3].map(() => browser.ask('/form', { headers: { cookie: '' } })),
      );
      const tokens = before.map(({ json }) => json.token);
      const own = { 'sec-fetch-site': 'same-origin' };
      for (const _csrf of tokens) expect((await browser.post('/protected', { _csrf }, own)).status).toBe(200);
      const accepted: number[] = [];
      for (const _csrf of tokens) accepted.push((await browser.post('/protected', { _csrf })).status);
      expect(accepted.sort()).toEqual([200, 403, 403]);
      // A sibling, or another site, is not helped by a token that it has fetched for itself.
      for (const site of ['same-site', 'cross-site', 'none'])
        expect(
          (
            await browser.post(
              '/protected',
              { _csrf: tokens[0], cookie: '' },
              { 'sec-fetch-site': site, cookie: '' },
            )
          ).status,
        ).toBe(403);
    });

    test('the form on the page that begins a session works, however it was made, in every tab', async () => {
      const browser = await open();
      const own = { 'sec-fetch-site': 'same-origin' };
      for (const path of ['/data-then-form', '/form-then-data']) {
        for (const seen of [false, true]) {
          const visitor = new Browser(app?.url as string);
          if (seen) await visitor.get('/form');
          const { token } = (await visitor.get(path)).json;
          expect((await visitor.post('/protected', { _csrf: token })).status).toBe(200);
        }
        const tabs = await Promise.all([1, 2, 3].map(() => browser.ask(path, { headers: { cookie: '' } })));
        for (const { json } of tabs)
          expect((await browser.post('/protected', { _csrf: json.token }, own)).status).toBe(200);
      }
    });

    test('a token of a session is worth nothing after its sign-out or another sign-in, vouched for or not', async () => {
      const browser = await open();
      await browser.post('/sign-in', { user: 'ada' });
      const { token } = (await browser.get('/form')).json;
      for (const next of ['/sign-out', '/sign-in']) {
        await browser.post(next, { user: 'grace' });
        for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }])
          expect(
            (await browser.post('/protected', { _csrf: token }, headers as Record<string, string>)).status,
          ).toBe(403);
      }
    });

    test('mode "headers" asks for no token, and refuses whoever says nothing of where it comes from', async () => {
      const browser = await open({
        config: { csrf: { mode: 'headers', origins: ['https://partner.example'] } },
      });
      const status = async (headers: Record<string, string>) =>
        (await browser.post('/protected', {}, headers)).status;
      for (const good of [
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'none' },
        { origin: app?.url as string },
        { origin: 'https://partner.example', 'sec-fetch-site': 'cross-site' },
      ])
        expect([good, await status(good as unknown as Record<string, string>)]).toEqual([good, 200]);
      for (const bad of [
        {},
        { origin: 'null' },
        { origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', origin: app?.url as string },
      ])
        expect([bad, await status(bad as unknown as Record<string, string>)]).toEqual([bad, 403]);
    });

    describe('a cookie that scripts read their token from', () => {
      const XSRF = 'XSRF-TOKEN';
      const config = { csrf: { cookie: XSRF } };
      /** What such a client does: whatever the cookie holds goes into the header. */
      const send = async (browser: Browser, path = '/protected', json: unknown = {}) =>
        (await browser.post(path, json, { 'x-xsrf-token': (await browser.cookie(XSRF)) ?? '' })).status;

      test('is there after any page, and goes on working through sign-in and sign-out', async () => {
        const browser = await open({ config });
        const page = await browser.get('/untouched');
        expect(page.headers.get('cache-control')).toBe('private');
        expect(page.setCookies.find((cookie) => cookie.startsWith(XSRF))).toMatch(
          /^XSRF-TOKEN=[\w.-]+; Path=\/; SameSite=Lax$/,
        );
        expect(await send(browser)).toBe(200);
        const first = await browser.cookie(XSRF);
        expect(await send(browser, '/protected-sign-in', { user: 'ada' })).toBe(200);
        expect(await browser.cookie(XSRF)).not.toBe(first);
        expect(await send(browser)).toBe(200);
        expect((await browser.get('/read')).setCookies).toEqual([]);
        await browser.post('/sign-out');
        expect(await send(browser)).toBe(200);
        expect(await send(browser, '/set', { key: 'cart', value: 1 })).toBe(200);
        expect(await send(browser)).toBe(200);
        expect((await browser.post('/protected', {}, { 'x-xsrf-token': first as string })).status).toBe(403);
      });

      test('is renewed in time, by the key in force, and never on a page that everybody gets', async () => {
        const browser = await open({ config });
        useRing(keyturn, ringOf([SECRET, 'active']));
        await browser.get('/untouched');
        expect((await browser.get('/untouched')).setCookies).toEqual([]);
        const renewed = async () =>
          (await browser.get('/untouched')).setCookies.some((cookie) => cookie.startsWith(XSRF));
        clock.advance(4 * DAY);
        expect((await browser.get('/read-public')).setCookies).toEqual([]);
        expect([await renewed(), await renewed()]).toEqual([true, false]);
        useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
        expect([await renewed(), await renewed()]).toEqual([true, false]);
        expect(await send(browser)).toBe(200);
      });

      test('is Secure in production, under the very name', async () => {
        const browser = await open({ config, profile: 'prod' });
        const { setCookies } = await browser.get('/untouched');
        expect(setCookies.find((cookie) => cookie.startsWith(`${XSRF}=`))).toMatch(
          /; Path=\/; Secure; SameSite=Lax$/,
        );
      });

      test('is not looked for where it is not switched on', async () => {
        const browser = await open();
        const { token } = (await browser.get('/form')).json;
        expect((await browser.post('/protected', {}, { 'x-xsrf-token': token })).status).toBe(403);
      });

      test.each(['a b', 'a=b', '__Host-x', 'keyturn.sid', ''])('cannot be called "%s"', async (cookie) => {
        await expect(open({ config: { csrf: { cookie } } })).rejects.toMatchObject({
          code: expect.stringMatching(/^(config|cookie)_invalid$/),
        });
      });
    });

    test('it expires, and safe methods need none', async () => {
      const browser = await open({ config: { purposes: { csrf: { max_age: '1h' } } } });
      const { token } = (await browser.get('/form')).json;
      clock.advance(3600);
      expect((await browser.post('/protected', { _csrf: token })).status).toBe(403);
      expect(
        (await browser.get('/read', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }))
          .status,
      ).toBe(200);
    });

    // What browsers send: [Origin, Sec-Fetch-Site, accepted].
    const OWN = '<own>';
    const COMBINATIONS: ReadonlyArray<readonly [string | undefined, string | undefined, boolean]> = [
      [OWN, 'same-origin', true],
      [OWN, undefined, true],
      ['null', 'same-origin', true],
      [undefined, 'same-origin', true],
      [undefined, 'none', true],
      ['null', 'none', false],
      [undefined, undefined, true],
      ['https://evil.example', 'cross-site', false],
      ['https://evil.example', undefined, false],
      // A proxy has rewritten Host: the browser has compared for itself.
      ['https://evil.example', 'same-origin', true],
      ['http://sibling.localhost', 'same-site', false],
      [undefined, 'same-site', false],
      [undefined, 'cross-site', false],
      [OWN, 'cross-site', false],
      [OWN, 'same-site', false],
      ['null', 'cross-site', false],
      ['null', 'same-site', false],
      ['null', undefined, false],
      ['http://localhost:1', undefined, false],
      ['not an origin', undefined, false],
      ['https://partner.example', 'cross-site', true],
      ['https://partner.example', undefined, true],
      ['https://partner.example.evil.example', 'cross-site', false],
      [OWN, 'something-new', false],
    ];

    for (const when of ['before', 'after'] as const) {
      test(`with a good token, each combination of Origin and Sec-Fetch-Site ${when} sign-in`, async () => {
        const browser = await open({ config: { csrf: { origins: ['https://partner.example'] } } });
        if (when === 'after') await browser.post('/sign-in', { user: 'ada' });
        const { token } = (await browser.get('/form')).json;
        for (const [origin, site, accepted] of COMBINATIONS) {
          const headers: Record<string, string> = { 'x-csrf-token': token };
          if (origin !== undefined) headers.origin = origin === OWN ? (app?.url as string) : origin;
          if (site !== undefined) headers['sec-fetch-site'] = site;
          const { status } = await browser.post('/protected', {}, headers);
          expect([origin, site, status]).toEqual([origin, site, accepted ? 200 : 403]);
        }
        // None of them is enough without the token.
        expect(
          (
            await browser.post(
              '/protected',
              {},
              { origin: app?.url as string, 'sec-fetch-site': 'same-origin' },
            )
          ).status,
        ).toBe(403);
      });
    }

    test('the refusal tells the client nothing and the log why', async () => {
      const browser = await open();
      const { token } = (await browser.get('/form')).json;
      const cross = await browser.post('/protected', { _csrf: token }, { 'sec-fetch-site': 'cross-site' });
      const altered = await browser.post('/protected', { _csrf: `${token.slice(0, -1)}_` });
      expect(cross.text).toBe(altered.text);
      expect(
        logger.records.filter(({ facts }) => facts.event === 'csrf.refused').map(({ facts }) => facts.reason),
      ).toEqual(['cross_site', 'token_refused']);
    });
  });

  describe(`${name}: flash messages`, () => {
    const messages = [
      ['info', 'Saved <b>'],
      ['info', 'Twice'],
      ['error', 'Ünicode'],
    ];

    test('are there on the next page, once', async () => {
      const browser = await open();
      await browser.post('/flash', { messages });
      const page = await browser.get('/flash');
      expect(page.json).toEqual({ info: ['Saved <b>', 'Twice'], error: ['Ünicode'] });
      expect(page.headers.get('cache-control')).toBe('private');
      expect(await browser.cookie('keyturn.flash')).toBeUndefined();
      const next = await browser.get('/flash');
      expect(next.json).toEqual({});
      expect(next.setCookies).toEqual([]);
    });

    test('left and taken on one page make it private, and send nothing', async () => {
      const browser = await open();
      const page = await browser.get('/flash-at-once');
      expect(page.json).toEqual({ info: ['for you alone'] });
      expect(page.headers.get('cache-control')).toBe('private');
      expect(page.setCookies).toEqual([]);
    });

    test('of several cookies the first that is genuine counts', async () => {
      const browser = await open();
      await browser.post('/flash', { messages: [['info', 'Saved']] });
      const good = `keyturn.flash=${await browser.cookie('keyturn.flash')}`;
      const answer = await browser.get('/flash', { cookie: `keyturn.flash=planted; ${good}` });
      expect(answer.json).toEqual({ info: ['Saved'] });
    });

    test('are told in answer to HEAD, and not taken', async () => {
      const browser = await open();
      await browser.post('/flash', { messages: [['info', 'Saved']] });
      for (const path of ['/flash', '/flash-info']) {
        const answer = await browser.ask(path, { method: 'HEAD' });
        expect([answer.status, answer.setCookies]).toEqual([200, []]);
        expect(answer.headers.get('cache-control')).toBe('private');
      }
      expect((await browser.get('/flash')).json).toEqual({ info: ['Saved'] });
    });

    test('of one type are taken, and the others wait', async () => {
      const browser = await open();
      await browser.post('/flash', { messages });
      await browser.get('/read');
      expect((await browser.get('/flash-info')).json).toEqual(['Saved <b>', 'Twice']);
      expect((await browser.get('/flash')).json).toEqual({ error: ['Ünicode'] });
    });

    test('expire, and survive neither tampering nor revocation', async () => {
      const browser = await open();
      await browser.post('/flash', { messages });
      const cookie = (await browser.cookie('keyturn.flash')) as string;
      expect(
        (await browser.get('/flash', { cookie: `keyturn.flash=${cookie.slice(0, -2)}xx` })).json,
      ).toEqual({});
      clock.advance(601);
      expect((await browser.get('/flash')).json).toEqual({});
    });

    test('of another shape, as another version may have left them, are none', async () => {
      const browser = await open();
      const signer = internalsOf(keyturn).ownSigner<unknown>('flash');
      for (const left of [[['info']], [[1, 2], 'x', null, ['info', 'good']], { length: 1 }, 'text', null]) {
        const cookie = `keyturn.flash=${signer.sign(left)}`;
        const good = Array.isArray(left) && left.length === 4 ? { info: ['good'] } : {};
        expect((await browser.get('/flash', { cookie })).json).toEqual(good);
      }
    });

    test('too many of them are an error for the programmer', async () => {
      const browser = await open();
      expect((await browser.post('/flash', { messages: [['info', 'x'.repeat(5000)]] })).status).toBe(500);
    });
  });
}
