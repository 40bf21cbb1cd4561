// What is Redis' own: keys and their lives, scripts, the index of users, and what happens when it is gone.
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { SessionRecord } from '../../../src/sessions/stores/contract.js';
import { type RedisClient, type RedisStore, redisStore } from '../../../src/sessions/stores/redis.js';
import { type ManualClock, manualClock, sessionStoreContract } from '../../../src/testing/index.js';
import { type Cut, cutTo, ownPrefix, type PrivateRedis, startRedis } from '../../support/engines.js';
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

/** What failed with, said shortly. */
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => `${error.constructor.name}: ${error.message}`,
  );

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

describe('in a Redis that is shared', () => {
  let client: ReturnType<typeof createClient>;
  let prefix: string;
  let clock: ManualClock;
  let store: RedisStore;

  beforeAll(async () => {
    client = createClient({ url: inject('redisUrl') });
    await client.connect();
    prefix = ownPrefix();
    clock = manualClock(START);
    store = redisStore({ client, prefix, clock: clock.read });
  });
  afterEach(async () => {
    const keys = await client.keys(`${prefix}*`);
    if (keys.length > 0) await client.del(keys);
  });
  afterAll(() => client.close());

  const life = async (key: string) => Math.round((await client.pTTL(prefix + key)) / 1000) * 1000;

  test('a session is one key, and nothing is left without an end', async () => {
    await store.put('s1', recordAt(clock.now), 0);
    expect(await client.keys(`${prefix}*`)).toEqual([`${prefix}session:s1`]);
    expect(await life('session:s1')).toBe(LIFE + MARGIN);
    await store.put('s2', recordAt(clock.now, { user: 'ada' }), 0);
    await store.destroy('s3', clock.now + 1000);
    for (const key of await client.keys(`${prefix}*`)) expect(await client.pTTL(key)).toBeGreaterThan(0);
  });

  test('touching moves the ends of the session and of its place in the list, and sends no text', async () => {
    await store.put('s1', recordAt(clock.now, { user: 'ada', text: 'x'.repeat(10_000) }), 0);
    const sent: number[] = [];
    const counting = Object.assign(Object.create(client), {
      sendCommand: (args: string[]) => {
        sent.push(args.join(' ').length);
        return client.sendCommand(args);
      },
    });
    const other = redisStore({ client: counting, prefix, clock: clock.read });
    expect(await other.touch('s1', clock.now + 2 * LIFE)).toBe(true);
    expect(Math.max(...sent)).toBeLessThan(1000);
    expect(await life('session:s1')).toBe(2 * LIFE + MARGIN);
    expect(await life('user:ada')).toBe(2 * LIFE + MARGIN);
    expect(await client.zScore(`${prefix}user:ada`, 's1')).toBe(clock.now + 2 * LIFE);
    clock.advance(LIFE / 1000 + 61);
    expect(await store.listUser('ada')).toHaveLength(1);
    clock.advance(-LIFE / 1000 - 61);
  });

  test('an ended session leaves its id, which goes in time', async () => {
    await store.put('s1', recordAt(clock.now, { user: 'ada', text: 'planted' }), 0);
    await store.destroy('s1', clock.now + 2000);
    const [until, ended] = [clock.now + 2000, clock.now].map((time) => String(time).padStart(16, '0'));
    const remembered = new RegExp(`^x${until} ${ended} [\\w-]{16} $`);
    expect(await client.get(`${prefix}session:s1`)).toMatch(remembered);
    expect(await life('session:s1')).toBe(2000 + MARGIN);
    expect(await client.exists(`${prefix}user:ada`)).toBe(0);
    expect(await store.put('s1', recordAt(clock.now), 0)).toBe('gone');
    clock.advance(2);
    expect(await store.put('s1', recordAt(clock.now), 1)).toBe('gone');
    expect(await store.put('s1', recordAt(clock.now), 0)).toBe('saved');
    clock.advance(-2);
  });

  test('the list of a user forgets what has expired, and hides what has ended without its help', async () => {
    const key = `${prefix}user:ada`;
    for (const n of [1, 2, 3]) {
      const expiresAt = clock.now + n * 1000;
      await store.put(`s${n}`, recordAt(clock.now, { user: 'ada', expiresAt }), 0);
    }
    await client.del(`${prefix}session:s3`);
    expect((await store.listUser('ada')).map(({ id }) => id).sort()).toEqual(['s1', 's2']);
    clock.advance(62);
    await store.put('s4', recordAt(clock.now, { user: 'ada' }), 0);
    expect(await client.zRange(key, 0, -1)).toEqual(['s3', 's4']);
    clock.advance(-62);
  });

  test('a session that changes hands is listed for its new user alone', async () => {
    await store.put('s1', recordAt(clock.now, { user: 'ada' }), 0);
    await store.put('s1', recordAt(clock.now, { user: 'ada lovelace' }), 1);
    expect(await store.listUser('ada')).toEqual([]);
    expect(await store.listUser('ada lovelace')).toHaveLength(1);
  });

  test('names and texts of any kind come back as they were', async () => {
    for (const user of ['ü', '名前', 'a\nb', '{tag}', '"', ' ']) {
      const record = recordAt(clock.now, { user, text: `${user}\n\u0001 x000` });
      await store.put(`id ${user}`, record, 0);
      expect({ ...(await store.get(`id ${user}`)) }).toEqual({ ...record, version: 1 });
      expect(await store.listUser(user)).toEqual([
        { id: `id ${user}`, createdAt: clock.now, expiresAt: clock.now + LIFE },
      ]);
    }
  });

  test('a pool of clients and a client that gives bytes do as well', async () => {
    const pool = createClientPool({ url: inject('redisUrl') });
    await pool.connect();
    cleanups.push(() => pool.close());
    const bytes = client.withTypeMapping({ 36: Buffer });
    const clients = [pool, bytes] as unknown as RedisClient[];
    for (const [n, each] of clients.entries()) {
      const other = redisStore({ client: each, prefix, clock: clock.read });
      const record = recordAt(clock.now, { user: `user ${n}` });
      expect(await other.put(`s${n}`, record, 0)).toBe('saved');
      expect(await other.put(`s${n}`, record, 0)).toBe('conflict');
      expect((await other.get(`s${n}`))?.text).toBe(record.text);
      expect(await other.touch(`s${n}`, clock.now + LIFE)).toBe(true);
      expect(await other.listUser(`user ${n}`)).toHaveLength(1);
      await other.destroy(`s${n}`, clock.now + LIFE);
      expect(await other.listUser(`user ${n}`)).toEqual([]);
    }
  });

  test('something else under its key is an error, and is left alone', async () => {
    await client.hSet(`${prefix}session:s1`, 'a', 'b');
    expect(await failure(store.put('s1', recordAt(clock.now), 0))).toContain('WRONGTYPE');
    expect(await failure(store.get('s1'))).toContain('WRONGTYPE');
    expect(await client.hGetAll(`${prefix}session:s1`)).toEqual({ a: 'b' });
  });
});

test('without a client it says so at once', () => {
  for (const client of [undefined, null, {}, { get: () => {} }, 'redis://127.0.0.1'])
    expect(() => redisStore({ client: client as never })).toThrow(
      expect.objectContaining({ code: 'store_invalid' }),
    );
});

describe('a Redis that goes', () => {
  let redis: PrivateRedis;
  let proxy: Cut;

  beforeAll(async () => {
    redis = await startRedis();
    proxy = await cutTo(redis.port);
  });
  afterAll(async () => {
    await proxy.close();
    await redis.stop();
  });

  /** Clients that do not wait for an engine that is gone: what docs/stores.md recommends. */
  const CLIENTS = [
    [
      'node-redis',
      async (port: number) => {
        // Nobody listens to its errors.
        const client = createClient({ socket: { port, reconnectStrategy: 50 }, disableOfflineQueue: true });
        await client.connect();
        cleanups.push(() => client.destroy());
        return { client, store: redisStore({ client, prefix: ownPrefix() }) };
      },
    ],
    [
      'ioredis',
      async (port: number) => {
        const client = new Redis({
          port,
          enableOfflineQueue: false,
          lazyConnect: true,
          retryStrategy: () => 50,
        });
        client.on('error', () => {});
        await client.connect();
        cleanups.push(() => client.disconnect());
        return { client, store: redisStore({ client, prefix: ownPrefix() }) };
      },
    ],
  ] as const;

  /** Once it answers again. */
  async function answering(store: RedisStore): Promise<void> {
    await until(async () => (await failure(store.get('x'))) === 'none');
  }

  for (const [name, connect] of CLIENTS) {
    test(`${name}: when its scripts are forgotten, they are sent again`, async () => {
      const { client, store } = await connect(redis.port);
      expect(await store.put('s1', recordAt(Date.now()), 0)).toBe('saved');
      await (client instanceof Redis ? client.script('FLUSH') : client.scriptFlush());
      expect(await store.put('s1', recordAt(Date.now()), 1)).toBe('saved');
      await (client instanceof Redis ? client.script('FLUSH') : client.scriptFlush());
      expect(await store.touch('s1', Date.now() + LIFE)).toBe(true);
      await (client instanceof Redis ? client.script('FLUSH') : client.scriptFlush());
      await store.destroy('s1', Date.now() + LIFE);
      expect(await store.get('s1')).toBeUndefined();
    });

    test(`${name}: without a connection it rejects with the client's own error, and comes back by itself`, async () => {
      const { client, store } = await connect(proxy.port);
      await store.put('s1', recordAt(Date.now(), { user: 'ada' }), 0);
      proxy.cut();
      // Whoever asks before the client has noticed is answered after the outage.
      await until(() => (client instanceof Redis ? client.status !== 'ready' : !client.isReady));
      for (const call of [
        () => store.get('s1'),
        () => store.put('s1', recordAt(Date.now(), { user: 'ada' }), 1),
        () => store.touch('s1', Date.now() + LIFE),
        () => store.destroy('s1', Date.now() + LIFE),
        () => store.listUser('ada'),
      ])
        expect(await failure(call())).toMatch(
          /^\w*Error: .*(offline|closed|enableOfflineQueue|Socket|ECONN)/i,
        );
      proxy.mend();
      await answering(store);
      expect((await store.get('s1'))?.version).toBe(1);
    });

    test(`${name}: emptied in the middle, sessions are gone, and no slower request brings one back`, async () => {
      const { client, store } = await connect(redis.port);
      await store.put('s1', recordAt(Date.now(), { user: 'ada' }), 0);
      await (client instanceof Redis ? client.flushall() : client.flushAll());
      expect(await store.get('s1')).toBeUndefined();
      expect(await store.put('s1', recordAt(Date.now(), { user: 'ada' }), 1)).toBe('gone');
      expect(await store.touch('s1', Date.now() + LIFE)).toBe(false);
      // The entry of the write that was refused stays in the list for a while, and shows nothing.
      expect(await store.listUser('ada')).toEqual([]);
      expect(await store.put('s2', recordAt(Date.now(), { user: 'ada' }), 0)).toBe('saved');
    });
  }

  test('ioredis: a write that it sends again after a lost answer is saved, once', async () => {
    const client = new Redis({ port: proxy.port, retryStrategy: () => 20 });
    client.on('error', () => {});
    cleanups.push(() => client.disconnect());
    const store = redisStore({ client, prefix: ownPrefix() });
    await store.put('s1', recordAt(Date.now()), 0);
    proxy.loseNextAnswer();
    expect(await store.put('s1', recordAt(Date.now(), { text: 'second' }), 1)).toBe('saved');
    expect(await store.get('s1')).toMatchObject({ version: 2, text: 'second' });
    // Another's write of the same version is one.
    expect(await store.put('s1', recordAt(Date.now(), { text: 'second' }), 1)).toBe('conflict');
  });

  test('restarted, with its data lost, it goes on', async () => {
    const other = await startRedis();
    const client = createClient({
      url: other.url,
      socket: { reconnectStrategy: 20 },
      disableOfflineQueue: true,
    });
    await client.connect();
    cleanups.push(() => client.destroy());
    const store = redisStore({ client });
    await store.put('s1', recordAt(Date.now()), 0);
    await other.stop();
    await until(async () => /Error/.test(await failure(store.get('s1'))));
    const again = await startRedis(undefined, other.port);
    cleanups.push(() => again.stop());
    await answering(store);
    expect(await store.get('s1')).toBeUndefined();
    expect(await store.put('s1', recordAt(Date.now()), 1)).toBe('gone');
    expect(await store.put('s2', recordAt(Date.now()), 0)).toBe('saved');
  });
});

describe('a cluster of two', () => {
  const nodes: PrivateRedis[] = [];
  const opened: Array<readonly [name: string, client: RedisClient, close: () => unknown]> = [];

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
    opened.push(['node-redis', cluster, () => cluster.destroy()]);
    const other = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
    opened.push(['ioredis', other, () => other.disconnect()]);
  });

  afterAll(async () => {
    for (const [, , close] of opened) await close();
    for (const node of nodes) await node.stop();
  });

  describe.each(['node-redis', 'ioredis'])('through %s', (name) => {
    const make = () => {
      const clock = manualClock(START);
      const client = opened.find(([which]) => which === name)?.[1] as RedisClient;
      const store = redisStore({ client, prefix: ownPrefix(), clock: clock.read });
      const pass = (milliseconds: number) => clock.advance(milliseconds / 1000);
      return { store, now: clock.read, pass, keepsNotes: true };
    };
    for (const { name: what, run } of sessionStoreContract(make)) test(what, run);

    test('sessions and users on both nodes', async () => {
      const { store, now } = make();
      const ids = Array.from({ length: 40 }, (_, n) => `s${n}`);
      for (const [n, id] of ids.entries())
        expect(await store.put(id, recordAt(now(), { user: `user ${n % 4}` }), 0)).toBe('saved');
      for (const n of [0, 1, 2, 3]) expect(await store.listUser(`user ${n}`)).toHaveLength(10);
    });
  });
});
