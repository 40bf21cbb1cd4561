// Tables of shared rings on real engines, each in a place of its own: for the contract suite.
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { inject } from 'vitest';
import { BothTables } from '../../src/keyring-stores/both-tables.js';
import { PostgresRingTable } from '../../src/keyring-stores/postgres.js';
import { RedisRingTable } from '../../src/keyring-stores/redis.js';
import { type Cut, cutTo, ownPrefix, ownSchema } from '../support/engines.js';
import type { TableEngine } from './table-contract.js';

/** A proxy before an engine, and the engine's address by way of it. */
export async function behindProxy(address: string): Promise<{ readonly proxy: Cut; readonly url: string }> {
  const url = new URL(address);
  const proxy = await cutTo(Number(url.port) || (url.protocol === 'redis:' ? 6379 : 5432), url.hostname);
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

/** What is no report, and what is no moment, although Lua's own numbers take some of it. */
const REPORTS = ['', '{}', 'x', '1 2', '-1 5 x', '1e9 5 x', '99999999999999999 5 x', 'nan 5 x', '\u0000\xff'];
const MOMENTS = ['', 'x', '-1', '1.5', '1e300', 'inf', 'nan', '0x7fffffffffffff', '99999999999999999'];

/** Runs commands directly, for what a test does behind a table's back. */
async function direct<T>(work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(inject('redisUrl'));
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

interface RedisPlace {
  client(url: string): RedisClientOfTest;
}

interface RedisClientOfTest {
  readonly client: ConstructorParameters<typeof RedisRingTable>[0]['client'];
  end(): void;
}

function redis(name: string, { client }: RedisPlace, named = false): TableEngine {
  return {
    name,
    ...(named ? { connections: 2 } : {}),
    open: async () => {
      const prefix = ownPrefix();
      const { proxy, url } = await behindProxy(inject('redisUrl'));
      const clients: RedisClientOfTest[] = [];
      const through = (to: string) => {
        const made = client(to);
        clients.push(made);
        return (ring = 'default') => {
          const of = { client: made.client, prefix, name: ring };
          const table = new RedisRingTable(of);
          return named ? new BothTables(table, new RedisRingTable({ ...of, app: 'shop' })) : table;
        };
      };
      const key = `${prefix}{ring:default}`;
      return {
        proxy,
        table: through(inject('redisUrl')),
        other: through(inject('redisUrl')),
        far: through(url),
        wipe: () => direct(async (to) => void (await to.del(key, `${key}:reports`, `${key}:ended`))),
        spoilCounts: (span, start) =>
          direct(async (to) => {
            for (const chunk of await to.keys(`${key}:verified:${span}:*`)) {
              for (const [n, garbage] of [...REPORTS, '-5', '1e3', '1'.repeat(100)].entries()) {
                await to.hset(chunk, `${start} odd${n}aaaa session`, garbage);
                await to.hset(chunk, `${garbage} AAAAAAAA session`, '5');
              }
              await to.hset(chunk, `${start} AAAAAAAA <script>`, '5');
              await to.hset(chunk, `${start + 1} AAAAAAAA session`, '5');
              await to.hset(chunk, `${start} ${'A'.repeat(1_000_000)} session`, '5');
            }
          }),
        spoil: () =>
          direct(async (to) => {
            for (const [n, garbage] of REPORTS.entries())
              await to.hset(`${key}:reports`, `odd-${n}`, garbage);
            const kids = MOMENTS.map((_, n) => `oddodd-${n}`);
            for (const [n, kid] of kids.entries()) await to.hset(`${key}:ended`, kid, MOMENTS[n] as string);
            return kids;
          }),
        close: async () => {
          for (const { end } of clients) end();
          await proxy.close();
          await direct(async (to) => {
            for await (const keys of to.scanStream({ match: `${prefix}*`, count: 1000 }))
              if (keys.length > 0) await to.del(keys);
          });
        },
      };
    },
  };
}

const nodeRedis = redis('Redis through node-redis', {
  client: (url) => {
    const client = createClient({ url, socket: { reconnectStrategy: 50 } });
    client.on('error', () => {});
    client.connect().catch(() => {});
    return { client, end: () => client.destroy() };
  },
});

const IOREDIS: RedisPlace = {
  client: (url) => {
    const client = new Redis(url, { retryStrategy: () => 50 });
    client.on('error', () => {});
    return { client, end: () => client.disconnect() };
  },
};

const ioredis = redis('Redis through ioredis', IOREDIS);

/** While an app is given a name. */
const bothNames = redis('Redis, both names of an app', IOREDIS, true);

const postgres: TableEngine = {
  name: 'PostgreSQL',
  open: async () => {
    const place = await ownSchema(inject('postgresUrl'));
    // News is told to a whole database: the name is one that nobody else uses, as the schema is.
    const own = `default-${place.schema}`;
    const { proxy, url } = await behindProxy(inject('postgresUrl'));
    const through = (settings: object) => {
      const pool = place.pools(settings);
      return (ring = own) => new PostgresRingTable({ pool, name: ring });
    };
    const direct = (text: string, values?: unknown[]) => place.pool.query(text, values);
    return {
      proxy,
      table: through({}),
      other: through({}),
      far: through({ connectionString: url, connectionTimeoutMillis: 500 }),
      wipe: async () => {
        for (const [table, column] of Object.entries({
          rings: 'name',
          replicas: 'ring',
          ended: 'ring',
          counts: 'ring',
        }))
          await direct(`DELETE FROM keyturn_${table} WHERE ${column} = '${own}'`);
      },
      spoilCounts: async (span, start) => {
        const insert = 'INSERT INTO keyturn_counts VALUES ($1, $2, $3, $4, $5, $6)';
        for (const [begin, kid, purpose] of [
          [start + 1, 'AAAAAAAA', 'session'],
          [start, '<script>', 'session'],
          [start, 'AAAAAAAA', '<script>'],
          [start, 'A'.repeat(1000), 'session'],
          [start, 'AAAAAAAA', 's'.repeat(1000)],
          [start, '', ''],
        ] as const)
          await direct(insert, [own, span, begin, kid, purpose, 5]);
        for (const verified of ['-1', '9223372036854775807'])
          await direct(insert, [own, span, start, 'BBBBBBBB', 'session', verified]).then(
            () => Promise.reject(new Error(`taken: ${verified}`)),
            (error) => {
              if (error.code !== '23514') throw error;
            },
          );
      },
      spoil: async () => {
        // The tables themselves refuse it.
        const report = 'INSERT INTO keyturn_replicas (ring, instance, text, reported_at, lease) VALUES ';
        for (const statement of [
          `${report} ('${own}', 'odd1', '', 'infinity', 1)`,
          `${report} ('${own}', 'odd2', '', now(), -1)`,
          `INSERT INTO keyturn_ended VALUES ('${own}', 'AAAAAAAA', -1, '')`,
          `INSERT INTO keyturn_ended VALUES ('${own}', 'AAAAAAAA', 9223372036854775807, '')`,
        ])
          await direct(statement).then(
            () => Promise.reject(new Error(`taken: ${statement}`)),
            (error) => {
              if (error.code !== '23514') throw error;
            },
          );
        return ['AAAAAAAA'];
      },
      close: async () => {
        await proxy.close();
        await place.drop();
      },
    };
  },
};

export const TABLE_ENGINES: readonly TableEngine[] = [nodeRedis, ioredis, bothNames, postgres];
