// Sessions sealed at rest: nothing to read in the engine, nothing to swap there, and keys that follow the ring.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type SealedStoreOptions, sealedStore } from '../../../src/sealed-store.js';
import type { SessionRecord, SessionStore } from '../../../src/sessions/stores/contract.js';
import { memoryStore } from '../../../src/sessions/stores/memory.js';
import { postgresStore } from '../../../src/sessions/stores/postgres.js';
import { redisStore } from '../../../src/sessions/stores/redis.js';
import { ownSchema, type PrivateRedis, startRedis } from '../../support/engines.js';
import { OTHER_SECRET, ringOf, SECRET, testClock, testKeyturn, useRing } from '../../support/keyturn.js';

const PLANTED = ['planted-4f1c', 'grün-7e02', 'basket-91bd'];
const TEXT = JSON.stringify({ data: { note: PLANTED[0], word: PLANTED[1], cart: [PLANTED[2]] } });
const LIFE = 600_000;
const ENDED = 'kept until it ends';

const clock = testClock();
const recordOf = (parts: Partial<SessionRecord> = {}): SessionRecord => ({
  text: TEXT,
  createdAt: clock.now,
  expiresAt: clock.now + LIFE,
  ...parts,
});

async function make(options: SealedStoreOptions = {}, config: Readonly<Record<string, unknown>> = {}) {
  const keyturn = await testKeyturn({ clock, config });
  const memory = memoryStore({ clock: clock.read });
  return { keyturn, memory, store: sealedStore(memory, keyturn, options) };
}

/** What is planted, in the ways in which a dump might hold it. */
function found(dump: Buffer): string[] {
  return PLANTED.flatMap((word) =>
    [
      Buffer.from(word),
      Buffer.from(word, 'utf16le'),
      Buffer.from(Buffer.from(word).toString('hex')),
      Buffer.from(Buffer.from(word).toString('base64').replace(/.=*$/, '')),
    ]
      .filter((form) => dump.includes(form))
      .map((form) => form.toString()),
  );
}

async function use(store: SessionStore): Promise<void> {
  await store.put('s1', recordOf({ user: 'u-1' }), 0);
  await store.put('s1', recordOf({ user: 'u-1' }), 1);
  await store.touch('s1', clock.now + LIFE + 1000);
  await store.put('s2', recordOf(), 0);
  await store.put(ENDED, recordOf(), 0);
  await store.destroy(ENDED, clock.now + LIFE);
  expect((await store.get('s1'))?.text).toBe(TEXT);
}

describe('a full dump has no content', () => {
  describe('of Redis', () => {
    let redis: PrivateRedis;
    let client: ReturnType<typeof createClient>;
    beforeAll(async () => {
      redis = await startRedis();
      client = createClient({ url: redis.url });
      await client.connect();
    });
    afterAll(async () => {
      client.destroy();
      await redis.stop();
    });

    const dump = async () => {
      await client.sendCommand(['SAVE']);
      return readFileSync(join(redis.folder, 'dump.rdb'));
    };

    test('which does where it is not sealed', async () => {
      const plain = redisStore({ client, clock: clock.read });
      await use(plain);
      expect(found(await dump())).toEqual(PLANTED);
      await client.flushAll();
    });

    test('sealed', async () => {
      const keyturn = await testKeyturn({ clock });
      await use(sealedStore(redisStore({ client, clock: clock.read }), keyturn));
      expect((await dump()).includes('ks1.')).toBe(true);
      expect(found(await dump())).toEqual([]);
    });
  });

  test('of PostgreSQL', async () => {
    const place = await ownSchema(inject('postgresUrl'));
    try {
      const plain = postgresStore({ pool: place.pool, clock: clock.read });
      await plain.migrate();
      const dump = async () => {
        // The pages of the table, dead rows included, where this role may read them; else the rows.
        const pages = `SELECT pg_read_binary_file(pg_relation_filepath('keyturn_sessions')) AS page`;
        await place.pool.query('CHECKPOINT').catch(() => {});
        const raw = await place.pool.query(pages).catch(() => undefined);
        const rows = await place.pool.query('SELECT t::text AS t FROM keyturn_sessions t');
        const text = Buffer.from(rows.rows.map(({ t }) => t).join('\n'));
        return Buffer.concat([raw?.rows[0].page ?? Buffer.alloc(0), text]);
      };
      const keyturn = await testKeyturn({ clock });
      await use(sealedStore(plain, keyturn));
      expect((await dump()).includes('ks1.')).toBe(true);
      expect(found(await dump())).toEqual([]);
      await plain.put('plain', recordOf(), 0);
      expect(found(await dump())).toEqual(PLANTED);
    } finally {
      await place.drop();
    }
  });
});

describe('what was sealed for one session opens for no other', () => {
  test('swapped rows, another user, another version of the text, an altered one: the session is gone', async () => {
    const { memory, store } = await make();
    await store.put('s1', recordOf({ user: 'ada' }), 0);
    await store.put('s2', recordOf({ user: 'ada', text: '{"admin":true}' }), 0);
    const [one, two] = [memory.get('s1'), memory.get('s2')];
    const plant = async (id: string, text: string, user: string | undefined) => {
      await memory.put(id, recordOf({ text, ...(user === undefined ? {} : { user }) }), 0);
      return await store.get(id);
    };
    expect(await plant('s3', two?.text as string, 'ada')).toBeUndefined();
    await memory.put('s1', recordOf({ text: two?.text as string, user: 'ada' }), 1);
    expect(await store.get('s1')).toBeUndefined();
    await memory.put('s1', recordOf({ text: one?.text as string, user: 'grace' }), 2);
    expect(await store.get('s1')).toBeUndefined();
    await memory.put('s1', recordOf({ text: one?.text as string }), 3);
    expect(await store.get('s1')).toBeUndefined();
    await memory.put('s1', recordOf({ text: one?.text as string, user: 'ada' }), 4);
    expect((await store.get('s1'))?.text).toBe(TEXT);
    const text = one?.text as string;
    for (const at of [0, 5, 30, text.length - 1]) {
      const altered = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      expect(await plant(`x${at}`, altered, 'ada')).toBeUndefined();
    }
  });
});

describe('rotation', () => {
  const before = ringOf([SECRET, 'active']);
  const promoted = ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']);
  const retired = ringOf([OTHER_SECRET, 'active'], [SECRET, 'retired']);

  test('a retiring key opens, the next save seals with the active one, and then the old key may go', async () => {
    const { keyturn, memory, store } = await make();
    useRing(keyturn, before);
    for (const id of ['kept', 'left']) await store.put(id, recordOf(), 0);
    useRing(keyturn, promoted);
    expect((await store.get('kept'))?.text).toBe(TEXT);
    await store.put('kept', recordOf(), 1);
    expect(memory.get('kept')?.text.slice(4, 12)).toBe(promoted.active.id);
    useRing(keyturn, retired);
    expect((await store.get('kept'))?.text).toBe(TEXT);
    expect(await store.get('left')).toBeUndefined();
  });

  test('a session that is only touched opens until its greatest age', async () => {
    const { store } = await make({}, { session: { max_age: '2h', idle: '10min' } });
    const start = clock.now;
    await store.put('s1', recordOf(), 0);
    while (clock.now < start + 7_000_000) {
      clock.advance(500);
      expect(await store.touch('s1', Math.min(clock.now + LIFE, start + 7_200_000))).toBe(true);
      expect(await store.get('s1')).toBeDefined();
    }
  });
});

describe('the purpose', () => {
  const declared = (session_at_rest: object, session: object = {}) => ({
    purposes: { 'session-at-rest': session_at_rest },
    session,
  });
  const start = async (config: Readonly<Record<string, unknown>>) => {
    const keyturn = await testKeyturn({ clock, profile: 'prod', config });
    return sealedStore(memoryStore(), keyturn);
  };

  test('is declared in production, sealed, and with the greatest age of a session at least', async () => {
    await expect(start({})).rejects.toMatchObject({
      code: 'purpose_undeclared',
      hint: 'add to keyturn.toml, under [purposes.session-at-rest]: max_age = "30d" and sealed = true',
    });
    await expect(start(declared({ max_age: '30d' }))).rejects.toMatchObject({ code: 'purpose_sealed' });
    await expect(start(declared({ max_age: '29d', sealed: true }))).rejects.toMatchObject({
      code: 'purpose_lifetime',
    });
    await start(declared({ max_age: '30d', sealed: true }));
    await start(declared({ max_age: '1d', sealed: true }, { max_age: '1d' }));
  });
});

describe('moving there', () => {
  test('signs nobody out, with replicas of two versions at once', async () => {
    const { keyturn, memory } = await make();
    const as = (plain: 'refuse' | 'accept' | 'write') => sealedStore(memory, keyturn, { plain });
    await memory.put('s1', recordOf(), 0);
    expect((await as('write').get('s1'))?.text).toBe(TEXT);
    await as('write').put('s1', recordOf(), 1);
    expect(memory.get('s1')?.text).toBe(TEXT);
    expect(await as('refuse').get('s1')).toBeUndefined();
    expect((await as('accept').get('s1'))?.text).toBe(TEXT);
    await as('accept').put('s1', recordOf(), 2);
    expect(memory.get('s1')?.text).toMatch(/^ks1\./);
    for (const plain of ['write', 'accept', 'refuse'] as const)
      expect((await as(plain).get('s1'))?.text).toBe(TEXT);
    expect(() => as('maybe' as never)).toThrow(expect.objectContaining({ code: 'store_invalid' }));
  });
});
