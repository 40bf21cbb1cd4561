// Connections that are opened by URL: what they do while Redis is away, slow, or silent, and news from channels.
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { commandOf, type RedisClient, subscribe } from '../../src/engines/redis.js';
import { cutTo, freePort, onlyIoredis, ownPrefix, startRedis } from '../support/engines.js';
import { NOT_FOR_EVER, took, tookMostly, until } from '../support/waiting.js';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  vi.resetModules();
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function behindProxy() {
  const url = new URL(inject('redisUrl'));
  const proxy = await cutTo(Number(url.port) || 6379, url.hostname);
  cleanups.push(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

/** As it is opened where only this package is there. */
async function openWith(library: string, url: string) {
  if (library === 'ioredis') {
    vi.resetModules();
    vi.doMock('../../src/engines/packages.js', onlyIoredis);
  }
  const engines = await import('../../src/engines/open-redis.js');
  vi.doUnmock('../../src/engines/packages.js');
  const opened = await engines.openRedis(url);
  cleanups.push(() => opened.close());
  return opened;
}

const ping = (client: RedisClient) => commandOf(client)('', ['PING']);

describe.each(['redis', 'ioredis'])('a Redis opened by its URL with %s', (library) => {
  test('is there at once where it is there', async () => {
    const { client } = await openWith(library, inject('redisUrl'));
    expect(String(await ping(client))).toBe('PONG');
  });

  test('out of reach at the start: comes up, fails at once, and connects when it can', async () => {
    const port = await freePort();
    const began = performance.now();
    const { client } = await openWith(library, `redis://127.0.0.1:${port}`);
    expect(performance.now() - began).toBeLessThan(NOT_FOR_EVER);
    const first = await tookMostly(() => ping(client));
    expect(first.failed).toBe(true);
    expect(first.ms).toBeLessThan(500);
    const redis = await startRedis(undefined, port);
    cleanups.push(() => redis.stop());
    await until(() =>
      ping(client).then(
        () => true,
        () => false,
      ),
    );
  });

  test('cut off for a while: fails at once, and is back by itself', async () => {
    const { proxy, url } = await behindProxy();
    const { client } = await openWith(library, url);
    proxy.cut();
    await until(async () => (await took(() => ping(client))).failed);
    const during = await tookMostly(() => ping(client));
    expect(during.failed).toBe(true);
    expect(during.ms).toBeLessThan(500);
    proxy.mend();
    await until(() =>
      ping(client).then(
        () => true,
        () => false,
      ),
    );
  });

  test('silent: nothing waits for ever, then everything fails at once, and it is back by itself', async () => {
    const { proxy, url } = await behindProxy();
    const { client } = await openWith(library, url);
    await ping(client);
    proxy.freeze();
    const waiting = await took(() => ping(client));
    expect(waiting.failed).toBe(true);
    expect(waiting.ms).toBeLessThan(NOT_FOR_EVER);
    const later = await took(() => ping(client));
    expect(later.failed).toBe(true);
    expect(later.ms).toBeLessThan(NOT_FOR_EVER);
    proxy.thaw();
    await until(() =>
      ping(client).then(
        () => true,
        () => false,
      ),
    );
  });

  test('frozen before the first connection: comes up all the same', async () => {
    const { proxy, url } = await behindProxy();
    proxy.freeze();
    const began = performance.now();
    const { client } = await openWith(library, url);
    expect(performance.now() - began).toBeLessThan(NOT_FOR_EVER);
    expect((await took(() => ping(client))).failed).toBe(true);
    proxy.thaw();
    await until(() =>
      ping(client).then(
        () => true,
        () => false,
      ),
    );
  });
});

const OWN = [
  [
    'node-redis',
    async (url: string) => {
      const client = createClient({ url, socket: { reconnectStrategy: 20 } });
      client.on('error', () => {});
      await client.connect();
      cleanups.push(() => client.destroy());
      return client as unknown as RedisClient;
    },
  ],
  [
    'ioredis',
    async (url: string) => {
      const client = new Redis(url, { retryStrategy: () => 20, keyPrefix: 'x:' });
      client.on('error', () => {});
      cleanups.push(() => client.disconnect());
      return client as unknown as RedisClient;
    },
  ],
  ['opened by URL, redis', async (url: string) => (await openWith('redis', url)).client],
  ['opened by URL, ioredis', async (url: string) => (await openWith('ioredis', url)).client],
] as const;

describe.each(OWN)('news from a channel: %s', (_name, open) => {
  test('arrives, also after a lost connection, until it is ended', async () => {
    const { proxy, url } = await behindProxy();
    const channel = ownPrefix();
    const client = await open(url);
    const publisher = await createClient({ url: inject('redisUrl') }).connect();
    cleanups.push(() => publisher.destroy());
    const told = vi.fn();
    const end = await subscribe(client, channel, told);
    expect(told).toHaveBeenCalledTimes(1);
    await publisher.publish(channel, 'now');
    await until(() => told.mock.calls.length === 2);
    await publisher.publish(`${channel}other`, 'now');
    proxy.cut();
    await until(() => proxy.refused > 0);
    expect(told).toHaveBeenCalledTimes(2);
    proxy.mend();
    await until(() => told.mock.calls.length === 3);
    await publisher.publish(channel, 'again');
    await until(() => told.mock.calls.length === 4);
    await end();
    await until(async () => (await publisher.publish(channel, 'nobody')) === 0);
    expect(told).toHaveBeenCalledTimes(4);
  });

  test('where Redis is away at first, it arrives later', async () => {
    const { proxy, url } = await behindProxy();
    const client = await open(url);
    proxy.cut();
    const told = vi.fn();
    const end = await subscribe(client, ownPrefix(), told);
    expect(told).not.toHaveBeenCalled();
    proxy.mend();
    await until(() => told.mock.calls.length === 1);
    await end();
  });
});

test('a client that cannot be duplicated brings no news, and that is no error', async () => {
  const end = await subscribe({ get: async () => null, sendCommand: async () => null }, 'x', () => {
    throw new Error('told');
  });
  await end();
});
