// The stores of express-session that most people have, on their engines, as session stores.
import { createRequire } from 'node:module';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type ExpressStore, fromExpressStore } from '../../../src/sessions/stores/express.js';
import { manualClock, sessionStoreContract } from '../../../src/testing/index.js';
import { ownPrefix, ownSchema } from '../../support/engines.js';

// Types of express-session, which these have, would give `req.session` another type in all tests.
const require = createRequire(import.meta.url);
const START = Date.UTC(2026, 0, 1);
let redis: ReturnType<typeof createClient>;
let place: Awaited<ReturnType<typeof ownSchema>>;
let redisStore: ExpressStore;
let pgStore: ExpressStore & { close(): void };
const prefix = ownPrefix();

beforeAll(async () => {
  redis = createClient({ url: inject('redisUrl') });
  await redis.connect();
  place = await ownSchema(inject('postgresUrl'));
  redisStore = new (require('connect-redis').RedisStore)({ client: redis, prefix });
  const { pool, schema } = place;
  const PgStore = require('connect-pg-simple')(require('express-session'));
  pgStore = new PgStore({ pool, schemaName: schema, createTableIfMissing: true });
});

afterAll(async () => {
  pgStore.close();
  await place.drop();
  for await (const keys of redis.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 }))
    if (keys.length > 0) await redis.del(keys);
  await redis.close();
});

describe.each([
  ['connect-redis', () => redisStore],
  ['connect-pg-simple', () => pgStore],
] as const)('the contract of session stores, through %s', (_name, store) => {
  const make = () => {
    const clock = manualClock(START);
    const pass = (milliseconds: number) => clock.advance(milliseconds / 1000);
    return {
      store: fromExpressStore(store(), { clock: clock.read }),
      now: clock.read,
      pass,
      keepsNotes: true,
    };
  };
  for (const { name, run } of sessionStoreContract(make)) test(name, run);

  test('is not tried on an engine that keeps nothing', async () => {
    await fromExpressStore(store()).put(
      'kept',
      { text: '{}', createdAt: 0, expiresAt: Date.now() + 1000 },
      0,
    );
    expect((await fromExpressStore(store()).get('kept'))?.version).toBe(1);
  });
});

test('the engine forgets a session by itself, a minute after its end', async () => {
  const id = 'abcdefghijklmnopqrstuv';
  await fromExpressStore(redisStore).put(id, { text: '{}', createdAt: 0, expiresAt: Date.now() + 30_000 }, 0);
  const seconds = await redis.ttl(prefix + id);
  expect(seconds).toBeGreaterThan(60);
  expect(seconds).toBeLessThanOrEqual(90);
});
