// Which engine is used for what: the app's own clients, or connections by URL; and what is said when neither is there.
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type EngineClients, Engines, placeOf } from '../../src/engines/engines.js';
import { commandOf } from '../../src/engines/redis.js';
import { internalsOf } from '../../src/keyturn.js';
import { ownPrefix } from '../support/engines.js';
import { testKeyturn } from '../support/keyturn.js';

const PASSWORD = 'pa55word-planted';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** As they are read for an app. */
async function settingsOf(config: Readonly<Record<string, unknown>>) {
  const keyturn = await testKeyturn({ config });
  cleanups.push(() => keyturn.close());
  return internalsOf(keyturn).settings;
}

async function enginesOf(config: Readonly<Record<string, unknown>>, clients?: EngineClients) {
  const engines = new Engines(await settingsOf(config), clients);
  cleanups.push(() => engines.close());
  return engines;
}

const failure = (work: () => unknown) =>
  Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (error) => error,
    );

describe('connections by URL', () => {
  test('sessions and keyring share one where they have the same URL, and not otherwise', async () => {
    const redis = inject('redisUrl');
    const postgres = inject('postgresUrl');
    const shared = await enginesOf({ session: { redis: { url: redis }, postgres: { url: postgres } } });
    expect(await shared.redis('keyring')).toBe(await shared.redis('session'));
    expect(await shared.postgres('keyring')).toBe(await shared.postgres('session'));
    const apart = await enginesOf({
      session: { redis: { url: redis } },
      security: { keyring: { redis: { url: `${redis}/1` } } },
    });
    expect(await apart.redis('keyring')).not.toBe(await apart.redis('session'));
  });

  test('asked for at once they are opened once', async () => {
    const engines = await enginesOf({ session: { redis: { url: inject('redisUrl') } } });
    const [one, other] = await Promise.all([engines.redis('session'), engines.redis('session')]);
    expect(one).toBe(other);
  });

  test('closing ends them', async () => {
    const engines = await enginesOf({ session: { redis: { url: inject('redisUrl') } } });
    const client = await engines.redis('session');
    expect(await commandOf(client)('', ['PING'])).toBe('PONG');
    await engines.close();
    await expect(commandOf(client)('', ['PING'])).rejects.toThrow();
  });
});

test("the app's own clients are used, whatever the settings say, and are left open", async () => {
  const redis = await createClient({ url: inject('redisUrl') }).connect();
  cleanups.push(() => redis.destroy());
  const postgres = { query: async () => ({ rows: [], rowCount: 0 }) };
  const engines = await enginesOf(
    { session: { redis: { url: 'redis://nowhere.invalid' } } },
    {
      redis,
      postgres,
    },
  );
  expect(await engines.redis('session')).toBe(redis);
  expect(await engines.redis('keyring')).toBe(redis);
  expect(await engines.postgres('keyring')).toBe(postgres);
  await engines.close();
  expect(await redis.ping()).toBe('PONG');
});

test('an ioredis client with a keyPrefix keeps sessions, and no keyring: commands would look elsewhere', async () => {
  const redis = new Redis(inject('redisUrl'), { keyPrefix: ownPrefix() });
  cleanups.push(() => redis.disconnect());
  const security = { keyring: { store: 'redis' } };
  await expect(testKeyturn({ config: { security }, clients: { redis } })).rejects.toMatchObject({
    code: 'store_invalid',
    message: expect.stringContaining('keyPrefix'),
  });
  const keyturn = await testKeyturn({ config: { session: { backend: 'redis' } }, clients: { redis } });
  cleanups.push(() => keyturn.close());
  const record = { text: '{}', createdAt: 1, expiresAt: 4e12 };
  expect(await keyturn.sessionStore?.put('x', record, 0)).toBe('saved');
  expect(await keyturn.sessionStore?.get('x')).toMatchObject({ text: '{}' });
  await redis.del('keyturn:session:x');
});

describe('what is said', () => {
  test.each([
    ['redis', 'session', 'KEYTURN_SESSION__REDIS__URL'],
    ['redis', 'keyring', 'KEYTURN_SESSION__REDIS__URL'],
    ['postgres', 'session', 'KEYTURN_SESSION__POSTGRES__URL'],
    ['postgres', 'keyring', 'KEYTURN_SESSION__POSTGRES__URL'],
  ] as const)('no URL: %s for the %s', async (engine, of, variable) => {
    const engines = await enginesOf({});
    const error = await failure(() => engines[engine](of));
    expect(error).toMatchObject({ code: 'config_invalid', hint: expect.stringContaining(variable) });
  });

  test.each([
    `redis://:${PASSWORD}@host:port`,
    `http://:${PASSWORD}@host`,
    `redis://:${PASSWORD}#x@host:6379`,
    `redis://:${PASSWORD}%zz@host`,
    `redis://:${PASSWORD}@host/name`,
    `redis://user:${PASSWORD}@/1`,
    PASSWORD,
  ])('no URL of Redis, and it is not repeated: %s', async (url) => {
    const engines = await enginesOf({ session: { redis: { url } } });
    const error = await failure(() => engines.redis('session'));
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('session.redis.url'),
    });
    expect(`${error.stack} ${error.hint} ${JSON.stringify(error)} ${error.cause}`).not.toContain(PASSWORD);
  });

  test.each([
    `postgres://u:${PASSWORD}@host:port/x`,
    `postgres://u:${PASSWORD}#@host/x`,
    `postgres://u:${PASSWORD}%@host/x`,
    `mysql://u:${PASSWORD}@host/x`,
    `host=x password=${PASSWORD}`,
  ])('no URL of PostgreSQL, and it is not repeated: %s', async (url) => {
    const engines = await enginesOf({ security: { keyring: { postgres: { url } } } });
    const error = await failure(() => engines.postgres('keyring'));
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('security.keyring.postgres.url'),
    });
    expect(`${error.stack} ${error.hint} ${JSON.stringify(error)} ${error.cause}`).not.toContain(PASSWORD);
  });

  test.each([
    ['redis', 'redis://u:p%40ss@host:6380/2', 'host:6380'],
    ['redis', 'rediss://host', 'host'],
    ['postgres', 'postgresql://u:p@[::1]:5433/name?sslmode=require', '[::1]:5433'],
    ['postgres', 'postgres://u@/name?host=/run/postgresql', 'a local socket'],
    ['postgres', 'postgres:///name', 'a local socket'],
  ] as const)('a place is shown without what is secret: %s %s', async (engine, url, shown) => {
    const settings = await settingsOf({ session: { [engine]: { url } } });
    expect(placeOf(settings, engine, 'session')).toMatchObject({ shown, url });
  });
});
