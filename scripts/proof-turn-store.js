// The places of rings for scripts/proof-turn.js: as an app opens them, with one connection per process.
import { join } from 'node:path';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { root } from './proof-tools.js';

const load = async (path) => await import(join(root, 'dist', path));
const { Key, Material } = await load('keyring/key.js');
const { Keyring } = await load('keyring/keyring.js');
const { FileRingStore } = await load('keyring-stores/file.js');
const { PostgresRingTable } = await load('keyring-stores/postgres.js');
const { RedisRingTable } = await load('keyring-stores/redis.js');
const { SharedRingStore } = await load('keyring-stores/shared.js');

/** Seconds. The period is long, so that the next one does not end meanwhile. */
export const EVERY = 3600;
export const TIMES = { maxLag: 60, lease: 900, skew: 300 };

export const ROOTS = new Keyring([
  new Key(new Material('what seals the rings of this proof, and nothing else in the world'), 'active'),
]);

/** @returns stores by the name of their ring, what ends the connection, and for Redis what takes all rings away */
export async function openStore(engine, place) {
  if (engine === 'file') {
    const of = (name) => new FileRingStore(join(place.folder, `${name}.json`), TIMES.lease, Date.now);
    return { of, close: async () => {} };
  }
  const { tableOf, close, clear } = engine === 'redis' ? await openRedis(place) : openPostgres(place);
  const of = (name, watched = (table) => table) =>
    new SharedRingStore({ table: watched(tableOf(name)), roots: ROOTS, lease: TIMES.lease, now: Date.now });
  return { of, close, clear };
}

async function openRedis({ url, prefix }) {
  const client = await createClient({ url }).connect();
  const clear = async () => {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 }))
      if (keys.length > 0) await client.del(keys);
  };
  return {
    tableOf: (name) => new RedisRingTable({ client, prefix, name }),
    close: () => client.close(),
    clear,
  };
}

function openPostgres({ url, schema }) {
  const pool = new Pool({ connectionString: url, max: 1, options: `-c search_path=${schema}` });
  return { tableOf: (name) => new PostgresRingTable({ pool, name }), close: () => pool.end() };
}
