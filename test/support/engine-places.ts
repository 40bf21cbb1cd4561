// Places of one's own in the shared engines, as the environment of a service names them.
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { ownPrefix, ownSchema } from './engines.js';

export interface EnginePlace {
  readonly engine: 'redis' | 'postgres';
  /** Where the engine is. */
  readonly env: Readonly<Record<string, string>>;
  /** The same, and the keyring is kept there. */
  readonly shared: Readonly<Record<string, string>>;
  /** What is kept of a shared keyring, as text; undefined where nothing is. */
  kept(): Promise<string | undefined>;
  /** Removes everything. */
  close(): Promise<void>;
}

const STORE = 'KEYTURN_SECURITY__KEYRING__STORE';

export async function redisPlace(): Promise<
  EnginePlace & { readonly prefix: string; readonly client: Redis }
> {
  const prefix = ownPrefix();
  const client = new Redis(inject('redisUrl'));
  const env = { KEYTURN_SESSION__REDIS__URL: inject('redisUrl'), KEYTURN_SESSION__REDIS__PREFIX: prefix };
  return {
    engine: 'redis',
    prefix,
    client,
    env,
    shared: { ...env, [STORE]: 'redis' },
    kept: async () => (await client.hget(`${prefix}{ring:default}`, 'text')) ?? undefined,
    close: async () => {
      for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 }))
        if (keys.length > 0) await client.del(keys);
      client.disconnect();
    },
  };
}

export async function postgresPlace(): Promise<EnginePlace> {
  const { schema, pool, drop } = await ownSchema(inject('postgresUrl'));
  const url = new URL(inject('postgresUrl'));
  url.search = `?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
  const env = { KEYTURN_SESSION__POSTGRES__URL: url.href };
  return {
    engine: 'postgres',
    env,
    shared: { ...env, [STORE]: 'postgres' },
    kept: async () => {
      const { rows } = await pool.query("SELECT to_regclass('keyturn_rings') IS NOT NULL AS there");
      if (rows[0].there !== true) return undefined;
      return (await pool.query('SELECT text FROM keyturn_rings')).rows[0]?.text;
    },
    close: drop,
  };
}
