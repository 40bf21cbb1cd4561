// Session stores on real engines, each in a place of its own: for the contract suites.
import { Redis } from 'ioredis';
import { createClient, type RedisClientOptions } from 'redis';
import { inject } from 'vitest';
import { postgresStore } from '../../../src/sessions/stores/postgres.js';
import { redisStore } from '../../../src/sessions/stores/redis.js';
import type { ContractEngine } from '../../contract/http-contract.js';
import { ownPrefix, ownSchema } from '../../support/engines.js';

/** @param options of the client, besides its URL */
const throughNodeRedis = (name: string, options: () => RedisClientOptions): ContractEngine => ({
  name,
  open: async () => {
    const client = createClient({ url: inject('redisUrl'), ...options() });
    await client.connect();
    const prefix = ownPrefix();
    return {
      store: (clock) => redisStore({ client, prefix, clock }),
      close: async () => {
        for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 }))
          if (keys.length > 0) await client.del(keys);
        await client.close();
      },
    };
  },
});

const nodeRedis = throughNodeRedis('Redis through node-redis', () => ({}));

const ioredis: ContractEngine = {
  name: 'Redis through ioredis',
  open: async () => {
    const client = new Redis(inject('redisUrl'));
    const prefix = ownPrefix();
    return {
      store: (clock) => redisStore({ client, prefix, clock }),
      close: async () => {
        for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 }))
          if (keys.length > 0) await client.del(keys);
        client.disconnect();
      },
    };
  },
};

const postgres: ContractEngine = {
  name: 'PostgreSQL',
  open: async () => {
    const place = await ownSchema(inject('postgresUrl'));
    const { pool } = place;
    await postgresStore({ pool }).migrate();
    return {
      store: (clock) => postgresStore({ pool, clock }),
      close: () => place.drop(),
    };
  },
};

export const STORE_ENGINES: readonly ContractEngine[] = [nodeRedis, ioredis, postgres];
