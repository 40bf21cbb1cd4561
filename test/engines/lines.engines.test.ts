// Long-lived connections: one over which nothing is said is not dead, and one that is dead is noticed.
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { openPostgres } from '../../src/engines/open-postgres.js';
import { openRedis } from '../../src/engines/open-redis.js';
import { listen } from '../../src/engines/postgres.js';
import { commandOf, subscribe } from '../../src/engines/redis.js';
import { keepWatching } from '../../src/engines/watch.js';
import { cutTo, onlyIoredis, ownPrefix } from '../support/engines.js';
import { until } from '../support/waiting.js';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  vi.resetModules();
  vi.useRealTimers();
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function behindProxy(engine: 'redisUrl' | 'postgresUrl') {
  const url = new URL(inject(engine));
  const proxy = await cutTo(Number(url.port) || (engine === 'redisUrl' ? 6379 : 5432), url.hostname);
  cleanups.push(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

async function withIoredis(url: string) {
  vi.doMock('../../src/engines/packages.js', onlyIoredis);
  const { openRedis: open } = await import('../../src/engines/open-redis.js');
  vi.doUnmock('../../src/engines/packages.js');
  return await open(url);
}

const REDIS = [
  ['redis', openRedis],
  ['ioredis', withIoredis],
] as const;

/** Opens a connection and one that brings news. */
const LINES: ReadonlyArray<
  readonly [string, 'redisUrl' | 'postgresUrl', (url: string, told: () => void) => Promise<void>]
> = [
  ...REDIS.map(
    ([name, open]) =>
      [
        name,
        'redisUrl',
        async (url: string, told: () => void) => {
          const opened = await open(url);
          const end = await subscribe(opened.client, ownPrefix(), told);
          cleanups.push(() => opened.close(), end);
        },
      ] as const,
  ),
  [
    'PostgreSQL',
    'postgresUrl',
    async (url, told) => {
      const opened = await openPostgres(url);
      const end = await listen(opened.client, ownPrefix(), told);
      cleanups.push(() => opened.close(), end);
    },
  ],
];

describe('at rest', () => {
  // Longer than any client's limit of silence, which is five seconds, twice over. All at once, since it is waiting.
  test('no connection is made anew, and little is asked', async () => {
    const lines = await Promise.all(
      LINES.map(async ([name, engine, open]) => {
        const { proxy, url } = await behindProxy(engine);
        const told = vi.fn();
        await open(url, told);
        // On a busy machine a first try may have come to nothing.
        await until(() => told.mock.calls.length === 1);
        return { name, proxy, told, made: proxy.made, asked: proxy.asked };
      }),
    );
    const begun = performance.now();
    await new Promise((done) => setTimeout(done, 12_000));
    const seconds = (performance.now() - begun) / 1000;
    for (const { name, proxy, told, made, asked } of lines) {
      expect(proxy.made, name).toBe(made);
      expect(told, name).toHaveBeenCalledTimes(1);
      // Not one question a second.
      expect(proxy.asked - asked, name).toBeLessThan(seconds * (2 / 3));
    }
  });
});

test('a line that does not answer when it is asked is replaced, and told of', async () => {
  const opened: Array<{ closed: boolean }> = [];
  const lost: string[] = [];
  const told = vi.fn();
  const end = await keepWatching(
    () => {
      const watch = { closed: false };
      const isFirst = opened.push(watch) === 1;
      return {
        ready: Promise.resolve(),
        lost: new Promise(() => {}),
        ask: () => (isFirst ? new Promise(() => {}) : Promise.reject(new Error('an answer, too'))),
        close: () => {
          watch.closed = true;
        },
      };
    },
    told,
    (how) => lost.push(how),
    5,
  );
  cleanups.push(end);
  await until(() => told.mock.calls.length === 2);
  expect(lost).toEqual(['silent']);
  expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
});

describe.each(REDIS)('a network that has forgotten the connection: %s', (_name, open) => {
  test('nobody waits for long, and the next is answered', async () => {
    const { proxy, url } = await behindProxy('redisUrl');
    const opened = await open(url);
    cleanups.push(() => opened.close());
    const ping = () => commandOf(opened.client)('', ['PING']);
    await ping();
    proxy.forget();
    await expect(ping()).rejects.toThrow();
    await until(() =>
      ping().then(
        () => true,
        () => false,
      ),
    );
  });
});

test('after this process stood still, connections are made anew before anything is asked over them', async () => {
  const redis = await behindProxy('redisUrl');
  const postgres = await behindProxy('postgresUrl');
  vi.useFakeTimers({ toFake: ['setInterval', 'Date', 'performance'] });
  const { client, close } = await openRedis(redis.url);
  const opened = await openPostgres(postgres.url);
  cleanups.push(close, () => opened.close());
  expect(await commandOf(client)('', ['PING'])).toBe('PONG');
  await opened.client.query('SELECT 1');
  redis.proxy.forget();
  postgres.proxy.forget();
  // As SIGSTOP and SIGCONT do: the clocks went on, and one timer is due.
  vi.setSystemTime(Date.now() + 60_000);
  vi.advanceTimersByTime(1000);
  await until(() => redis.proxy.made === 2);
  await until(() =>
    commandOf(client)('', ['PING']).then(
      () => true,
      () => false,
    ),
  );
  expect((await opened.client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});
