// Stores of express-session as session stores: what each of their kinds does, and what the worst of them do.
import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openHttpCore } from '../../../src/http/open-http-core.js';
import { type ExpressStore, fromExpressStore } from '../../../src/sessions/stores/express.js';
import { wrapStore } from '../../../src/sessions/stores/wrap.js';
import { manualClock, sessionStoreContract } from '../../../src/testing/index.js';
import { memoryLogger, testKeyturn } from '../../support/keyturn.js';
import { likeBetterSqlite3, likeConnectMongo, likeFileStore, likeNobodyCares } from './express-shapes.js';

// Its types would give `req.session` another type in all tests.
const session = createRequire(import.meta.url)('express-session');
const START = Date.UTC(2026, 0, 1);
const ID = 'abcdefghijklmnopqrstuv';
const record = (expiresAt: number, text = '{}') => ({ text, createdAt: START, expiresAt });

const SHAPES: Readonly<Record<string, () => ExpressStore>> = {
  'the memory store of express-session': () => new session.MemoryStore(),
  'the shape of connect-mongo': likeConnectMongo,
  'the shape of better-sqlite3-session-store': likeBetterSqlite3,
  'the shape of session-file-store': likeFileStore,
  'async functions that call back twice': likeNobodyCares,
};

describe.each(Object.entries(SHAPES))('the contract of session stores, in %s', (_name, open) => {
  const make = () => {
    const clock = manualClock(START);
    const pass = (milliseconds: number) => clock.advance(milliseconds / 1000);
    return {
      store: fromExpressStore(open(), { clock: clock.read }),
      now: clock.read,
      pass,
      keepsNotes: true,
    };
  };
  for (const { name, run } of sessionStoreContract(make)) test(name, run);
});

/** What a store is given. */
function recorder(): { readonly store: ExpressStore; readonly given: Map<string, any> } {
  const given = new Map<string, any>();
  const store: ExpressStore = {
    get: (sid, callback) => callback(null, given.get(sid)),
    set: (sid, value, callback) => {
      given.set(sid, value);
      callback?.();
    },
    destroy: (sid, callback) => {
      given.delete(sid);
      callback?.();
    },
  };
  return { store, given };
}

describe('what such a store is asked', () => {
  test('nothing of an id that is new', async () => {
    const { store, given } = recorder();
    const asked = vi.spyOn(store, 'get');
    const clock = manualClock(START);
    await fromExpressStore(store, { clock: clock.read }).begin?.(ID, record(START + 1000));
    expect(given.has(ID)).toBe(true);
    expect(asked).not.toHaveBeenCalled();
  });

  test('nothing from when it says that it is disconnected until it is connected', async () => {
    const store = new session.MemoryStore();
    const clock = manualClock(START);
    const sessions = fromExpressStore(store, { clock: clock.read });
    expect(await sessions.put(ID, record(START + 1000), 0)).toBe('saved');
    const asked = [vi.spyOn(store, 'get'), vi.spyOn(store, 'set'), vi.spyOn(store, 'destroy')];
    store.emit('disconnect');
    await expect(sessions.get(ID)).rejects.toThrow('disconnected');
    await expect(sessions.begin?.('other', record(START + 1000))).rejects.toThrow('disconnected');
    await expect(sessions.destroy(ID, START + 1000)).rejects.toThrow('disconnected');
    for (const each of asked) expect(each).not.toHaveBeenCalled();
    store.emit('connect');
    expect(await sessions.get(ID)).toMatchObject({ version: 1 });
  });
});

describe('what such a store is given', () => {
  test('an end in every form that stores read, by their own clock, a minute after the session', async () => {
    const { store, given } = recorder();
    const clock = manualClock(START);
    const sessions = fromExpressStore(store, { clock: clock.read });
    const before = Date.now();
    await sessions.put(ID, record(START + 100_000), 0);
    const { cookie } = given.get(ID);
    expect(cookie.originalMaxAge).toBe(160_000);
    expect(cookie.expires.getTime()).toBeGreaterThanOrEqual(before + 160_000);
    expect(cookie.expires.getTime()).toBeLessThanOrEqual(Date.now() + 160_000);
    expect(cookie.maxAge).toBeLessThanOrEqual(160_000);
    expect(Object.keys(cookie)).toEqual(['originalMaxAge', 'expires', 'httpOnly', 'path']);
    await sessions.touch(ID, START + 300_000);
    expect(given.get(ID).cookie.originalMaxAge).toBe(360_000);
  });

  test('ids that can be the name of a file', async () => {
    const { store, given } = recorder();
    const sessions = fromExpressStore(store, { clock: () => START });
    await sessions.put('../../etc/ü', { ...record(START + 1000), user: '../ada' }, 0);
    expect([...given.keys()].filter((key) => !/^(?:id|user)\.[\w-]{43}$/.test(key))).toEqual([]);
    expect(await sessions.listUser('../ada')).toMatchObject([{ id: '../../etc/ü' }]);
  });

  test('a list of a user without sessions that are over, and none where there are none', async () => {
    const { store, given } = recorder();
    const clock = manualClock(START);
    const sessions = fromExpressStore(store, { clock: clock.read });
    const lists = () =>
      [...given]
        .filter(([key]) => key.startsWith('user.'))
        .map(([, { keyturn }]) => Object.keys(JSON.parse(keyturn)));
    await sessions.put('a', { ...record(START + 10_000), user: 'ada' }, 0);
    await sessions.put('b', { ...record(START + 100_000), user: 'ada' }, 0);
    expect(lists()).toEqual([['a', 'b']]);
    clock.advance(20);
    await sessions.put('c', { ...record(START + 200_000), user: 'ada' }, 0);
    expect(lists()).toEqual([['b', 'c']]);
    await sessions.destroy('b', START + 300_000);
    await sessions.destroy('c', START + 300_000);
    expect(lists()).toEqual([]);
  });

  test('a list of a user is not written anew with each save', async () => {
    const { store, given } = recorder();
    const clock = manualClock(START);
    const sessions = fromExpressStore(store, { clock: clock.read });
    const list = () => [...given].find(([key]) => key.startsWith('user.'))?.[1];
    await sessions.put(ID, { ...record(START + 100_000), user: 'ada' }, 0);
    const first = list();
    // Half as long again as the session had to live.
    await sessions.put(ID, { ...record(START + 150_000), user: 'ada' }, 1);
    expect(list()).toBe(first);
    await sessions.put(ID, { ...record(START + 150_001), user: 'ada' }, 2);
    expect(list()).not.toBe(first);
    expect(await sessions.listUser('ada')).toMatchObject([{ id: ID, expiresAt: START + 150_001 }]);
  });

  test('nothing that express-session has left there is taken for a session', async () => {
    const { store, given } = recorder();
    const sessions = fromExpressStore(store);
    for (const left of [
      { cookie: {}, userId: 42 },
      { keyturn: 'no JSON' },
      { keyturn: '{"version":"1"}' },
      'text',
    ]) {
      given.set(ID, left);
      expect(await sessions.get(ID)).toBeUndefined();
      expect(await sessions.ended(ID)).toBeUndefined();
    }
  });
});

describe('a store that fails', () => {
  const broken = (get: ExpressStore['get']): ExpressStore => ({ ...recorder().store, get });

  test('tells so by callback, by a promise or by an exception', async () => {
    const error = new Error('the disk is gone');
    const ways: ExpressStore['get'][] = [
      (_sid, callback) => callback(error),
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ];
    for (const get of ways) {
      const sessions = fromExpressStore(broken(get));
      await expect(sessions.get(ID)).rejects.toBe(error);
      await expect(sessions.put(ID, record(Date.now() + 1000), 0)).rejects.toBe(error);
    }
  });

  test('is not waited for without end when it never calls back, and the next one gets its turn', async () => {
    let calls = 0;
    const store = broken((_sid, callback) => {
      if (++calls > 1) callback(null, undefined);
    });
    const sessions = fromExpressStore(store, { timeout: 20 });
    const first = sessions.put(ID, record(Date.now() + 1000), 0);
    const second = sessions.put(ID, record(Date.now() + 1000), 0);
    await expect(first).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(await second).toBe('saved');
  });

  test('is refused where it is none, and a timeout that no timer can wait', () => {
    for (const given of [undefined, {}, session.MemoryStore, session])
      expect(() => fromExpressStore(given as never)).toThrow(
        expect.objectContaining({ code: 'store_invalid' }),
      );
    for (const timeout of [Infinity, 0, NaN, -1, '5s', 3e9, null] as never[])
      expect(() => fromExpressStore(recorder().store, { timeout })).toThrow(
        expect.objectContaining({ code: 'argument_invalid', hint: expect.stringContaining('milliseconds') }),
      );
  });
});

describe('a store that answers a write late', () => {
  /** Like {@link recorder}, but the next write to a key waits for `release`, and then comes to pass. */
  function slow() {
    const { store, given } = recorder();
    let held: string | undefined;
    let release = () => {};
    const waits = (sid: string, write: () => void) => {
      if (held === undefined || !sid.startsWith(held)) return write();
      held = undefined;
      release = write;
    };
    const late: ExpressStore = {
      ...store,
      set: (sid, value, callback) => waits(sid, () => store.set(sid, value, callback)),
      destroy: (sid, callback) => waits(sid, () => store.destroy(sid, callback)),
    };
    const hold = (start: string) => {
      held = start;
    };
    return { store: late, given, hold, release: () => release() };
  }
  const TIMED_OUT = { code: 'ETIMEDOUT' };
  /** In seconds of the timers, which here go on when they are told to. */
  const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('does not bring back a session that was signed out', async () => {
    const { store, hold, release } = slow();
    const sessions = fromExpressStore(store, { clock: () => START });
    const end = START + 3_600_000;
    await sessions.put(ID, record(end, 'signed in'), 0);
    hold(ID);
    const edit = expect(sessions.put(ID, record(end, 'edited'), 1)).rejects.toMatchObject(TIMED_OUT);
    await pass(5);
    await edit;
    const first = expect(sessions.destroy(ID, end)).rejects.toMatchObject(TIMED_OUT);
    await pass(5);
    await first;
    // Whoever comes now need not wait as well.
    await expect(sessions.touch(ID, end)).rejects.toMatchObject(TIMED_OUT);
    release();
    await pass(0);
    expect(await sessions.destroy(ID, end)).toBe(true);
    expect(await sessions.get(ID)).toBeUndefined();
    expect(await sessions.ended(ID)).toEqual({ at: START });
  });

  test('lets on whoever waits as soon as it has answered', async () => {
    const { store, hold, release } = slow();
    const sessions = fromExpressStore(store, { clock: () => START });
    const end = START + 3_600_000;
    await sessions.put(ID, record(end, 'signed in'), 0);
    hold(ID);
    const edit = expect(sessions.put(ID, record(end, 'edited'), 1)).rejects.toMatchObject(TIMED_OUT);
    const signedOut = sessions.destroy(ID, end);
    await pass(5);
    await edit;
    release();
    expect(await signedOut).toBe(true);
    expect(await sessions.get(ID)).toBeUndefined();
  });

  test.each([
    ['writes', 'a', 'b'],
    ['removes', undefined, 'b'],
  ])('does not lose a session of a user whose list it %s late', async (_what, saved, next) => {
    const { store, hold, release } = slow();
    const sessions = fromExpressStore(store, { clock: () => START });
    const end = START + 3_600_000;
    const own = { ...record(end), user: 'ada' };
    if (saved === undefined) await sessions.put('a', own, 0);
    hold('user.');
    const late = saved === undefined ? sessions.destroy('a', end) : sessions.put(saved, own, 0);
    const refused = expect(late).rejects.toMatchObject(TIMED_OUT);
    await pass(5);
    await refused;
    const second = sessions.put(next, own, 0);
    await pass(1);
    release();
    expect(await second).toBe('saved');
    expect((await sessions.listUser('ada')).map(({ id }) => id)).toEqual(['b']);
  });

  test('does not take the session for ever when it never answers', async () => {
    const { store, hold } = slow();
    const sessions = fromExpressStore(store, { clock: () => START });
    hold(ID);
    const lost = expect(sessions.put(ID, record(START + 1000), 0)).rejects.toMatchObject(TIMED_OUT);
    await pass(5);
    await lost;
    await pass(59);
    await expect(sessions.put(ID, record(START + 1000), 0)).rejects.toMatchObject(TIMED_OUT);
    await pass(1);
    expect(await sessions.put(ID, record(START + 1000), 0)).toBe('saved');
  });
});

test('a start says that there is no compare-and-set, also through what is put around the store', async () => {
  const logger = memoryLogger();
  const keyturn = await testKeyturn({ logger });
  await openHttpCore(keyturn, { store: wrapStore(fromExpressStore(recorder().store), {}) });
  expect(logger.records.map(({ facts }) => facts.event)).toContain('session.compares_in_process');
});
