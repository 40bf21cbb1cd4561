// Refresh tokens: rotation, reuse, the grace, expiry, and stores that answer late, lose writes or fail.
import { describe, expect, test, vi } from 'vitest';
import { createRefreshTokens, type RefreshTokens, type RefreshTokensOptions } from '../../src/jwt/index.js';
import type { KeyState } from '../../src/keyring/key.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import type {
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from '../../src/sessions/stores/contract.js';
import { type MemoryStore, memoryStore } from '../../src/sessions/stores/memory.js';
import { sessionStoreContract } from '../../src/testing/index.js';
import { seeded } from '../signing/helpers.js';
import {
  liveRing,
  type ManualClock,
  memoryLogger,
  OTHER_SECRET,
  ringOf,
  SECRET,
  testClock,
  testKeyturn,
  useRing,
} from '../support/keyturn.js';

const DAY = 86_400;

/** Another store altogether: copies in and out, every answer late and in any order, thenables that are no promises. */
class SlowStore implements SessionStore {
  readonly records = new Map<string, string>();
  readonly tombstones = new Map<string, EndedSession & { readonly until: number }>();
  readonly #clock: ManualClock;
  readonly #random = seeded(7);

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  #later<T>(answer: () => T): Promise<T> {
    const turns = this.#random(4);
    const wait = async () => {
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      return answer();
    };
    const promise = wait();
    return { then: promise.then.bind(promise) } as Promise<T>;
  }

  #live(id: string): StoredSession | undefined {
    const text = this.records.get(id);
    const record = text === undefined ? undefined : (JSON.parse(text) as StoredSession);
    return record !== undefined && record.expiresAt > this.#clock.now ? record : undefined;
  }

  get(id: string): Promise<StoredSession | undefined> {
    return this.#later(() => this.#live(id));
  }

  put(id: string, record: SessionRecord, expected: number): Promise<PutOutcome> {
    return this.#later(() => {
      const stored = this.#live(id);
      if (this.#tombstone(id) !== undefined || (stored === undefined && expected !== 0)) return 'gone';
      if ((stored?.version ?? 0) !== expected) return 'conflict';
      this.records.set(id, JSON.stringify({ ...record, version: expected + 1 }));
      return 'saved';
    });
  }

  touch(id: string, expiresAt: number, seenAt?: number): Promise<boolean> {
    return this.#later(() => {
      const stored = this.#live(id);
      const later = Math.max(expiresAt, stored?.expiresAt ?? 0);
      const moved = { ...stored, expiresAt: later, ...(seenAt === undefined ? {} : { seenAt }) };
      if (stored !== undefined) this.records.set(id, JSON.stringify(moved));
      return stored !== undefined;
    });
  }

  destroy(id: string, until: number, next?: string): Promise<boolean> {
    return this.#later(() => {
      const lived = this.#live(id) !== undefined;
      this.records.delete(id);
      const known = this.#tombstone(id);
      const first = known ?? { at: this.#clock.now, ...(next === undefined ? {} : { next }) };
      this.tombstones.set(id, { ...first, until: Math.max(until, known?.until ?? 0) });
      return lived;
    });
  }

  ended(id: string): Promise<EndedSession | undefined> {
    return this.#later(() => {
      const { at, next } = this.#tombstone(id) ?? {};
      return at === undefined ? undefined : { at, ...(next === undefined ? {} : { next }) };
    });
  }

  #tombstone(id: string) {
    const found = this.tombstones.get(id);
    return found !== undefined && found.until > this.#clock.now ? found : undefined;
  }

  listUser(user: string): Promise<readonly UserSession[]> {
    return this.#later(() =>
      [...this.records.keys()].flatMap((id) => {
        const stored = this.#live(id);
        return stored?.user === user
          ? [{ id, createdAt: stored.createdAt, expiresAt: stored.expiresAt }]
          : [];
      }),
    );
  }
}

interface Setup<S extends SessionStore = SessionStore> {
  readonly kt: Keyturn;
  readonly clock: ManualClock;
  readonly store: S;
  readonly tokens: RefreshTokens<{ scope: string }>;
  readonly logger: ReturnType<typeof memoryLogger>;
}

const STORES: Readonly<Record<string, (clock: ManualClock) => SessionStore>> = {
  'in memory': (clock) => memoryStore({ clock: clock.read }),
  'that answers late': (clock) => new SlowStore(clock),
};

async function setup<S extends SessionStore = MemoryStore>(
  options: Partial<RefreshTokensOptions> = {},
  make = ((clock: ManualClock) => memoryStore({ clock: clock.read })) as unknown as (clock: ManualClock) => S,
  config?: Record<string, unknown>,
): Promise<Setup<S>> {
  const clock = testClock();
  const logger = memoryLogger();
  const kt = await testKeyturn({ clock, logger, ...(config === undefined ? {} : { config }) });
  const store = make(clock);
  return { kt, clock, store, logger, tokens: createRefreshTokens(kt, { store, ...options }) };
}

const code = (expected: string) => expect.objectContaining({ code: expected });

async function rotated(tokens: RefreshTokens<{ scope: string }>, token: string): Promise<string> {
  const result = await tokens.rotate(token);
  if (!result.ok) expect.fail(`refused: ${result.reason}`);
  return result.token;
}

async function outcome(tokens: RefreshTokens<{ scope: string }>, token: unknown): Promise<string> {
  const result = await tokens.rotate(token);
  return result.ok ? 'ok' : result.reason;
}

describe.each(
  sessionStoreContract(() => {
    const clock = testClock();
    return { store: new SlowStore(clock), now: clock.read, pass: (ms) => clock.advance(ms / 1000) };
  }),
)('the other store of these tests keeps the contract', ({ name, run }) => test(name, run));

describe.each(Object.entries(STORES))('with a store %s', (_, make) => {
  test('every use gives the next token, the user and the data', async () => {
    const { tokens, clock } = await setup({}, make);
    const first = await tokens.issue({ user: 'ada', data: { scope: 'read' } });
    expect(first.expiresAt).toEqual(new Date(clock.now + 30 * DAY * 1000));
    let { token } = first;
    const seen = new Set([token]);
    for (let turn = 0; turn < 20; turn++) {
      clock.advance(900);
      const result = await tokens.rotate(token);
      expect(result).toMatchObject({ ok: true, user: 'ada', data: { scope: 'read' } });
      if (result.ok) ({ token } = result);
      seen.add(token);
    }
    expect(seen.size).toBe(21);
    const bare = await tokens.rotate((await tokens.issue({ user: 'bob' })).token);
    expect(bare).toMatchObject({ ok: true, user: 'bob', data: undefined });
  });

  test('a used token ends its family, and no other', async () => {
    const { tokens, clock, logger } = await setup({}, make);
    const stolen = (await tokens.issue({ user: 'ada' })).token;
    const other = (await tokens.issue({ user: 'ada' })).token;
    const current = await rotated(tokens, stolen);
    clock.advance(11);
    expect(await tokens.rotate(stolen)).toEqual({ ok: false, reason: 'reused', user: 'ada' });
    expect(await outcome(tokens, current)).toBe('gone');
    expect(await outcome(tokens, stolen)).toBe('gone');
    expect(await outcome(tokens, other)).toBe('ok');
    const warnings = logger.records.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ facts }) => facts.event)).toEqual(['refresh.reused']);
    expect(JSON.stringify(warnings)).not.toContain('ada');
  });

  test('whoever of thief and owner comes second, the family ends', async () => {
    const { tokens, clock } = await setup({}, make);
    for (const thiefFirst of [true, false]) {
      const copied = (await tokens.issue({ user: 'ada' })).token;
      const winner = await rotated(tokens, copied);
      clock.advance(900);
      const next = await rotated(tokens, winner);
      expect(await outcome(tokens, copied), String(thiefFirst)).toBe('reused');
      expect(await outcome(tokens, next)).toBe('gone');
    }
  });

  test('two tabs at once get the same token, and the family goes on', async () => {
    const { tokens, clock } = await setup({}, make);
    let { token } = await tokens.issue({ user: 'ada' });
    for (let turn = 0; turn < 10; turn++) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => tokens.rotate(token)));
      const given = new Set(answers.map((answer) => (answer.ok ? answer.token : answer.reason)));
      expect(given.size).toBe(1);
      const [next] = given;
      expect(next).not.toBe(token);
      token = next as string;
      clock.advance(60);
    }
    expect(await outcome(tokens, token)).toBe('ok');
  });

  test('an answer that got lost is given once more, within the grace', async () => {
    const { tokens, clock } = await setup({ graceSeconds: 30 }, make);
    const { token } = await tokens.issue({ user: 'ada' });
    const next = await rotated(tokens, token);
    clock.advance(29.999);
    expect(await tokens.rotate(token)).toMatchObject({ ok: true, token: next, user: 'ada' });
    clock.advance(0.001);
    expect(await outcome(tokens, token)).toBe('reused');
  });

  test('the grace is for the direct predecessor only, and does not stretch', async () => {
    const { tokens, clock } = await setup({}, make);
    const first = (await tokens.issue({ user: 'ada' })).token;
    await rotated(tokens, first);
    clock.advance(6);
    await rotated(tokens, first);
    clock.advance(6);
    expect(await outcome(tokens, first)).toBe('reused');
    const again = (await tokens.issue({ user: 'ada' })).token;
    const second = await rotated(tokens, again);
    await rotated(tokens, second);
    expect(await outcome(tokens, again)).toBe('reused');
  });

  test('a thief within the grace gets no line of tokens of his own', async () => {
    const { tokens, clock } = await setup({}, make);
    const { token } = await tokens.issue({ user: 'ada' });
    const owner = await rotated(tokens, token);
    const thief = await rotated(tokens, token);
    expect(thief).toBe(owner);
    clock.advance(900);
    await rotated(tokens, thief);
    clock.advance(900);
    expect(await outcome(tokens, owner)).toBe('reused');
  });

  test('without a grace the second of two ends it', async () => {
    const { tokens } = await setup({ graceSeconds: 0 }, make);
    const { token } = await tokens.issue({ user: 'ada' });
    const next = await rotated(tokens, token);
    expect(await outcome(tokens, token)).toBe('reused');
    expect(await outcome(tokens, next)).toBe('gone');
  });

  test('a sign-out ends the family, whichever of its tokens is shown', async () => {
    const { tokens, clock } = await setup({}, make);
    for (const used of [true, false]) {
      const { token } = await tokens.issue({ user: 'ada' });
      const next = await rotated(tokens, token);
      clock.advance(60);
      expect(await tokens.revoke(used ? token : next)).toBe(true);
      expect(await outcome(tokens, next)).toBe('gone');
    }
    for (const nothing of ['', 'x', undefined, 42, (await tokens.issue({ user: 'ada' })).token.slice(1)])
      expect(await tokens.revoke(nothing)).toBe(false);
  });

  test('a sign-out is not undone by a rotation at the same time', async () => {
    const { tokens } = await setup({}, make);
    for (let round = 0; round < 30; round++) {
      const { token } = await tokens.issue({ user: 'ada' });
      const [answer] = await Promise.all([tokens.rotate(token), tokens.revoke(token)]);
      expect(await outcome(tokens, answer.ok ? answer.token : token)).toBe('gone');
    }
  });

  test('sign out everywhere ends the families of a user, and no session', async () => {
    const { tokens, store, clock } = await setup({}, make);
    const mine = [await tokens.issue({ user: 'ada' }), await tokens.issue({ user: 'ada' })];
    mine.push({ token: await rotated(tokens, mine[0]?.token as string), expiresAt: new Date() });
    const theirs = await tokens.issue({ user: 'bob' });
    const session = { text: '{}', createdAt: clock.now, expiresAt: clock.now + 1000, user: 'ada' };
    await store.put('a-session', session, 0);
    expect(await tokens.revokeUser('ada')).toBe(2);
    for (const { token } of mine) expect(await outcome(tokens, token)).toBe('gone');
    expect(await outcome(tokens, theirs.token)).toBe('ok');
    expect(await store.get('a-session')).toBeDefined();
    expect(await tokens.revokeUser('ada')).toBe(0);
    expect(await tokens.revokeUser('nobody')).toBe(0);
  });

  test('idle and absolute expiry', async () => {
    const { tokens, clock } = await setup({ maxAge: '10d', idle: '4d' }, make);
    const first = await tokens.issue({ user: 'ada' });
    expect(first.expiresAt).toEqual(new Date(clock.now + 4 * DAY * 1000));
    const end = clock.now + 10 * DAY * 1000;
    const idle = (await tokens.issue({ user: 'bob' })).token;
    clock.advance(3 * DAY);
    let token = await rotated(tokens, first.token);
    clock.advance(3 * DAY);
    expect(await outcome(tokens, idle)).toBe('expired');
    token = await rotated(tokens, token);
    clock.advance(3 * DAY);
    const last = await tokens.rotate(token);
    expect(last).toMatchObject({ ok: true, expiresAt: new Date(end) });
    clock.advance(DAY);
    expect(last.ok && (await outcome(tokens, last.token))).toBe('expired');
  });
});

describe('what a store may do', () => {
  test('it holds no token, and nothing that one could be made of', async () => {
    const clock = testClock();
    const { tokens, store } = await setup({}, () => new SlowStore(clock));
    const { token } = await tokens.issue({ user: 'ada', data: { scope: 'read' } });
    const next = await rotated(tokens, token);
    const held = JSON.stringify([...store.records]);
    for (const text of [token, next]) {
      const [family] = JSON.parse(Buffer.from(text.split('.')[3] as string, 'base64url').toString());
      expect(family).toMatch(/^[\w-]{22}$/);
      expect(held).not.toContain(family);
      expect(held).not.toContain(text.slice(-20));
    }
    expect([...store.records.keys()]).toEqual([expect.stringMatching(/^refresh:[\w-]{43}$/)]);
  });

  test('it is told to remember the end of a family for as long as a token of it could live', async () => {
    const { tokens, store, clock } = await setup({}, (at: ManualClock) => new SlowStore(at));
    const start = clock.now;
    const reused = (await tokens.issue({ user: 'ada' })).token;
    await rotated(tokens, reused);
    clock.advance(60);
    expect(await outcome(tokens, reused)).toBe('reused');
    await tokens.revoke((await tokens.issue({ user: 'ada' })).token);
    await tokens.issue({ user: 'ada' });
    await tokens.revokeUser('ada');
    const end = start + 30 * DAY * 1000;
    expect([...store.tombstones.values()].map(({ until }) => until)).toEqual([
      end,
      end + 60_000,
      end + 60_000,
    ]);
  });

  test('it loses the last write: nobody is signed out, and what was used stays used', async () => {
    const { tokens, store, clock } = await setup({}, (at: ManualClock) => new SlowStore(at));
    const first = (await tokens.issue({ user: 'ada' })).token;
    const second = await rotated(tokens, first);
    const before = new Map(store.records);
    clock.advance(60);
    const third = await rotated(tokens, second);
    for (const [id, text] of before) store.records.set(id, text);
    clock.advance(60);
    const fourth = await rotated(tokens, third);
    clock.advance(60);
    expect(await outcome(tokens, second)).toBe('reused');
    expect(await outcome(tokens, fourth)).toBe('gone');
  });

  test('it fails: an error that says so, and the token is as good as before', async () => {
    const { tokens, store } = await setup({}, (at: ManualClock) => new SlowStore(at));
    const { token } = await tokens.issue({ user: 'ada' });
    const fails = () => Promise.reject(new Error('out of reach'));
    for (const broken of [{ get: fails }, { put: fails }]) {
      const { get, put } = store;
      Object.assign(store, broken);
      await expect(tokens.rotate(token)).rejects.toMatchObject({
        code: 'engine_unavailable',
        cause: { message: 'out of reach' },
      });
      Object.assign(store, { get, put });
    }
    expect(await outcome(tokens, token)).toBe('ok');
  });

  test('nothing is written where the process may not sign, and the token is as good as before', async () => {
    const { kt, clock, store, tokens } = await setup();
    const ring = liveRing(kt);
    const { token } = await tokens.issue({ user: 'ada' });
    const put = vi.spyOn(store, 'put');
    ring.holdUntil({ now: 0, monotonic: 0 });
    await expect(tokens.rotate(token)).rejects.toEqual(code('keyring_unavailable'));
    await expect(tokens.issue({ user: 'ada' })).rejects.toEqual(code('keyring_unavailable'));
    expect(put).not.toHaveBeenCalled();
    ring.holdUntil({ now: Number.MAX_VALUE, monotonic: Number.MAX_VALUE });
    // Longer than the grace: a token that counted as used would end the family.
    clock.advance(3600);
    expect(await tokens.rotate(token)).toMatchObject({ ok: true, user: 'ada' });
  });

  test('it never takes a write: an error and no endless loop', async () => {
    const { tokens, store } = await setup();
    const { token } = await tokens.issue({ user: 'ada' });
    store.put = () => 'conflict';
    await expect(tokens.rotate(token)).rejects.toMatchObject({ code: 'jwt_invalid' });
    await expect(tokens.issue({ user: 'ada' })).rejects.toMatchObject({ code: 'jwt_invalid' });
  });

  test('it holds something else under the name, or forgot: gone', async () => {
    const { tokens, store, clock } = await setup({}, (at: ManualClock) => new SlowStore(at));
    for (const text of ['', '{}', 'null', '[]', '{"n":0}', '{"n":"0","at":0,"iat":0,"exp":0,"ends":0}']) {
      const { token } = await tokens.issue({ user: 'ada' });
      const id = [...store.records.keys()].at(-1) as string;
      const record = { text, createdAt: clock.now, expiresAt: clock.now + 1e6, user: 'ada', version: 1 };
      store.records.set(id, JSON.stringify(record));
      expect(await outcome(tokens, token)).toBe('gone');
    }
    const { token } = await tokens.issue({ user: 'ada' });
    store.records.clear();
    expect(await outcome(tokens, token)).toBe('gone');
  });
});

describe('a token', () => {
  test('is asked of the store only when it is genuine', async () => {
    const { tokens, store, kt } = await setup();
    const { token } = await tokens.issue({ user: 'ada' });
    store.get = () => expect.fail('the store was asked');
    store.destroy = () => expect.fail('the store was asked');
    const next = seeded(11);
    for (let round = 0; round < 3000; round++) {
      const at = next(token.length);
      const text = token.slice(0, at) + String.fromCharCode(next(128)) + token.slice(at + 1 + next(2));
      if (text === token) continue;
      expect(await outcome(tokens, text)).toMatch(/^(malformed|unknown_key|bad_signature)$/);
      expect(await tokens.revoke(text)).toBe(false);
    }
    for (const value of [undefined, null, 1, {}, [token], Symbol('x')])
      expect(await outcome(tokens, value)).toBe('malformed');
    // Tokens of other purposes, and a genuine one that says something else.
    expect(await outcome(tokens, kt.signer('password-reset').sign(['family', 0]))).toBe('bad_signature');
    const own = internalsOf(kt).ownSigner<unknown>('refresh');
    for (const payload of [null, {}, [], ['x'], [1, 0], ['x', '0'], ['x', 0.5], ['x', null]])
      expect(await outcome(tokens, own.sign(payload))).toBe('malformed');
  });

  test('follows a rotation of the ring', async () => {
    const expected: Record<Exclude<KeyState, 'active'>, string> = {
      staged: 'ok',
      retiring: 'ok',
      retired: 'retired_key',
      revoked: 'revoked_key',
    };
    for (const [state, verdict] of Object.entries(expected) as [KeyState, string][]) {
      const { kt, tokens } = await setup();
      const { token } = await tokens.issue({ user: 'ada' });
      useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, state]));
      const result = await tokens.rotate(token);
      expect(result.ok ? 'ok' : result.reason, state).toBe(verdict);
      if (!result.ok) continue;
      // The new one is of the active key: it outlives the former key.
      useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
      expect(await outcome(tokens, result.token)).toBe('ok');
    }
  });

  test('of a key that is revoked while the store is asked is refused', async () => {
    const { kt, tokens, store } = await setup();
    const { token } = await tokens.issue({ user: 'ada' });
    const get = store.get.bind(store);
    store.get = (id) => {
      useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
      return get(id);
    };
    expect(await outcome(tokens, token)).toBe('revoked_key');
  });

  test('of an unknown key makes the process look for a newer ring, once', async () => {
    const there = await setup();
    useRing(there.kt, ringOf([OTHER_SECRET, 'active']));
    const { token } = await there.tokens.issue({ user: 'ada' });
    const { kt, tokens } = await setup({ store: there.store });
    expect(await outcome(tokens, token)).toBe('unknown_key');
    const { keeper } = internalsOf(kt);
    const look = vi.fn(async () => {
      useRing(kt, ringOf([SECRET, 'active'], [OTHER_SECRET, 'staged']));
    });
    vi.spyOn(keeper, 'lookForKey').mockImplementation((isUnknown) => (isUnknown() ? look() : undefined));
    expect(await outcome(tokens, token)).toBe('ok');
    expect(look).toHaveBeenCalledTimes(1);
    await tokens.rotate('no token at all');
    expect(look).toHaveBeenCalledTimes(1);
  });

  test('within the grace is answered by the key that signs now', async () => {
    const { kt, tokens } = await setup();
    const { token } = await tokens.issue({ user: 'ada' });
    const one = await rotated(tokens, token);
    useRing(kt, ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
    const other = await rotated(tokens, token);
    expect(other).not.toBe(one);
    const next = await rotated(tokens, one);
    expect(await rotated(tokens, other)).toBe(next);
  });

  test('is counted, refusals too', async () => {
    const { kt, tokens, clock } = await setup();
    const { usage, ring } = internalsOf(kt);
    const { token } = await tokens.issue({ user: 'ada' });
    await tokens.rotate(token);
    clock.advance(60);
    await tokens.rotate(token);
    await tokens.rotate(token);
    expect(usage.of(ring.current.active.id, 'refresh')).toMatchObject({ signed: 2, verified: 3 });
    expect(usage.refusals.map(({ purpose, reason }) => [purpose, reason])).toEqual([
      ['refresh', 'reused'],
      ['refresh', 'gone'],
    ]);
  });
});

describe('clocks and settings that change', () => {
  test('a clock that was ahead when it rotated neither loses nor stretches the grace', async () => {
    const { tokens, clock } = await setup();
    const { token } = await tokens.issue({ user: 'ada' });
    clock.advance(5);
    const next = await rotated(tokens, token);
    clock.advance(-5);
    expect(await rotated(tokens, token)).toBe(next);
    clock.advance(-60);
    expect(await outcome(tokens, token)).toBe('reused');
  });

  test('a lifetime that was shortened holds for families that are older', async () => {
    const { kt, tokens, store, clock } = await setup();
    const { token } = await tokens.issue({ user: 'ada' });
    const shorter = createRefreshTokens<{ scope: string }>(kt, { store, maxAge: '2d' });
    clock.advance(DAY);
    const next = await shorter.rotate(token);
    expect(next).toMatchObject({ ok: true, expiresAt: new Date(clock.now + DAY * 1000) });
    const old = (await tokens.issue({ user: 'ada' })).token;
    clock.advance(3 * DAY);
    expect(await outcome(shorter, old)).toBe('expired');
  });
});

describe('mistakes of the programmer', () => {
  test('in the options', async () => {
    const { kt, store } = await setup();
    const wrong = (options: unknown) => () => createRefreshTokens(kt, options as RefreshTokensOptions);
    for (const none of [undefined, null, {}, new Map()])
      expect(wrong({ store: none })).toThrow(code('jwt_invalid'));
    for (const graceSeconds of [-1, 61, Number.NaN, Number.POSITIVE_INFINITY, '5'])
      expect(wrong({ store, graceSeconds })).toThrow(code('jwt_invalid'));
    expect(wrong({ store, maxAge: 'long' })).toThrow(code('duration_invalid'));
    const tooLong = (hint: RegExp) =>
      expect.objectContaining({ code: 'purpose_lifetime', hint: expect.stringMatching(hint) });
    expect(wrong({ store, maxAge: '31d' })).toThrow(tooLong(/^pass idle, 2592000 at most: /));
    expect(wrong({ store, maxAge: '90d', idle: '31d' })).toThrow(tooLong(/^shorten idle, /));
    // What counts for the ring is how long one token lives.
    expect(wrong({ store, maxAge: '365d', idle: '30d' })).not.toThrow();
    const short = await setup({}, undefined, { purposes: { refresh: { max_age: '3d' } } });
    expect([short.tokens.maxAge, short.tokens.idle]).toEqual([3 * DAY, 3 * DAY]);
  });

  test('in what is issued', async () => {
    const { tokens } = await setup();
    for (const user of ['', undefined, 42, null, '\ud800']) {
      await expect(tokens.issue({ user: user as string })).rejects.toMatchObject({ code: 'jwt_invalid' });
      await expect(tokens.revokeUser(user as string)).rejects.toMatchObject({ code: 'jwt_invalid' });
    }
    await expect(tokens.issue({ user: 'a', data: 1n as never })).rejects.toMatchObject({
      code: 'payload_not_json',
    });
  });
});
