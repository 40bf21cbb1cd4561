// Whatever keeps a store from answering becomes one error, of which a visitor learns nothing.
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { KeyturnError } from '../../../src/errors.js';
import { memoryStore } from '../../../src/sessions/stores/memory.js';
import { ReachableStore } from '../../../src/sessions/stores/reachable.js';
import { sessionStoreContract } from '../../../src/testing/index.js';

const failing = (error: unknown, later: boolean) => {
  const store = memoryStore();
  store.get = () => {
    if (later) return Promise.reject(error) as never;
    throw error;
  };
  return new ReachableStore(store);
};

const failureOf = async (error: unknown, later: boolean) =>
  await Promise.resolve()
    .then(() => failing(error, later).get('x'))
    .then(
      () => undefined,
      (thrown) => thrown,
    );

describe('around a store that answers', () => {
  const pass = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
  const make = () => ({ store: new ReachableStore(memoryStore()), now: Date.now, pass, keepsNotes: true });
  for (const { name, run } of sessionStoreContract(make)) test(name, run);

  test('at once it answers at once', () => {
    expect(make().store.get('x')).toBeUndefined();
    const thenable = { then: (done: (value: boolean) => void) => done(true) };
    const inner = Object.assign(memoryStore(), { touch: () => thenable });
    expect(new ReachableStore(inner as never).touch('x', 1)).toBeInstanceOf(Promise);
  });
});

describe.each([false, true])('around one that fails, later: %s', (later) => {
  test('what it says is in the cause, and nothing that hangs onto it', async () => {
    const session = 'planted-session';
    const inner = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), {
      code: 'ECONNREFUSED',
      command: { name: 'evalsha', args: [session] },
    });
    const error = await failureOf(inner, later);
    expect(error).toMatchObject({
      code: 'engine_unavailable',
      statusCode: 503,
      cause: { name: 'Error', message: inner.message, code: 'ECONNREFUSED' },
    });
    expect(error.message + error.hint).not.toContain('10.0.0.1');
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(session);
  });

  test('an error of Keyturn passes as it is', async () => {
    const own = new KeyturnError('session_too_large', 'too large', 'keep less');
    expect(await failureOf(own, later)).toBe(own);
  });

  test.each([
    [undefined, 'undefined'],
    ['away', 'away'],
    [new AggregateError([new Error('one'), new Error('other')]), 'AggregateError'],
    [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ])('whatever was thrown: %s', async (thrown, said) => {
    const error = await failureOf(thrown, later);
    expect(error).toMatchObject({ code: 'engine_unavailable', cause: { message: said } });
  });
});

describe('a read that finds a dead connection', () => {
  const lost = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  /** Fails so many times at first. */
  const make = (failures: readonly unknown[], listener: (change: string) => void) => {
    const left = [...failures];
    let asked = 0;
    const inner = Object.assign(memoryStore(), {
      get: async () => {
        asked++;
        if (left.length > 0) throw left.shift();
        return undefined;
      },
    });
    return { store: new ReachableStore(inner as never, listener), asked: () => asked };
  };

  test('is asked again until there is another one, and nobody hears of it', async () => {
    const told: string[] = [];
    const { store, asked } = make([lost(), lost()], (change) => told.push(change));
    expect(await store.get('x')).toBeUndefined();
    expect([asked(), told, store.state]).toEqual([3, [], 'ok']);
  });

  test('is not asked again where the engine has answered, or an error is our own', async () => {
    for (const error of [new Error('WRONGTYPE Operation'), new KeyturnError('session_invalid', 'a', 'b')]) {
      const { store, asked } = make([error], () => {});
      await expect(async () => await store.get('x')).rejects.toBeInstanceOf(KeyturnError);
      expect(asked()).toBe(1);
    }
  });

  test('is not asked again for longer than a second, nor while nothing can be reached', async () => {
    const told: string[] = [];
    const { store, asked } = make(Array(1000).fill(lost()), (change) => told.push(change));
    const unavailable = { code: 'engine_unavailable' };
    await expect(async () => await store.get('x')).rejects.toMatchObject(unavailable);
    expect([told, store.state]).toEqual([['away'], 'unreachable']);
    const before = asked();
    expect(before).toBeGreaterThan(1);
    await expect(async () => await store.get('x')).rejects.toMatchObject(unavailable);
    expect(asked() - before).toBe(1);
  });
});
