// Reading near memory speed: what a client with a cache serves, and how late it hears of what others have changed.
import { BasicClientSideCache, createClient } from 'redis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { openRedis, TIMES } from '../../src/engines/open-redis.js';
import type { RedisClient } from '../../src/engines/redis.js';
import { RedisSessionStore } from '../../src/stores/redis.js';
import type { SessionRecord } from '../../src/stores/store.js';
import { cutTo, ownPrefix, startRedis } from '../support/engines.js';
import { took, until } from '../support/waiting.js';

const LIFE = 600_000;
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const recordOf = (text: string): SessionRecord => ({
  text,
  createdAt: Date.now(),
  expiresAt: Date.now() + LIFE,
});

/** A Redis of one's own, since its commands are counted, and a proxy before it. */
async function redisWithProxy() {
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  const proxy = await cutTo(redis.port);
  cleanups.push(() => proxy.close());
  const direct = await createClient({ url: redis.url }).connect();
  cleanups.push(() => direct.destroy());
  /** How many GETs Redis has answered. */
  const gets = async (): Promise<number> =>
    Number(/cmdstat_get:calls=(\d+)/.exec(String(await direct.info('commandstats')))?.[1] ?? 0);
  const url = `redis://127.0.0.1:${proxy.port}`;
  const prefix = ownPrefix();
  const plain = new RedisSessionStore({ client: direct, prefix });
  return { redis, proxy, url, prefix, direct, gets, plain };
}

const CLIENTS = [
  [
    'a client of the app',
    async (url: string) => {
      const clientSideCache = new BasicClientSideCache({ ttl: 60_000 });
      const client = createClient({
        url,
        RESP: 3,
        clientSideCache,
        disableOfflineQueue: true,
        socket: { reconnectStrategy: 20 },
      });
      await client.connect();
      cleanups.push(() => client.destroy());
      return client as unknown as RedisClient;
    },
  ],
  [
    'opened by its URL',
    async (url: string) => {
      const { client, close } = await openRedis(url, { cache: true });
      cleanups.push(close);
      return client;
    },
  ],
] as const;

describe.each(CLIENTS)('a cache, %s', (_name, open) => {
  test('answers what was read before, without asking Redis', async () => {
    const { url, prefix, gets } = await redisWithProxy();
    const store = new RedisSessionStore({ client: await open(url), prefix });
    await store.put('s1', recordOf('first'), 0);
    const before = await gets();
    for (let n = 0; n < 100; n++) expect((await store.get('s1'))?.text).toBe('first');
    expect((await gets()) - before).toBe(1);
  });

  test('a write of its own is there for the next read, however Redis tells of it', async () => {
    const { proxy, url, prefix } = await redisWithProxy();
    const store = new RedisSessionStore({ client: await open(url), prefix });
    // The news that a script has changed something arrives behind the answer to the script: here well behind it.
    proxy.dribble(2);
    await store.put('s1', recordOf('0'), 0);
    for (let version = 1; version <= 20; version++) {
      await store.get('s1');
      expect((await store.get('s1'))?.version).toBe(version);
      expect(await store.put('s1', recordOf(String(version)), version)).toBe('saved');
      expect((await store.get('s1'))?.text).toBe(String(version));
    }
    const later = Date.now() + 2 * LIFE;
    expect(await store.touch('s1', later)).toBe(true);
    expect((await store.get('s1'))?.expiresAt).toBe(later);
    await store.destroy('s1', later);
    expect(await store.get('s1')).toBeUndefined();
  });

  test('after a conflict the newer version is read', async () => {
    const { proxy, url, prefix, plain } = await redisWithProxy();
    const store = new RedisSessionStore({ client: await open(url), prefix });
    await store.put('s1', recordOf('first'), 0);
    await store.get('s1');
    proxy.dribble(2);
    const theirs = plain.put('s1', recordOf('second'), 1);
    await theirs;
    expect(await store.put('s1', recordOf('third'), 1)).toBe('conflict');
    expect((await store.get('s1'))?.text).toBe('second');
  });

  test('hears at once of what others save, and of a sign-out', async () => {
    const { url, prefix, plain } = await redisWithProxy();
    const store = new RedisSessionStore({ client: await open(url), prefix });
    await store.put('s1', recordOf('first'), 0);
    await store.get('s1');
    await plain.put('s1', recordOf('second'), 1);
    await until(async () => (await store.get('s1'))?.text === 'second', 1000);
    await plain.destroy('s1', Date.now() + LIFE);
    await until(async () => (await store.get('s1')) === undefined, 1000);
  });

  test('a lost connection empties it', async () => {
    const { proxy, url, prefix, plain } = await redisWithProxy();
    const store = new RedisSessionStore({ client: await open(url), prefix });
    await store.put('s1', recordOf('first'), 0);
    await store.get('s1');
    proxy.cut();
    await until(async () => (await took(async () => await store.get('s1'))).failed, 1000);
    // Nobody is told of this one.
    await plain.destroy('s1', Date.now() + LIFE);
    proxy.mend();
    await until(async () => !(await took(async () => await store.get('s1'))).failed);
    expect(await store.get('s1')).toBeUndefined();
  });

  test('a Redis that was emptied is read anew', async () => {
    const { url, prefix, direct } = await redisWithProxy();
    const store = new RedisSessionStore({ client: await open(url), prefix });
    await store.put('s1', recordOf('first'), 0);
    await store.get('s1');
    await direct.flushAll();
    await until(async () => (await store.get('s1')) === undefined, 1000);
  });
});

describe('a connection that has died without a sign', () => {
  test('opened by its URL: no ended session is served for longer than stated, and then nothing is', async () => {
    const { proxy, url, prefix, plain } = await redisWithProxy();
    const { client, close } = await openRedis(url, { cache: true });
    cleanups.push(close);
    const store = new RedisSessionStore({ client, prefix });
    await store.put('s1', recordOf('first'), 0);
    await store.get('s1');
    proxy.freeze();
    await plain.destroy('s1', Date.now() + LIFE);
    const ended = performance.now();
    let served = 0;
    while (performance.now() - ended < TIMES.cached + 2000) {
      const found = await store.get('s1').catch(() => undefined);
      if (found !== undefined) served = performance.now() - ended;
      await wait(20);
    }
    // It was there: else this test would prove nothing.
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(TIMES.beat + TIMES.answer + 500);
    proxy.thaw();
    await until(async () => !(await took(async () => await store.get('s1'))).failed, 10_000);
    expect(await store.get('s1')).toBeUndefined();
  }, 30_000);

  test('a client of the app: for no longer than the ttl of its cache, which it must have', async () => {
    const { proxy, url, prefix, plain } = await redisWithProxy();
    const make = (clientSideCache: BasicClientSideCache) => {
      const client = createClient({ url, RESP: 3, clientSideCache, disableOfflineQueue: true });
      client.on('error', () => {});
      return client;
    };
    const endless = make(new BasicClientSideCache());
    expect(() => new RedisSessionStore({ client: endless })).toThrow(
      expect.objectContaining({ code: 'store_invalid', hint: expect.stringContaining('ttl') }),
    );
    const client = make(new BasicClientSideCache({ ttl: 500 }));
    await client.connect();
    cleanups.push(() => client.destroy());
    const store = new RedisSessionStore({ client, prefix });
    await store.put('s1', recordOf('first'), 0);
    await store.get('s1');
    proxy.freeze();
    await plain.destroy('s1', Date.now() + LIFE);
    expect((await store.get('s1'))?.text).toBe('first');
    await wait(550);
    const reading = store.get('s1');
    reading.catch(() => undefined);
    expect(await Promise.race([reading, wait(200)])).toBeUndefined();
    proxy.thaw();
    expect(await reading).toBeUndefined();
  });
});

test('a client with a prefix of its own for keys is refused: it leaves out those of scripts', () => {
  const client = createClient({ url: inject('redisUrl'), keyPrefix: 'app:' });
  expect(() => new RedisSessionStore({ client })).toThrow(
    expect.objectContaining({ code: 'store_invalid', message: expect.stringContaining('keyPrefix') }),
  );
});
