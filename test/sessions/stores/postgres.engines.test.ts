// What is PostgreSQL's own: making the table, cleaning up, statements at once, and what happens when it is gone.
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { SessionRecord } from '../../../src/sessions/stores/contract.js';
import {
  type PostgresStore,
  postgresStore,
  sessionSchemaSql,
} from '../../../src/sessions/stores/postgres.js';
import { type ManualClock, manualClock } from '../../../src/testing/index.js';
import { type Cut, cutTo, ownSchema } from '../../support/engines.js';
import { until } from '../../support/waiting.js';

const START = Date.UTC(2026, 0, 1);
const LIFE = 600_000;
const MARGIN = 60_000;

const recordAt = (now: number, parts: Partial<SessionRecord> = {}): SessionRecord => ({
  text: '{"a":1}',
  createdAt: now,
  expiresAt: now + LIFE,
  ...parts,
});

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error) => error.code ?? error.message,
  );

let place: Awaited<ReturnType<typeof ownSchema>>;
let clock: ManualClock;
let store: PostgresStore;

beforeEach(async () => {
  place = await ownSchema(inject('postgresUrl'));
  clock = manualClock(START);
  store = postgresStore({ pool: place.pool, clock: clock.read });
});
afterEach(() => place.drop());

const names = async (): Promise<string[]> => {
  const text = 'SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1';
  return (await place.pool.query(text, [place.schema])).rows.map(({ relname }) => relname).sort();
};
const rows = async (): Promise<number> =>
  Number((await place.pool.query('SELECT count(*) FROM keyturn_sessions')).rows[0].count);

const ALL = ['keyturn_sessions', 'keyturn_sessions_expiry', 'keyturn_sessions_pkey', 'keyturn_sessions_user'];

describe('the table', () => {
  test('is made by 20 connections at once, 10 times over', async () => {
    for (let round = 0; round < 10; round++) {
      const pools = Array.from({ length: 20 }, () => place.pools({ max: 1 }));
      await Promise.all(pools.map((pool) => pool.query('SELECT 1')));
      await Promise.all(pools.map((pool) => postgresStore({ pool }).migrate()));
      expect(await names()).toEqual(ALL);
      await place.pool.query('DROP TABLE keyturn_sessions');
      await Promise.all(pools.map((pool) => pool.end()));
    }
  });

  test('is left as it is when it is there: nothing is written', async () => {
    const settings = `-c search_path=${place.schema} -c default_transaction_read_only=on`;
    const pool = place.pools({ options: settings });
    const reading = postgresStore({ pool, clock: clock.read });
    expect(await codeOf(reading.migrate())).toBe('25006');
    await store.migrate();
    await store.put('s1', recordAt(START), 0);
    await reading.migrate();
    expect((await reading.get('s1'))?.version).toBe(1);
    // Half of it is there: the rest is made, and nothing else touched.
    await place.pool.query('DROP INDEX keyturn_sessions_user');
    await store.migrate();
    expect(await names()).toEqual(ALL);
    expect((await store.get('s1'))?.version).toBe(1);
  });

  test('as SQL that is run by hand, twice', async () => {
    for (let time = 0; time < 2; time++) await place.pool.query(sessionSchemaSql());
    expect(await names()).toEqual(ALL);
    expect(await store.put('s1', recordAt(START), 0)).toBe('saved');
  });

  test('may have another name, in another schema, with capitals', async () => {
    for (const table of ['Visits', `${place.schema}.visits_2`, 'x'.repeat(48)]) {
      const other = postgresStore({ pool: place.pool, table, clock: clock.read });
      await other.migrate();
      await other.migrate();
      expect(await other.put('s1', recordAt(START), 0)).toBe('saved');
      expect(await other.put('s1', recordAt(START), 1)).toBe('saved');
      expect(await other.touch('s1', START + 1)).toBe(true);
      await other.destroy('s1', START + 1);
    }
    expect(await names()).toEqual(expect.arrayContaining(['Visits', 'visits_2', 'x'.repeat(48)]));
  });

  test('a name that is none is refused before anything is sent', async () => {
    for (const table of [
      '',
      'a b',
      'a"; DROP TABLE users; --',
      "a'); DROP TABLE users; --",
      'a.b.c',
      '.a',
      'a.',
      '1a',
      'a-b',
      'a\n',
      'ü',
      'x'.repeat(49),
      ['a'] as never,
    ]) {
      const { pool } = place;
      const refused = expect.objectContaining({ code: 'store_invalid' });
      expect(() => postgresStore({ pool, table })).toThrow(refused);
      expect(() => sessionSchemaSql(table)).toThrow(refused);
    }
    expect(await names()).toEqual([]);
  });

  test('without a pool it says so at once', () => {
    // What a single client has written, a rollback of the app undoes.
    for (const pool of [undefined, {}, 'postgres://127.0.0.1/test', new Client()])
      expect(() => postgresStore({ pool: pool as never })).toThrow(
        expect.objectContaining({ code: 'store_invalid' }),
      );
  });

  test('missing, it is an error of the database, and no crash', async () => {
    expect(await codeOf(store.get('s1'))).toBe('42P01');
    expect(await codeOf(store.put('s1', recordAt(START), 0))).toBe('42P01');
  });
});

describe('cleaning up', () => {
  beforeEach(() => store.migrate());

  const fill = (count: number, expiresAt: number) =>
    place.pool.query(
      `INSERT INTO keyturn_sessions SELECT 'old' || n || '-' || $2::bigint, n % 2, 'x', NULL, 0, $2::bigint
       FROM generate_series(1, $1) n`,
      [count, expiresAt],
    );

  test('takes at most 100 at a time, and neither what lives nor what has only just expired', async () => {
    await fill(250, START - MARGIN);
    await fill(10, START - MARGIN + 1);
    await store.put('alive', recordAt(START), 0);
    await store.destroy('ended', START + LIFE);
    expect([await store.prune(), await store.prune(), await store.prune(), await store.prune()]).toEqual([
      100, 100, 50, 0,
    ]);
    expect(await rows()).toBe(12);
  });

  test('comes with writes, beside them, and keeps up with them', async () => {
    await fill(1000, START - MARGIN);
    for (let n = 0; n < 400; n++) {
      if (n % 2 === 0) await store.put(`s${n}`, recordAt(START), 0);
      else await store.destroy(`s${n - 1}`, START + LIFE);
    }
    await until(async () => (await rows()) <= 200);
    expect(await rows()).toBe(200);
  });

  test('passes over rows that are in use, and is done by many at once', async () => {
    await fill(300, START - MARGIN);
    const user = await place.pool.connect();
    await user.query(`BEGIN; SELECT FROM keyturn_sessions WHERE id = 'old7-${START - MARGIN}' FOR UPDATE`);
    const removed = await Promise.all(Array.from({ length: 6 }, () => store.prune()));
    expect(removed.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(299);
    while ((await store.prune()) > 0);
    expect(await rows()).toBe(1);
    await user.query('COMMIT');
    user.release();
  });

  test('that fails ends nothing', async () => {
    const failing = {
      query: (text: string, values?: unknown[]) =>
        text.startsWith('DELETE')
          ? Promise.reject(new Error('no'))
          : place.pool.query(text, values as unknown[]),
    };
    const other = postgresStore({ pool: failing, clock: clock.read });
    for (let n = 0; n < 50; n++) expect(await other.put(`s${n}`, recordAt(START), 0)).toBe('saved');
  });
});

describe('sessions', () => {
  beforeEach(() => store.migrate());

  test('an ended one keeps no content, and its row goes in time', async () => {
    await store.put('s1', recordAt(START, { text: 'planted', user: 'planted' }), 0);
    await store.destroy('s1', START + 1000);
    const { rows: kept } = await place.pool.query('SELECT t::text AS t FROM keyturn_sessions t');
    expect(kept.map(({ t }) => t)).toEqual([`(s1,0,,,${START},${START + 1000},,)`]);
    clock.advance(1);
    expect(await store.put('s1', recordAt(clock.now), 1)).toBe('gone');
    expect(await store.put('s1', recordAt(clock.now), 0)).toBe('saved');
    expect(await store.put('s1', recordAt(clock.now), 1)).toBe('saved');
  });

  test('touching rewrites no long text', async () => {
    const text = Buffer.from(Array.from({ length: 60_000 }, (_, n) => (n * n * 7919) % 251)).toString(
      'base64',
    );
    await store.put('s1', recordAt(START, { text }), 0);
    const size = async () => {
      const found = await place.pool.query(
        "SELECT pg_relation_size(reltoastrelid) AS size FROM pg_class WHERE oid = 'keyturn_sessions'::regclass",
      );
      return Number(found.rows[0].size);
    };
    const before = await size();
    for (let n = 1; n <= 50; n++) expect(await store.touch('s1', START + LIFE + n)).toBe(true);
    expect(await size()).toBe(before);
    expect((await store.get('s1'))?.text).toBe(text);
  });

  test('where transactions are serializable by default, each version is won by one all the same', async () => {
    const pool = place.pools({
      options: `-c search_path=${place.schema} -c default_transaction_isolation=serializable`,
      max: 20,
    });
    const strict = postgresStore({ pool, clock: clock.read });
    await strict.put('s1', recordAt(START, { text: '0' }), 0);
    const add = async () => {
      for (;;) {
        const stored = await strict.get('s1');
        const record = recordAt(START, { text: String(Number(stored?.text) + 1) });
        if ((await strict.put('s1', record, stored?.version as number)) === 'saved') return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await strict.get('s1')).toMatchObject({ text: '20', version: 21 });
  });

  test('what looks like SQL is a value', async () => {
    const odd = `'; DROP TABLE keyturn_sessions; --`;
    expect(await store.put(odd, recordAt(START, { user: odd, text: odd }), 0)).toBe('saved');
    expect((await store.get(odd))?.text).toBe(odd);
    expect(await store.listUser(odd)).toHaveLength(1);
  });
});

describe('a PostgreSQL that goes', () => {
  let proxy: Cut;

  beforeEach(async () => {
    await store.migrate();
    const { hostname, port } = new URL(inject('postgresUrl'));
    proxy = await cutTo(Number(port) || 5432, hostname);
  });
  afterEach(() => proxy.close());

  test("it rejects with the client's own error, ends no process, and comes back by itself", async () => {
    const url = new URL(inject('postgresUrl'));
    url.host = `127.0.0.1:${proxy.port}`;
    const pool = place.pools({ connectionString: url.href, connectionTimeoutMillis: 500 });
    // Nobody but the store listens to the pool's errors.
    const other = postgresStore({ pool, clock: clock.read });
    expect(pool.listenerCount('error')).toBe(1);
    postgresStore({ pool });
    expect(pool.listenerCount('error')).toBe(1);
    expect(await other.put('s1', recordAt(START, { user: 'ada' }), 0)).toBe('saved');
    proxy.cut();
    await until(() => pool.totalCount === 0);
    for (const call of [
      () => other.get('s1'),
      () => other.put('s1', recordAt(START), 1),
      () => other.touch('s1', START + LIFE),
      () => other.destroy('s1', START + LIFE),
      () => other.listUser('ada'),
      () => other.prune(),
    ])
      expect(await codeOf(call())).toMatch(/ECONNRESET|ECONNREFUSED|terminated/);
    proxy.mend();
    expect((await other.get('s1'))?.version).toBe(1);
  });

  test('cut off in the middle of a statement, too', async () => {
    const pool = place.pools({ max: 2 });
    const other = postgresStore({ pool, clock: clock.read });
    await other.put('s1', recordAt(START), 0);
    const holder = await place.pool.connect();
    await holder.query("BEGIN; SELECT FROM keyturn_sessions WHERE id = 's1' FOR UPDATE");
    const waiting = codeOf(other.put('s1', recordAt(START), 1));
    const terminate = () =>
      place.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND query LIKE '%keyturn_sessions%' AND pid <> pg_backend_pid()
        AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = pg_stat_activity.pid AND relation = 'keyturn_sessions'::regclass)`);
    await until(async () => (await terminate()).rowCount === 1);
    expect(await waiting).toBe('57P01');
    await holder.query('COMMIT');
    holder.release();
    expect((await other.get('s1'))?.version).toBe(1);
  });
});
