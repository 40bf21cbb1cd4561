// What every session store must do, as cases for any test runner:
//
//     for (const { name, run } of sessionStoreContract(makeSubject)) test(name, run);
import assert from 'node:assert/strict';
import type { SessionRecord, SessionStore, StoredSession } from '../sessions/stores/contract.js';

/** An empty store, and the time that it goes by. */
export interface SessionStoreSubject {
  /** The store to look at. */
  readonly store: SessionStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether it keeps when a session was last used, and its label. A store need not. Default: false. */
  readonly keepsNotes?: boolean;
  /** Lets so many milliseconds pass: by moving the store's clock, or by waiting. */
  readonly pass: (milliseconds: number) => Promise<void> | void;
}

/** One thing that every session store must do. */
export interface ContractCase {
  readonly name: string;
  /** Rejects where the store does not do it. */
  readonly run: () => Promise<void>;
}

const LONG = 60_000;
/** What is done within it may take a while, where time is real and the machine busy. */
const SHORT = 2000;

/** By what each is about. */
const CASES: Readonly<Record<string, (subject: SessionStoreSubject) => Promise<void>>> = {
  'a session is there as it was put, at version 1': async ({ store, now }) => {
    const record = recordAt(now(), { text: '{"data":{"ü":"\\u0000\'\\""}}', user: 'ada' });
    assert.equal(await store.put('s1', record, 0), 'saved');
    assert.deepEqual({ ...(await store.get('s1')) }, { ...record, version: 1 });
  },
  'an unknown session is undefined': async ({ store }) => assert.equal(await store.get('nobody'), undefined),
  'a put needs the version that is stored, and raises it': async ({ store, now }) => {
    await store.put('s1', recordAt(now(), { text: 'a' }), 0);
    assert.equal(await store.put('s1', recordAt(now(), { text: 'b' }), 1), 'saved');
    assert.equal(await store.put('s1', recordAt(now(), { text: 'c' }), 1), 'conflict');
    const stored = await store.get('s1');
    assert.equal(stored?.text, 'b');
    assert.equal(stored.version, 2);
  },
  'a session that begins under a new id is there as one that was put, at version 1': async ({
    store,
    now,
  }) => {
    if (store.begin === undefined) return;
    const record = recordAt(now(), { text: 'a', user: 'ada' });
    await store.begin('s1', record);
    assert.deepEqual({ ...(await store.get('s1')) }, { ...record, version: 1 });
    assert.deepEqual(
      (await store.listUser('ada')).map(({ id }) => id),
      ['s1'],
    );
    assert.equal(await store.put('s1', recordAt(now()), 0), 'conflict');
    assert.equal(await store.put('s1', recordAt(now()), 1), 'saved');
  },
  'version 0 never overwrites': async ({ store, now }) => {
    await store.put('s1', recordAt(now(), { text: 'a' }), 0);
    assert.equal(await store.put('s1', recordAt(now(), { text: 'b' }), 0), 'conflict');
    assert.equal((await store.get('s1'))?.text, 'a');
  },
  'a destroyed session is gone, and no slower writer brings it back': async ({ store, now }) => {
    await store.put('s1', recordAt(now()), 0);
    await store.destroy('s1', now() + LONG);
    assert.equal(await store.get('s1'), undefined);
    assert.equal(await store.put('s1', recordAt(now()), 1), 'gone');
    assert.equal(await store.put('s1', recordAt(now()), 0), 'gone');
    assert.equal(await store.touch('s1', now() + LONG), false);
    assert.equal(await store.get('s1'), undefined);
  },
  'destroying what is not there is not an error, and still keeps it away': async ({ store, now }) => {
    await store.destroy('s1', now() + LONG);
    assert.equal(await store.put('s1', recordAt(now()), 0), 'gone');
  },
  'of several that end a session one is told that it lived until then': async ({ store, now }) => {
    await store.put('s1', recordAt(now(), { user: 'ada' }), 0);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, async () => await store.destroy('s1', now() + LONG)),
    );
    assert.deepEqual(outcomes.sort(), [...Array(9).fill(false), true]);
    assert.equal(await store.destroy('nobody', now() + LONG), false);
  },
  'an ended session is remembered as it was ended first, for as long as the longest asks': async ({
    store,
    now,
    pass,
  }) => {
    if (store.ended === undefined) return;
    await store.put('s1', recordAt(now()), 0);
    assert.equal(await store.ended('s1'), undefined);
    const before = now();
    await store.destroy('s1', now() + SHORT, 's2');
    const ended = await store.ended('s1');
    assert.ok(ended !== undefined && ended.at >= before && ended.at <= now());
    assert.equal(ended.next, 's2');
    await pass(10);
    await store.destroy('s1', now() + LONG, 's3');
    await store.destroy('s1', now() + SHORT / 2);
    await pass(SHORT + 100);
    assert.deepEqual({ ...(await store.ended('s1')) }, { ...ended });
    assert.equal(await store.put('s1', recordAt(now()), 0), 'gone');
    await store.destroy('s4', now() + LONG);
    assert.equal((await store.ended('s4'))?.next, undefined);
    assert.equal(await store.ended('nobody'), undefined);
  },
  'a list of a user never misses a session that is taking the place of another': async ({ store, now }) => {
    await store.put('s0', recordAt(now(), { user: 'ada' }), 0);
    let listed = 0;
    const list = async (): Promise<void> => {
      while (listed < 20) {
        assert.notDeepEqual(await store.listUser('ada'), []);
        listed++;
      }
    };
    const replace = async (): Promise<void> => {
      for (let n = 0; listed < 20; n++) {
        await store.put(`s${n + 1}`, recordAt(now(), { user: 'ada' }), 0);
        await store.destroy(`s${n}`, now() + LONG, `s${n + 1}`);
      }
    };
    await Promise.all([list(), replace()]);
  },
  'an expired session is gone': async ({ store, now, pass }) => {
    await store.put('s1', recordAt(now(), { expiresAt: now() + 1000, user: 'ada' }), 0);
    await pass(1100);
    assert.equal(await store.get('s1'), undefined);
    assert.equal(await store.put('s1', recordAt(now()), 1), 'gone');
    assert.equal(await store.touch('s1', now() + LONG), false);
    assert.deepEqual(await store.listUser('ada'), []);
  },
  'touch moves the expiry and keeps version and text': async ({ store, now, pass }) => {
    await store.put('s1', recordAt(now(), { text: 'a', expiresAt: now() + SHORT }), 0);
    const later = now() + LONG;
    assert.equal(await store.touch('s1', later), true);
    await pass(SHORT + 100);
    const stored = await store.get('s1');
    assert.equal(stored?.text, 'a');
    assert.equal(stored.version, 1);
    assert.equal(stored.expiresAt, later);
  },
  'touch leaves a later expiry as it is: whoever is remembered meanwhile stays so': async ({
    store,
    now,
  }) => {
    const end = now() + LONG;
    await store.put('s1', recordAt(now(), { expiresAt: end }), 0);
    assert.equal(await store.touch('s1', end - 1000), true);
    assert.equal((await store.get('s1'))?.expiresAt, end);
  },
  'the sessions of a user are listed, those of others are not': async ({ store, now }) => {
    const at = now();
    await store.put('s1', recordAt(at, { user: 'ada' }), 0);
    await store.put('s2', recordAt(at, { user: 'ada' }), 0);
    await store.put('s3', recordAt(at, { user: 'grace' }), 0);
    await store.put('s4', recordAt(at), 0);
    await store.put('s2', recordAt(at), 1);
    assert.deepEqual(await store.listUser('ada'), [{ id: 's1', createdAt: at, expiresAt: at + LONG }]);
    await store.destroy('s1', at + LONG);
    assert.deepEqual(await store.listUser('ada'), []);
  },
  'what users want to know of a session is kept and listed, where the store does so': async ({
    store,
    now,
    keepsNotes = false,
  }) => {
    const at = now();
    const notes = { seenAt: at - 5, label: 'Firefox on "Linux" \n\u0001 ü 🦊'.padEnd(256, 'x') };
    const listed = async (): Promise<unknown> => {
      const [session] = await store.listUser('ada');
      return session && { seenAt: session.seenAt, label: session.label };
    };
    assert.equal(await store.put('s1', recordAt(at, { user: 'ada', text: 'a', ...notes }), 0), 'saved');
    assert.equal(await store.touch('s1', at + LONG, at), true);
    const { user, text, seenAt, label } = (await store.get('s1')) as StoredSession;
    assert.deepEqual([user, text], ['ada', 'a']);
    // Where it is kept it must move: whoever finds an old one notes it again.
    assert.ok(seenAt === undefined || seenAt === at);
    if (!keepsNotes) return;
    assert.deepEqual({ seenAt, label }, { ...notes, seenAt: at });
    assert.deepEqual(await listed(), { ...notes, seenAt: at });
    await store.touch('s1', at + LONG);
    assert.deepEqual(await listed(), { ...notes, seenAt: at });
    await store.put('s1', recordAt(at, { user: 'ada' }), 1);
    assert.deepEqual(await listed(), { seenAt: undefined, label: undefined });
  },
  'of many writers at once, each version is won by exactly one': async ({ store, now }) => {
    await store.put('s1', recordAt(now(), { text: '0' }), 0);
    const add = async (): Promise<void> => {
      for (;;) {
        const stored = await store.get('s1');
        assert.ok(stored !== undefined);
        const text = String(Number(stored.text) + 1);
        if ((await store.put('s1', recordAt(now(), { text }), stored.version)) === 'saved') return;
      }
    };
    await Promise.all(Array.from({ length: 50 }, add));
    const stored = await store.get('s1');
    assert.equal(stored?.text, '50');
    assert.equal(stored.version, 51);
  },
};

/** @param make called for each case; cases use random ids, so the store may be shared */
export function sessionStoreContract(
  make: () => Promise<SessionStoreSubject> | SessionStoreSubject,
): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, run]) => ({
    name,
    run: async () => {
      const subject = await make();
      await run({ ...subject, store: withOwnIds(subject.store) });
    },
  }));
}

function recordAt(now: number, parts: Partial<SessionRecord> = {}): SessionRecord {
  return { text: '{}', createdAt: now, expiresAt: now + LONG, ...parts };
}

/** Ids and users of this case alone, so that cases can share one server. */
function withOwnIds(store: SessionStore): SessionStore {
  const prefix = `contract-${Math.random().toString(36).slice(2)}-`;
  return {
    get: async (id) => unprefixed(await store.get(prefix + id)),
    put: (id, record, expected) => store.put(prefix + id, prefixed(record), expected),
    touch: (id, expiresAt, seenAt) => store.touch(prefix + id, expiresAt, seenAt),
    destroy: (id, until, next) =>
      store.destroy(prefix + id, until, next === undefined ? next : prefix + next),
    ended: async (id) => {
      const { at, next } = (await store.ended?.(prefix + id)) ?? {};
      if (at === undefined) return undefined;
      return next === undefined ? { at } : { at, next: next.slice(prefix.length) };
    },
    listUser: async (user) =>
      (await store.listUser(prefix + user)).map((session) => ({
        ...session,
        id: session.id.slice(prefix.length),
      })),
  };

  function unprefixed(stored: StoredSession | undefined): StoredSession | undefined {
    return stored?.user === undefined ? stored : { ...stored, user: stored.user.slice(prefix.length) };
  }

  function prefixed(record: SessionRecord): SessionRecord {
    return record.user === undefined ? record : { ...record, user: prefix + record.user };
  }
}
