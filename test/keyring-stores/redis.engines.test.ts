// What is Redis' own: keys and scripts, who may publish, clients of all kinds, and a cluster.
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { RedisClient } from '../../src/engines/redis.js';
import { type Count, MOST_IN_BUCKET, SPANS, startOf } from '../../src/fleet/counts.js';
import { RedisRingTable } from '../../src/keyring-stores/redis.js';
import type { RingTable } from '../../src/keyring-stores/table.js';
import { ownPrefix, type PrivateRedis, startRedis } from '../support/engines.js';
import { KIDS, reportsIn, told } from '../support/heard.js';
import { until } from '../support/waiting.js';

const LEASE = 60_000;
const START = Date.UTC(2026, 0, 1);

const DAY = SPANS.day.kept;
/** A bucket of the day begins. */
const NOW = startOf('day', Date.now());
const COUNT: Count = { start: NOW, kid: 'AAAAAAAA', purpose: 'session', verified: 5 };

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => error.message,
  );

/** All that a table does, once. */
async function through(table: RingTable): Promise<void> {
  expect([await table.version(), await table.read()]).toEqual([undefined, undefined]);
  expect([await reportsIn(table), await table.ended(KIDS)]).toEqual([[], {}]);
  expect(await table.write({ version: 'v1', text: 'ü' }, undefined)).toBe(true);
  expect(await table.write({ version: 'v2', text: 'x' }, undefined)).toBe(false);
  expect(await table.write({ version: 'v2', text: 'ö' }, 'v1')).toBe(true);
  expect(await table.version()).toBe('v2');
  expect(await table.read()).toEqual({ version: 'v2', text: 'ö' });
  await table.writeReport('one', '{"ä":1}', LEASE);
  expect(await reportsIn(table)).toEqual([
    { instance: 'one', text: '{"ä":1}', age: expect.any(Number), lease: LEASE },
  ]);
  await table.removeReport('one', told({ AAAAAAAA: START }));
  expect(await reportsIn(table)).toEqual([]);
  expect(await table.ended(KIDS)).toEqual(told({ AAAAAAAA: START }));
  for (let time = 0; time < 2; time++)
    await table.addCounts('day', [COUNT, { ...COUNT, start: NOW - DAY / 2 }]);
  const counts = await table.counts('day', NOW - DAY, NOW);
  expect(counts).toHaveLength(2);
  expect(counts).toContainEqual({ ...COUNT, verified: 10 });
}

/** Whether a watch brings news. */
async function hears(table: RingTable, writer: RingTable): Promise<void> {
  let told = 0;
  const end = await table.watch(() => told++);
  await until(() => told > 0);
  told = 0;
  await writer.write({ version: `after ${await writer.version()}`, text: '' }, await writer.version());
  await until(() => told > 0);
  await end();
}

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

describe('in a Redis that is shared', () => {
  let client: Redis;
  let prefix: string;
  let table: RedisRingTable;
  let key: string;

  beforeEach(() => {
    client = new Redis(inject('redisUrl'));
    prefix = ownPrefix();
    key = `${prefix}{ring:default}`;
    table = new RedisRingTable({ client, prefix, name: 'default' });
    cleanups.push(async () => {
      const keys = await client.keys(`${prefix}*`);
      if (keys.length > 0) await client.del(keys);
      client.disconnect();
    });
  });

  test('three keys hold it all, without an end, in one slot of a cluster', async () => {
    await table.write({ version: 'v1', text: 'a' }, undefined);
    await table.writeReport('one', '{}', LEASE);
    await table.writeReport('two', '{}', LEASE);
    await table.removeReport('two', told({ AAAAAAAA: START }));
    const keys = (await client.keys(`${prefix}*`)).sort();
    expect(keys).toEqual([key, `${key}:ended`, `${key}:reports`]);
    for (const each of keys) expect(await client.pttl(each)).toBe(-1);
    expect(await client.hgetall(key)).toEqual({ version: 'v1', text: 'a' });
    expect(await client.hgetall(`${key}:ended`)).toEqual({ AAAAAAAA: `${START} AAAAAAAA-${START}` });
    expect((await client.hgetall(`${key}:reports`)).one).toMatch(/^\d{13} 60000 \{\}$/);
    expect(table.name).toBe(`Redis (${key})`);
    expect(new RedisRingTable({ client, name: 'default' }).name).toBe('Redis (keyturn:{ring:default})');
  });

  test('what was verified lies beside them in the same slot, and goes by itself', async () => {
    for (const span of ['quarter-hour', 'day', 'month'] as const) {
      const { kept, bucket } = SPANS[span];
      const now = startOf(span, Date.now());
      // As if one process had told all of a span at once.
      const all = Array.from({ length: kept / bucket }, (_, n) => ({ ...COUNT, start: now - n * bucket }));
      await table.addCounts(span, all);
      const keys = (await client.keys(`${prefix}*`)).filter((name) => name.includes(`:${span}:`));
      expect(keys.length).toBeLessThanOrEqual(5);
      for (const each of keys) {
        expect(each.startsWith(`${key}:verified:${span}:`)).toBe(true);
        expect(await client.pttl(each)).toBeGreaterThan(kept);
        expect(await client.pttl(each)).toBeLessThanOrEqual(1.5 * kept);
      }
      // When it goes is said anew where something comes into it that was not there, and not by each replica.
      await client.persist(keys[0] as string);
      await table.addCounts(span, all);
      expect(await client.pttl(keys[0] as string)).toBe(-1);
    }
  });

  test('more than all replicas could have told is not read', async () => {
    await table.addCounts('day', [COUNT]);
    const [hash = ''] = await client.keys(`${prefix}*`);
    const script = `for n = 1, ${72 * MOST_IN_BUCKET} do redis.call('HSET', KEYS[1], n .. ' AAAAAAAA x', 1) end`;
    await client.eval(script, 1, hash);
    expect(await table.counts('day', NOW - DAY, NOW)).toEqual([]);
    // Others are.
    await table.addCounts('month', [{ ...COUNT, start: startOf('month', NOW) }]);
    expect(await table.counts('month', NOW - 30 * DAY, NOW)).toHaveLength(1);
  });

  test('ages go by the clock of Redis', async () => {
    await table.writeReport('one', '{}', LEASE);
    const moved = async (by: number) => {
      const [seconds, micros] = await client.time();
      const at = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000) + by;
      await client.hset(`${key}:reports`, 'one', `${at} ${LEASE} {}`);
      return (await reportsIn(table))[0]?.age as number;
    };
    for (const age of [1000, 3_600_000, 40 * 365 * 86_400_000]) {
      expect(await moved(-age)).toBeGreaterThanOrEqual(age);
      expect(await moved(-age)).toBeLessThan(age + 1000);
    }
    // Its clock was set back since.
    expect(await moved(3_600_000)).toBe(0);
  });

  test('scripts that Redis has forgotten are sent again', async () => {
    // Nobody else's are taken away: an engine that has them all forgets them by its own.
    let forgotten = 0;
    const forgetful = Object.assign(Object.create(client), {
      call: (command: string, sha: string, ...rest: string[]) => {
        if (command === 'EVALSHA') forgotten++;
        return client.call(command, command === 'EVALSHA' ? '0'.repeat(40) : sha, ...rest);
      },
    });
    await through(new RedisRingTable({ client: forgetful, prefix, name: 'default' }));
    expect(forgotten).toBeGreaterThan(5);
  });

  test('a client of either kind does, whatever it was told to answer with', async () => {
    const url = inject('redisUrl');
    const plain = await createClient({ url }).connect();
    const resp3 = await createClient({ url, RESP: 3 }).connect();
    const resp2 = await createClient({ url, RESP: 2 }).connect();
    const pool = createClientPool({ url });
    await pool.connect();
    const prefixed = new Redis(url, { keyPrefix: `${prefix}app:` });
    const ioredis3 = new Redis(url, { protocol: 3 } as object);
    cleanups.push(
      ...[plain, resp3, resp2].map((each) => () => each.destroy()),
      ...[prefixed, ioredis3].map((each) => () => each.disconnect()),
      () => pool.destroy(),
    );
    const bytes = plain.withTypeMapping({ 36: Buffer });
    for (const [n, each] of [plain, resp3, resp2, pool, bytes, prefixed, ioredis3].entries()) {
      const make = () =>
        new RedisRingTable({ client: each as unknown as RedisClient, prefix, name: `ring ${n}` });
      await through(make());
      // A pool has no connection to spare, and says nothing.
      if (each === (pool as unknown)) await (await make().watch(() => {}))();
      else await hears(make(), make());
    }
  });

  test('something else under its keys is an error, and is left alone', async () => {
    for (const each of [key, `${key}:reports`, `${key}:ended`]) await client.set(each, 'a');
    for (const call of [
      () => table.version(),
      () => table.read(),
      () => table.write({ version: 'v1', text: '' }, undefined),
      () => table.writeReport('one', '{}', LEASE),
      () => table.removeReport('one', told({ AAAAAAAA: START })),
      () => reportsIn(table),
      () => table.ended(KIDS),
    ])
      expect(await failure(call())).toContain('WRONGTYPE');
    for (const each of [key, `${key}:reports`, `${key}:ended`]) expect(await client.get(each)).toBe('a');
    await table.addCounts('day', [COUNT]);
    const [hash = ''] = await client.keys(`${key}:verified:*`);
    await client.set(hash, 'a');
    expect(await failure(table.addCounts('day', [COUNT]))).toContain('WRONGTYPE');
    expect(await failure(table.counts('day', NOW - DAY, NOW))).toContain('WRONGTYPE');
    expect(await client.get(hash)).toBe('a');
  });

  test('half a ring: the version decides whether there is one', async () => {
    await client.hset(key, 'text', 'left over');
    expect([await table.version(), await table.read()]).toEqual([undefined, undefined]);
    expect(await table.write({ version: 'v1', text: 'a' }, undefined)).toBe(true);
    await client.hdel(key, 'text');
    expect(await table.read()).toEqual({ version: 'v1', text: '' });
    expect(await table.write({ version: 'v2', text: 'b' }, 'v1')).toBe(true);
  });
});

test('without a client it says so at once', () => {
  for (const client of [undefined, null, {}, { get: () => {} }, 'redis://127.0.0.1'])
    expect(() => new RedisRingTable({ client: client as never, name: 'default' })).toThrow(
      expect.objectContaining({ code: 'store_invalid' }),
    );
});

describe('in a Redis of its own', () => {
  let redis: PrivateRedis;
  let admin: Redis;

  beforeAll(async () => {
    redis = await startRedis();
    admin = new Redis(redis.port);
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  test('who may not publish writes all the same', async () => {
    const commands = ['+@read', '+@write', '+@scripting', '+@connection', '+publish', '+time', '+info'];
    await admin.call('ACL', 'SETUSER', 'quiet', 'on', 'nopass', '~keyturn:*', 'resetchannels', ...commands);
    const client = new Redis({ port: redis.port, username: 'quiet', password: 'any' });
    cleanups.push(() => client.disconnect());
    expect(await failure(client.publish('keyturn:x', ''))).toContain('NOPERM');
    await through(new RedisRingTable({ client, name: 'quiet' }));
  });

  test('a replica that adds what it verified costs three commands, however many keys and purposes', async () => {
    const client = new Redis(redis.port);
    cleanups.push(() => client.disconnect());
    const table = new RedisRingTable({ client, name: 'busy' });
    const counts = Array.from({ length: 30 }, (_, n) => ({ ...COUNT, purpose: `purpose-${n}` }));
    await table.addCounts('day', counts);
    await admin.config('RESETSTAT');
    for (let time = 0; time < 10; time++) await table.addCounts('day', counts);
    const calls = [...(await admin.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)];
    const told = calls.filter(([, name]) => !/config|info/.test(name as string));
    expect(Object.fromEntries(told.map(([, name, n]) => [name, n]))).toEqual({
      evalsha: '10',
      hmget: '10',
      hset: '10',
    });
  });

  test('a Redis that is full or read-only does nothing by halves', async () => {
    const client = new Redis(redis.port);
    cleanups.push(() => client.disconnect());
    const table = new RedisRingTable({ client, name: 'full' });
    await table.write({ version: 'v1', text: 'a' }, undefined);
    await table.writeReport('one', '{}', LEASE);
    await admin.config('SET', 'maxmemory', '1');
    expect(await failure(table.write({ version: 'v2', text: 'b' }, 'v1'))).toContain('OOM');
    expect(await failure(table.removeReport('one', told({ AAAAAAAA: START })))).toContain('OOM');
    expect(await table.read()).toEqual({ version: 'v1', text: 'a' });
    expect(await reportsIn(table)).toHaveLength(1);
    await admin.config('SET', 'maxmemory', '0');
    await admin.replicaof('127.0.0.1', 1);
    expect(await failure(table.write({ version: 'v2', text: 'b' }, 'v1'))).toContain('READONLY');
    await admin.replicaof('NO', 'ONE');
    expect(await table.write({ version: 'v2', text: 'b' }, 'v1')).toBe(true);
  });

  test('a watch that has ended has no connection left, nor any subscription', async () => {
    for (const client of [new Redis(redis.port), await createClient({ url: redis.url }).connect()]) {
      cleanups.push(() => (client instanceof Redis ? client.disconnect() : client.destroy()));
      const table = new RedisRingTable({ client: client as RedisClient, name: 'watched' });
      await table.version();
      const connections = async () =>
        String(await admin.client('LIST'))
          .trim()
          .split('\n').length;
      const before = await connections();
      const ends = await Promise.all([table.watch(() => {}), table.watch(() => {})]);
      await until(async () => (await connections()) === before + 2);
      expect(await admin.pubsub('CHANNELS', '*')).toEqual(['keyturn:{ring:watched}:written']);
      for (const end of ends) await end();
      await until(async () => (await connections()) === before);
      expect(await admin.pubsub('CHANNELS', '*')).toEqual([]);
    }
  });

  test('a watch whose connection the server kills is told again', async () => {
    const client = new Redis(redis.port);
    cleanups.push(() => client.disconnect());
    const table = new RedisRingTable({ client, name: 'killed' });
    let told = 0;
    const end = await table.watch(() => told++);
    cleanups.push(end);
    for (let time = 1; time <= 3; time++) {
      await until(() => told === time);
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    await until(() => told === 4);
  });
});

describe('a cluster of two', () => {
  const nodes: PrivateRedis[] = [];
  const clients: RedisClient[] = [];
  const closings: Array<() => void> = [];

  beforeAll(async () => {
    for (const slots of ['0 8191', '8192 16383']) {
      const node = await startRedis(undefined, undefined, ['--cluster-enabled', 'yes']);
      nodes.push(node);
      const client = new Redis(node.port);
      await client.call('CLUSTER', 'ADDSLOTSRANGE', ...slots.split(' '));
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(nodes.length));
      if (nodes.length === 2) await client.call('CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]?.port));
      client.disconnect();
    }
    for (const { port } of nodes) {
      const client = new Redis(port);
      const ready = async () =>
        /cluster_state:ok[\s\S]*cluster_known_nodes:2/.test(String(await client.call('CLUSTER', 'INFO')));
      await until(ready);
      client.disconnect();
    }
    const cluster = createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) });
    await cluster.connect();
    const other = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
    clients.push(cluster as unknown as RedisClient, other as unknown as RedisClient);
    closings.push(
      () => cluster.destroy(),
      () => other.disconnect(),
    );
  });

  afterAll(async () => {
    for (const close of closings) close();
    for (const node of nodes) await node.stop();
  });

  test.each([
    0, 1,
  ])('keeps rings on both nodes, through either client, and tells of writes (%i)', async (n) => {
    const client = clients[n] as RedisClient;
    const writer = clients[1 - n] as RedisClient;
    const prefix = ownPrefix();
    for (let ring = 0; ring < 8; ring++) {
      const name = `ring ${ring}`;
      const table = new RedisRingTable({ client, prefix, name });
      await through(table);
      if (ring < 3) await hears(table, new RedisRingTable({ client: writer, prefix, name }));
    }
  });
});
