// Stores of express-session as session stores: what each of their kinds does, and what the worst of them do.
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { HttpCore } from '../../../src/http/core.js';
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

  test('is refused where it is none', () => {
    for (const given of [undefined, {}, session.MemoryStore, session])
      expect(() => fromExpressStore(given as never)).toThrow(
        expect.objectContaining({ code: 'store_invalid' }),
      );
  });
});

test('a start says that there is no compare-and-set, also through what is put around the store', async () => {
  const logger = memoryLogger();
  const keyturn = await testKeyturn({ logger });
  await HttpCore.open(keyturn, { store: wrapStore(fromExpressStore(recorder().store), {}) });
  expect(logger.records.map(({ facts }) => facts.event)).toContain('session.compares_in_process');
});
