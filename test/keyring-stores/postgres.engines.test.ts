// What is PostgreSQL's own: making the tables, rights, transactions and locks, and connections that are taken away.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { type Count, SPANS, startOf } from '../../src/fleet/counts.js';
import { PostgresRingTable } from '../../src/keyring-stores/postgres.js';
import { keyringSchemaSql } from '../../src/keyring-stores/postgres-schema.js';
import { ownSchema } from '../support/engines.js';
import { KIDS, reportsIn, told } from '../support/heard.js';
import { until } from '../support/waiting.js';

const LEASE = 60_000;
const START = Date.UTC(2026, 0, 1);

const DAY = SPANS.day.kept;
/** A bucket of the day begins. */
const NOW = startOf('day', Date.now());
const COUNT: Count = { start: NOW, kid: 'AAAAAAAA', purpose: 'session', verified: 5 };

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error) => error.code ?? error.message,
  );

let place: Awaited<ReturnType<typeof ownSchema>>;
let table: PostgresRingTable;

beforeEach(async () => {
  place = await ownSchema(inject('postgresUrl'));
  table = new PostgresRingTable({ pool: place.pool, name: 'default' });
});
afterEach(() => place.drop());

const ALL = [
  'keyturn_counts',
  'keyturn_counts_pkey',
  'keyturn_ended',
  'keyturn_ended_pkey',
  'keyturn_replicas',
  'keyturn_replicas_pkey',
  'keyturn_rings',
  'keyturn_rings_pkey',
];

const names = async (schema = place.schema): Promise<string[]> => {
  const text = `SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = $1 AND relkind IN ('r', 'i')`;
  return (await place.pool.query(text, [schema])).rows.map(({ relname }) => relname).sort();
};

/** All that a table does, once. */
async function through(one: PostgresRingTable): Promise<void> {
  expect(await one.write({ version: 'v1', text: 'a' }, undefined)).toBe(true);
  expect(await one.write({ version: 'v2', text: 'b' }, 'v1')).toBe(true);
  expect([await one.version(), await one.read()]).toEqual(['v2', { version: 'v2', text: 'b' }]);
  await one.writeReport('one', '{}', LEASE);
  await one.writeReport('one', '{}', LEASE);
  expect(await reportsIn(one)).toHaveLength(1);
  await one.removeReport('one', told({ AAAAAAAA: START }));
  expect(await one.ended(KIDS)).toEqual(told({ AAAAAAAA: START }));
  for (let time = 0; time < 2; time++) await one.addCounts('day', [COUNT]);
  expect(await one.counts('day', NOW - DAY, NOW)).toEqual([{ ...COUNT, verified: 10 }]);
}

describe('the tables', () => {
  test('are made by 20 connections at once, 10 times over', async () => {
    for (let round = 0; round < 10; round++) {
      const pools = Array.from({ length: 20 }, () => place.pools({ max: 1 }));
      await Promise.all(pools.map((pool) => pool.query('SELECT 1')));
      await Promise.all(pools.map((pool) => new PostgresRingTable({ pool, name: 'default' }).prepare()));
      expect(await names()).toEqual(ALL);
      await place.pool.query('DROP TABLE keyturn_rings, keyturn_replicas, keyturn_ended, keyturn_counts');
      await Promise.all(pools.map((pool) => pool.end()));
    }
  });

  test('are left as they are when they are there: nothing is written', async () => {
    const options = `-c search_path=${place.schema} -c default_transaction_read_only=on`;
    const reading = new PostgresRingTable({ pool: place.pools({ options }), name: 'default' });
    expect(await codeOf(reading.prepare())).toBe('25006');
    await table.write({ version: 'v1', text: 'a' }, undefined);
    await reading.prepare();
    expect(await reading.version()).toBe('v1');
    // Some are there: the rest is made, and nothing else touched.
    await place.pool.query('DROP TABLE keyturn_ended');
    expect(await table.ended(KIDS)).toEqual({});
    await table.prepare();
    expect(await names()).toEqual(ALL);
    expect(await table.version()).toBe('v1');
  });

  test('as SQL that is run by hand, twice', async () => {
    for (let time = 0; time < 2; time++) await place.pool.query(keyringSchemaSql());
    expect(await names()).toEqual(ALL);
    await through(table);
  });

  test('are where the pool looks first: in another schema, with capitals', async () => {
    const schema = `${place.schema}_B`;
    await place.pool.query(`CREATE SCHEMA "${schema}"`);
    try {
      const options = `-c search_path="${schema}"`;
      const other = new PostgresRingTable({ pool: place.pools({ options }), name: 'default' });
      await through(other);
      expect(await names(schema)).toEqual(ALL);
      expect(await names()).toEqual([]);
      await place.pool.query(keyringSchemaSql(schema));
      expect(table.name).toBe('PostgreSQL (keyturn_rings, default)');
      expect(await table.read()).toBeUndefined();
    } finally {
      await place.pool.query(`DROP SCHEMA "${schema}" CASCADE`);
    }
  });

  test('in a schema that is not there: nothing is found, and a write says so', async () => {
    const options = '-c search_path=not_there';
    const other = new PostgresRingTable({ pool: place.pools({ options }), name: 'default' });
    expect([await other.version(), await reportsIn(other)]).toEqual([undefined, []]);
    expect(await codeOf(other.write({ version: 'v1', text: '' }, undefined))).toBe('3F000');
  });

  test('a schema that is none is refused before anything is sent', () => {
    for (const schema of [
      '',
      'a b',
      'a"; DROP TABLE users; --',
      'a.b',
      '1a',
      'a\n',
      'ü',
      'x'.repeat(64),
      ['a'],
    ]) {
      const refused = expect.objectContaining({ code: 'store_invalid' });
      expect(() => keyringSchemaSql(schema as string)).toThrow(refused);
    }
  });
});

describe('a role that may not create', () => {
  let role: string;
  let limited: PostgresRingTable;

  beforeEach(async () => {
    role = `keyturn_test_${randomBytes(6).toString('hex')}`;
    await place.pool.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${place.schema} TO ${role}`);
    const pool = place.pools({ options: `-c search_path=${place.schema} -c role=${role}` });
    limited = new PostgresRingTable({ pool, name: 'default' });
  });
  afterEach(() => place.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));

  test('uses the tables that are there', async () => {
    await table.prepare();
    const rights = 'GRANT SELECT, INSERT, UPDATE, DELETE ON';
    await place.pool.query(`${rights} ALL TABLES IN SCHEMA ${place.schema} TO ${role}`);
    await limited.prepare();
    await through(limited);
  });

  test('finds nothing where they are not, and is told so when it writes', async () => {
    expect([await limited.version(), await limited.read()]).toEqual([undefined, undefined]);
    expect([await reportsIn(limited), await limited.ended(KIDS)]).toEqual([[], {}]);
    expect(await limited.counts('day', NOW - DAY, NOW)).toEqual([]);
    for (const call of [
      () => limited.prepare(),
      () => limited.write({ version: 'v1', text: '' }, undefined),
      () => limited.write({ version: 'v1', text: '' }, 'v0'),
      () => limited.writeReport('one', '{}', LEASE),
      () => limited.removeReport('one', {}),
      () => limited.addCounts('day', [COUNT]),
    ])
      expect(await codeOf(call())).toBe('42501');
    expect(await names()).toEqual([]);
  });

  test('without the table of what was verified, all else works', async () => {
    await table.prepare();
    await place.pool.query('DROP TABLE keyturn_counts');
    const rights = 'GRANT SELECT, INSERT, UPDATE, DELETE ON';
    await place.pool.query(`${rights} ALL TABLES IN SCHEMA ${place.schema} TO ${role}`);
    expect(await limited.write({ version: 'v1', text: 'a' }, undefined)).toBe(true);
    expect(await limited.read()).toEqual({ version: 'v1', text: 'a' });
    await limited.writeReport('one', '{}', LEASE);
    expect(await reportsIn(limited)).toHaveLength(1);
    await limited.removeReport('one', told({ AAAAAAAA: START }));
    expect(await codeOf(limited.addCounts('day', [COUNT]))).toBe('42501');
    expect(await limited.counts('day', NOW - DAY, NOW)).toEqual([]);
  });
});

describe('what was verified', () => {
  test('goes when it is too old, or lies too far ahead, and nothing else does', async () => {
    // The first to add something clears away.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const clearing = new PostgresRingTable({ pool: place.pool, name: 'default' });
    vi.restoreAllMocks();
    const insert = `INSERT INTO keyturn_counts SELECT $1, $2, n, 'AAAAAAAA', 'session', 1 FROM generate_series($3::bigint, $4, $5) AS n`;
    await table.prepare();
    for (const [span, { bucket, kept }] of Object.entries(SPANS)) {
      const now = startOf(span as 'day', Date.now());
      for (const ring of ['default', 'another']) {
        await place.pool.query(insert, [ring, span, now - 3 * kept, now - 1.5 * kept, bucket]);
        await place.pool.query(insert, [ring, span, now - kept / 2, now, bucket]);
        await place.pool.query(insert, [ring, span, now + 10 * kept, now + 11 * kept, bucket]);
      }
    }
    const rows = async (ring: string) =>
      Number(
        (await place.pool.query('SELECT count(*) FROM keyturn_counts WHERE ring = $1', [ring])).rows[0].count,
      );
    const before = await rows('another');
    await clearing.addCounts('day', [COUNT]);
    // Half of the 180, 288 and 372 buckets, and the one that goes on.
    expect(await rows('default')).toBe(90 + 144 + 186 + 3);
    expect(await rows('another')).toBe(before);
    // It does so rarely.
    await place.pool.query(insert, ['default', 'day', NOW - 3 * DAY, NOW - 2 * DAY, 300_000]);
    await clearing.addCounts('day', [COUNT]);
    expect(await rows('default')).toBe(90 + 144 + 186 + 3 + 289);
    expect(await table.counts('day', NOW - DAY, NOW)).toHaveLength(145);
  });

  test('is not waited for until it is on the disk, and only that', async () => {
    const pool = place.pools({ max: 1 });
    const one = new PostgresRingTable({ pool, name: 'default' });
    await one.prepare();
    await one.addCounts('day', [COUNT]);
    expect((await pool.query('SHOW synchronous_commit')).rows[0].synchronous_commit).toBe('on');
  });
});

describe('statements', () => {
  beforeEach(() => table.prepare());

  test('what looks like SQL is a value, and a long name does not get in the way of news', async () => {
    for (const name of [`'; DROP TABLE keyturn_rings; --`, '"; LISTEN x; --', 'Ü'.repeat(100), '$1', '']) {
      const one = new PostgresRingTable({ pool: place.pool, name });
      let told = 0;
      const end = await one.watch(() => told++);
      await until(() => told > 0);
      told = 0;
      await through(one);
      await until(() => told > 0);
      await end();
    }
  });

  test('where transactions are serializable by default, no change is lost', async () => {
    const options = `-c search_path=${place.schema} -c default_transaction_isolation=serializable`;
    const strict = new PostgresRingTable({ pool: place.pools({ options, max: 20 }), name: 'default' });
    const add = async (_: unknown, n: number) => {
      for (;;) {
        const slot = await strict.read();
        const version = `${n} ${randomBytes(6).toString('hex')}`;
        if (await strict.write({ version, text: String(Number(slot?.text ?? 0) + 1) }, slot?.version)) return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, add));
    expect((await strict.read())?.text).toBe('20');
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        strict.removeReport(`r${n}`, told({ AAAAAAAA: START + n, BBBBBBBB: START })),
      ),
    );
    expect(await strict.ended(KIDS)).toEqual(told({ AAAAAAAA: START + 19, BBBBBBBB: START }));
  });

  test.each([
    ['a first', undefined] as const,
    ['a later', 'v1'] as const,
  ])('%s write that is asked again while it still waits has succeeded each time', async (_name, expected) => {
    if (expected !== undefined) await table.write({ version: expected, text: '' }, undefined);
    // Nobody else gets at the row before both have asked.
    const holder = await place.pool.connect();
    await holder.query('BEGIN; LOCK TABLE keyturn_rings IN SHARE MODE');
    const write = () => table.write({ version: 'v2', text: 'b' }, expected);
    const asked = [write(), write(), write()];
    await until(async () => {
      const text = 'SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::regclass';
      return Number((await holder.query(text, ['keyturn_rings'])).rows[0].count) === 3;
    });
    await holder.query('COMMIT');
    holder.release();
    expect(await Promise.all(asked)).toEqual([true, true, true]);
    expect(await table.read()).toEqual({ version: 'v2', text: 'b' });
  });

  test('cut off in the middle, it rejects, and nothing is written by halves', async () => {
    await table.write({ version: 'v1', text: 'a' }, undefined);
    const holder = await place.pool.connect();
    await holder.query(`BEGIN; SELECT FROM keyturn_rings FOR UPDATE`);
    const waiting = codeOf(table.write({ version: 'v2', text: 'b' }, 'v1'));
    const terminate = () =>
      holder.query(`SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE relation = 'keyturn_rings'::regclass AND pid <> pg_backend_pid()`);
    await until(async () => Number((await terminate()).rowCount) > 0);
    expect(await waiting).toBe('57P01');
    await holder.query('COMMIT');
    holder.release();
    expect(await table.read()).toEqual({ version: 'v1', text: 'a' });
    expect(await table.write({ version: 'v2', text: 'b' }, 'v1')).toBe(true);
  });

  test('ages go by the clock of the server', async () => {
    await table.writeReport('one', '{}', LEASE);
    const moved = async (by: string) => {
      await place.pool.query(`UPDATE keyturn_replicas SET reported_at = clock_timestamp() + $1::interval`, [
        by,
      ]);
      return (await reportsIn(table))[0]?.age as number;
    };
    for (const [by, age] of [
      ['-1 second', 1000],
      ['-1 hour', 3_600_000],
      ['-10000 days', 864_000_000_000],
    ] as const) {
      expect(await moved(by)).toBeGreaterThanOrEqual(age);
      expect(await moved(by)).toBeLessThan(age + 1000);
    }
    // Its clock was set back since.
    expect(await moved('1 hour')).toBe(0);
  });

  test('in any time zone, and for a pool that gives big numbers as such', async () => {
    const options = `-c search_path=${place.schema} -c timezone=Asia/Kathmandu -c datestyle=German`;
    const types = { getTypeParser: (oid: number) => (oid === 20 ? BigInt : String) };
    const other = new PostgresRingTable({ pool: place.pools({ options, types }), name: 'default' });
    await other.writeReport('one', '{}', LEASE);
    for (const one of [table, other])
      expect(await reportsIn(one)).toEqual([
        { instance: 'one', text: '{}', age: expect.any(Number), lease: LEASE },
      ]);
    expect((await reportsIn(table))[0]?.age).toBeLessThan(5000);
    await other.removeReport('one', told({ AAAAAAAA: START }));
    expect(await other.ended(KIDS)).toEqual(told({ AAAAAAAA: START }));
  });
});

describe('a watch', () => {
  beforeEach(() => table.prepare());

  test('whose connection the server ends is told again', async () => {
    const name = `watched-${place.schema}`;
    const pool = place.pools({ application_name: name });
    let told = 0;
    const end = await new PostgresRingTable({ pool, name }).watch(() => told++);
    for (let time = 1; time <= 3; time++) {
      await until(() => told === time);
      const kill = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1';
      await place.pool.query(kill, [name]);
    }
    await until(() => told === 4);
    await end();
  });

  test('takes one connection, and gives none back that still listens', async () => {
    const pool = place.pools({ max: 3 });
    const one = new PostgresRingTable({ pool, name: 'default' });
    const ends = await Promise.all([one.watch(() => {}), one.watch(() => {})]);
    await until(() => pool.totalCount === 2 && pool.idleCount === 0);
    expect(await one.version()).toBeUndefined();
    for (const end of ends) await end();
    expect(pool.totalCount - pool.idleCount).toBe(0);
    expect((await pool.query('SELECT count(*) FROM pg_listening_channels()')).rows[0].count).toBe('0');
  });

  test('of a pool that lends none says nothing, and harms nothing', async () => {
    const query = (text: string, values?: unknown[]) => place.pool.query(text, values as unknown[]);
    for (const pool of [{ query }, place.pools({ max: 1 })]) {
      const one = new PostgresRingTable({ pool, name: 'default' });
      const end = await one.watch(() => {});
      expect(await one.version()).toBeUndefined();
      await end();
    }
  });
});
