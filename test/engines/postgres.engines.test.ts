// A pool that is opened by URL: what it does while PostgreSQL is away or silent, and news from channels.
import { Pool } from 'pg';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { openPostgres } from '../../src/engines/open-postgres.js';
import { listen, type PostgresPool } from '../../src/engines/postgres.js';
import { cutTo, ownPrefix } from '../support/engines.js';
import { NOT_FOR_EVER, took, tookMostly, until } from '../support/waiting.js';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function behindProxy() {
  const url = new URL(inject('postgresUrl'));
  const proxy = await cutTo(Number(url.port) || 5432, url.hostname);
  cleanups.push(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

async function open(url: string): Promise<PostgresPool> {
  const { client: pool, close } = await openPostgres(url);
  cleanups.push(close);
  return pool;
}

const answers = (pool: PostgresPool) =>
  pool.query('SELECT 1').then(
    () => true,
    () => false,
  );

describe('a PostgreSQL opened by its URL', () => {
  test('out of reach: fails at once, and connects when it can', async () => {
    const { proxy, url } = await behindProxy();
    proxy.cut();
    const pool = await open(url);
    const during = await tookMostly(() => pool.query('SELECT 1'));
    expect(during.failed).toBe(true);
    expect(during.ms).toBeLessThan(500);
    proxy.mend();
    await until(() => answers(pool));
  });

  test('lost connections, idle or in use, end no process; the next query has another', async () => {
    const { proxy, url } = await behindProxy();
    const pool = await open(url);
    expect(await answers(pool)).toBe(true);
    const direct = new Pool({ connectionString: inject('postgresUrl') });
    cleanups.push(() => direct.end());
    const named = `SELECT pg_sleep(30) /* ${ownPrefix()} */`;
    const asked = pool.query(named);
    asked.catch(() => undefined);
    await pool.query('SELECT 1');
    await until(async () => {
      const { rowCount } = await direct.query(
        "SELECT FROM pg_stat_activity WHERE state = 'active' AND query = $1",
        [named],
      );
      return rowCount === 1;
    });
    proxy.cut();
    await expect(asked).rejects.toThrow();
    proxy.mend();
    await until(() => answers(pool));
  });

  test('silent: nothing waits for ever, and it is back by itself', async () => {
    const { proxy, url } = await behindProxy();
    const pool = await open(url);
    expect(await answers(pool)).toBe(true);
    proxy.freeze();
    const waiting = await took(() => pool.query('SELECT 1'));
    expect(waiting.failed).toBe(true);
    expect(waiting.ms).toBeLessThan(NOT_FOR_EVER);
    const next = await took(() => pool.query('SELECT 1'));
    expect(next.failed).toBe(true);
    expect(next.ms).toBeLessThan(NOT_FOR_EVER / 2);
    proxy.thaw();
    await until(() => answers(pool));
  });
});

const OWN = [
  [
    'a pool of the app',
    async (url: string) => {
      const pool = new Pool({ connectionString: url });
      pool.on('error', () => {});
      cleanups.push(() => pool.end());
      return pool as unknown as PostgresPool;
    },
  ],
  ['opened by URL', open],
] as const;

describe.each(OWN)('news from a channel: %s', (_name, openPool) => {
  test('arrives, also after a lost connection, until it is ended', async () => {
    const { proxy, url } = await behindProxy();
    const channel = `odd "${ownPrefix()}`;
    const pool = await openPool(url);
    const direct = new Pool({ connectionString: inject('postgresUrl') });
    cleanups.push(() => direct.end());
    const publish = (to = channel) => direct.query('SELECT pg_notify($1, $2)', [to, 'now']);
    const told = vi.fn();
    const end = await listen(pool, channel, told);
    expect(told).toHaveBeenCalledTimes(1);
    await publish();
    await until(() => told.mock.calls.length === 2);
    await publish(`${channel}other`);
    proxy.cut();
    expect(told).toHaveBeenCalledTimes(2);
    proxy.mend();
    await until(() => told.mock.calls.length === 3);
    await publish();
    await until(() => told.mock.calls.length === 4);
    await end();
    // Others hear what is said afterwards.
    const others = vi.fn();
    cleanups.push(await listen(direct as unknown as PostgresPool, channel, others));
    await publish();
    await until(() => others.mock.calls.length === 2);
    expect(told).toHaveBeenCalledTimes(4);
    // Nobody who is handed the connection goes on listening.
    const { rows } = await pool.query('SELECT count(*) AS open FROM pg_listening_channels()');
    expect(Number(rows[0]?.open)).toBe(0);
  });

  test('where PostgreSQL is away at first, it arrives later', async () => {
    const { proxy, url } = await behindProxy();
    const pool = await openPool(url);
    proxy.cut();
    const told = vi.fn();
    const end = await listen(pool, ownPrefix(), told);
    expect(told).not.toHaveBeenCalled();
    proxy.mend();
    await until(() => told.mock.calls.length === 1);
    await end();
  });
});

test('a pool that lends nothing, and a pool of one, are left alone', async () => {
  const told = vi.fn();
  await (await listen({ query: async () => ({ rows: [], rowCount: 0 }) }, 'x', told))();
  const one = new Pool({ connectionString: inject('postgresUrl'), max: 1 });
  await (await listen(one as unknown as PostgresPool, 'x', told))();
  expect(one.totalCount).toBe(0);
  expect(told).not.toHaveBeenCalled();
});
