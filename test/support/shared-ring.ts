// Shared keyrings on real engines, each in a place of its own: processes that follow one, and what a test does behind
// their backs.
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { inject, type TestAPI, test } from 'vitest';
import type { EngineClients } from '../../src/engines/engines.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { sealRing } from '../../src/keyring/sealed-ring.js';
import { PostgresRingTable } from '../../src/keyring-stores/postgres.js';
import { RedisRingTable } from '../../src/keyring-stores/redis.js';
import { SharedRingStore } from '../../src/keyring-stores/shared.js';
import type { RingTable } from '../../src/keyring-stores/table.js';
import type { Keyturn } from '../../src/keyturn.js';
import type { Machine } from '../../src/resolve/machine.js';
import { monotonicClock, privateClock } from '../../src/resolve/monotonic-clock.js';
import { Rotation } from '../../src/rotation/rotation.js';
import { startKeyturn } from '../../src/start/start.js';
import { type Cut, cutTo, ownPrefix, ownSchema } from './engines.js';
import { type LogRecord, memoryLogger } from './keyturn.js';
import { OLDER, SECRET } from './machine.js';
import { newFolder } from './ring-file.js';

export type EngineName = 'redis' | 'postgres';

/** It is looked every second, and no lease ends because the machine is busy. Seconds. */
export const TIMES = { maxLag: 4, lease: 60, skew: 1 } as const;

/** Short ones, so that a test sees them end. Seconds. */
export const SHORT = { maxLag: 1, lease: 3, skew: 1 } as const;

export interface SharedPlace {
  readonly engine: EngineName;
  /** What a process must be told to share this ring. @param url default: straight to the engine */
  env(url?: string): Readonly<Record<string, string>>;
  /** The ring as the engine keeps it, behind everybody's back. */
  readonly table: RingTable;
  /** All that the engine keeps for it, as text. */
  dump(): Promise<string>;
  /** Everything is gone, as after a restart without data. */
  wipe(): Promise<void>;
  /** Another way to the engine, which can be taken away. */
  proxy(): Promise<{ readonly cut: Cut; readonly url: string }>;
  close(): Promise<void>;
}

/** A place on a Redis or a PostgreSQL that nobody else uses. @param address default: the one of the tests */
export async function openPlace(engine: EngineName, address?: string): Promise<SharedPlace> {
  return engine === 'redis' ? await onRedis(address ?? inject('redisUrl')) : await onPostgres();
}

async function onRedis(url: string): Promise<SharedPlace> {
  const prefix = ownPrefix();
  const client = new Redis(url);
  const cuts: Cut[] = [];
  const keys = async () => await client.keys(`${prefix}*`);
  return {
    engine: 'redis',
    env: (to = url) => ({
      KEYTURN_SECURITY__KEYRING__STORE: 'redis',
      KEYTURN_SECURITY__KEYRING__REDIS__URL: to,
      KEYTURN_SESSION__REDIS__PREFIX: prefix,
    }),
    table: new RedisRingTable({ client, prefix, name: 'default' }),
    dump: async () => {
      const parts: string[] = [];
      for (const key of await keys()) {
        const dumped = await client.dumpBuffer(key);
        parts.push(
          key,
          JSON.stringify(await client.hgetall(key)),
          dumped.toString('latin1'),
          dumped.toString('hex'),
        );
      }
      return parts.join('\n');
    },
    wipe: async () => {
      const all = await keys();
      if (all.length > 0) await client.del(all);
    },
    proxy: () => through(url, 6379, cuts),
    close: async () => {
      for (const cut of cuts) await cut.close();
      const all = await keys();
      if (all.length > 0) await client.del(all);
      client.disconnect();
    },
  };
}

async function onPostgres(): Promise<SharedPlace> {
  const address = inject('postgresUrl');
  const place = await ownSchema(address);
  const inSchema = (url: string) => `${url}?options=-c%20search_path%3D${place.schema}`;
  const cuts: Cut[] = [];
  const tables = ['keyturn_rings', 'keyturn_replicas', 'keyturn_ended', 'keyturn_counts'];
  // News is told to a whole database: the name is one that nobody else uses, as the schema is.
  const name = place.schema;
  return {
    engine: 'postgres',
    env: (to = inSchema(address)) => ({
      KEYTURN_SECURITY__KEYRING__STORE: 'postgres',
      KEYTURN_SECURITY__KEYRING__POSTGRES__URL: to,
      KEYTURN_SECURITY__KEYRING__NAME: name,
    }),
    table: new PostgresRingTable({ pool: place.pool, name }),
    dump: async () => {
      const rows = await Promise.all(
        tables.map((table) => place.pool.query(`SELECT t::text AS row FROM ${table} t`)),
      );
      return rows.flatMap((found) => found.rows.map(({ row }) => row)).join('\n');
    },
    wipe: async () => void (await place.pool.query(`DROP TABLE IF EXISTS ${tables.join(', ')}`)),
    proxy: async () => {
      const { cut, url } = await through(address, 5432, cuts);
      return { cut, url: inSchema(url) };
    },
    close: async () => {
      for (const cut of cuts) await cut.close();
      await place.drop();
    },
  };
}

async function through(address: string, standard: number, cuts: Cut[]): Promise<{ cut: Cut; url: string }> {
  const url = new URL(address);
  const cut = await cutTo(Number(url.port) || standard, url.hostname);
  cuts.push(cut);
  url.host = `127.0.0.1:${cut.port}`;
  return { cut, url: url.href };
}

export interface ReplicaStart {
  /** The sealing secret; default: {@link OLDER}. */
  readonly secret?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of the engine; default: straight to it. */
  readonly url?: string;
  readonly profile?: 'dev' | 'prod';
  /** Seconds; default: {@link TIMES}. */
  readonly times?: Partial<Record<keyof typeof TIMES, number>>;
  readonly clock?: () => number;
  readonly clients?: EngineClients;
  readonly cwd?: string;
}

/** A process, as far as one test process can hold several. */
export interface SharedReplica {
  readonly keyturn: Keyturn;
  readonly log: readonly LogRecord[];
  /** The log records of one event. */
  readonly of: (event: string) => readonly LogRecord[];
  readonly sign: () => string;
  readonly accepts: (token: string) => boolean;
}

/** What a process on this machine goes by. */
export function machineOf(place: SharedPlace, start: ReplicaStart = {}): Machine {
  const { maxLag, lease, skew } = { ...TIMES, ...start.times };
  return {
    cwd: start.cwd ?? newFolder(),
    env: {
      KEYTURN_ENV: start.profile ?? 'prod',
      [SECRET]: start.secret ?? OLDER,
      KEYTURN_SECURITY__KEYRING__MAX_LAG: `${maxLag}s`,
      KEYTURN_SECURITY__KEYRING__LEASE: `${lease}s`,
      KEYTURN_SECURITY__KEYRING__CLOCK_SKEW: `${skew}s`,
      ...place.env(start.url),
      ...start.env,
    },
    signs: { terminal: false, debugger: false, container: false },
    now: start.clock ?? Date.now,
    monotonic: start.clock === undefined ? monotonicClock : privateClock(start.clock),
  };
}

const running = new WeakMap<SharedPlace, Keyturn[]>();

export async function startReplica(place: SharedPlace, start: ReplicaStart = {}): Promise<SharedReplica> {
  const logger = memoryLogger();
  const { clients } = start;
  const keyturn = await startKeyturn({ logger, ...(clients && { clients }) }, machineOf(place, start));
  running.set(place, [...(running.get(place) ?? []), keyturn]);
  const signer = keyturn.signer<string>('invitation');
  return {
    keyturn,
    log: logger.records,
    of: (event) => logger.records.filter(({ facts }) => facts.event === event),
    sign: () => signer.sign('somebody'),
    accepts: (token) => signer.verify(token).ok,
  };
}

/** Several looks of each at what is kept, one after the other. */
export async function severalLooks(...all: readonly SharedReplica[]): Promise<void> {
  for (let look = 0; look < 3; look++) await Promise.all(all.map(({ keyturn }) => keyturn.reload()));
}

/** Ends all that was started there, and takes the place away. */
export async function closePlace(place: SharedPlace): Promise<void> {
  await Promise.all((running.get(place) ?? []).map((keyturn) => keyturn.close()));
  await place.close();
}

/** Tests that have a place of their own each, and so can run together. @param ring is there at first */
export function inPlace(engine: EngineName, ring?: Keyring): TestAPI<{ readonly place: SharedPlace }> {
  return test.extend<{ readonly place: SharedPlace }>({
    place: async ({ task: _ }, use) => {
      const place = await openPlace(engine);
      if (ring !== undefined) await storeOf(place).create(ring);
      await use(place);
      await closePlace(place);
    },
  });
}

/** The keyring as a command sees it, with the same environment as a process. */
export async function rotationOf(place: SharedPlace, start: ReplicaStart = {}): Promise<Rotation> {
  return await Rotation.open({ machine: machineOf(place, start) });
}

/** Does something with the keyring as an operator does, and ends. */
export async function operate<T>(
  place: SharedPlace,
  work: (rotation: Rotation) => Promise<T>,
  start: ReplicaStart = {},
): Promise<T> {
  const rotation = await rotationOf(place, start);
  try {
    return await work(rotation);
  } finally {
    await rotation.close();
  }
}

/** The reports that count now. */
export async function reportsOf(place: SharedPlace): Promise<readonly ReplicaReport[]> {
  const store = storeOf(place);
  // Where another secret seals it nobody here can tell who wrote them.
  const found = await store.find().catch(() => undefined);
  return await store.fleet.read(found?.ring, false);
}

/** The place as a process has it that holds these secrets, the one in force first. */
export function storeOf(place: SharedPlace, secrets: readonly string[] = [OLDER]): SharedRingStore {
  const keys = secrets.map((secret, n) => new Key(new Material(secret), n === 0 ? 'active' : 'retiring'));
  return new SharedRingStore({
    table: place.table,
    roots: new Keyring(keys),
    lease: TIMES.lease,
    now: Date.now,
  });
}

/** A first ring of one key, which has signed for a long time. */
export function firstRing(secret: string, id = 'ring-of-tests'): Keyring {
  const dates = { active: Date.now() - 3_600_000 };
  return new Keyring([new Key(new Material(secret), 'active', { dates })], { id, generation: 1 });
}

/** A later generation with the same keys. */
export function again({ keys, id = '', history, marks }: Keyring, generation: number): Keyring {
  return new Keyring(keys, { id, generation, history, marks });
}

/** As whoever shares the ring of a place seals it. @param roots default: {@link OLDER} */
export function sealFor({ table }: SharedPlace, ring: Keyring, ...roots: readonly string[]): string {
  const materials = (roots.length === 0 ? [OLDER] : roots).map((root) => new Material(root));
  return sealRing(ring, { place: table.place, roots: materials });
}

/** What the engine keeps of the ring is this from now on, whatever was there. */
export async function overwrite(place: SharedPlace, text: string): Promise<void> {
  const version = `by hand ${Math.random()}`;
  if (!(await place.table.write({ version, text }, await place.table.version())))
    throw new Error('somebody else was writing');
}

/** What a command writes; undefined for one that writes nothing. */
export type Written = 'ring' | 'report' | undefined;

/** Clients of the app, some of whose commands fail. They hear of no change at once. */
export async function failingClients(
  place: SharedPlace,
  fails: (written: Written) => boolean,
): Promise<{ readonly clients: EngineClients; readonly end: () => Promise<unknown> }> {
  const refused = () => Promise.reject(Object.assign(new Error('made to fail'), { code: 'EMADEUP' }));
  const { KEYTURN_SECURITY__KEYRING__POSTGRES__URL: pg, KEYTURN_SECURITY__KEYRING__REDIS__URL: redis = '' } =
    place.env();
  if (place.engine === 'postgres') {
    const pool = new Pool({ connectionString: pg });
    const query = (text: string, values?: unknown[]) =>
      fails(writtenBySql(text)) ? refused() : pool.query(text, values);
    return { clients: { postgres: { query } }, end: () => pool.end() };
  }
  const client = await createClient({ url: redis }).connect();
  const get = (key: string) => client.get(key);
  const sendCommand = (args: string[]) =>
    fails(writtenByRedis(args)) ? refused() : client.sendCommand(args);
  return { clients: { redis: { get, sendCommand } }, end: async () => client.destroy() };
}

/** Clients of the app over which the clock of the engine goes as the one that is handed in. They hear of no change at once. */
export async function clientsOfAnotherTime(
  place: SharedPlace,
  clock: () => number,
): Promise<{ readonly clients: EngineClients; readonly end: () => Promise<unknown> }> {
  const { KEYTURN_SECURITY__KEYRING__POSTGRES__URL: pg, KEYTURN_SECURITY__KEYRING__REDIS__URL: redis = '' } =
    place.env();
  if (place.engine === 'postgres') {
    const pool = new Pool({ connectionString: pg });
    const query = async (text: string, values?: unknown[]) => {
      const found = await pool.query(text, values);
      const isClock = found.rows[0]?.started !== undefined;
      return isClock ? { ...found, rows: [{ ...found.rows[0], now: clock() }] } : found;
    };
    return { clients: { postgres: { query } }, end: () => pool.end() };
  }
  const client = await createClient({ url: redis }).connect();
  const get = (key: string) => client.get(key);
  const sendCommand = async (args: string[]) => {
    const reply: unknown = await client.sendCommand(args);
    // The id of the run, and what the clock shows.
    const isClock = Array.isArray(reply) && reply.length === 2 && /^[0-9a-f]{40}$/.test(String(reply[0]));
    return isClock ? [reply[0], String(clock())] : reply;
  };
  return { clients: { redis: { get, sendCommand } }, end: async () => client.destroy() };
}

function writtenBySql(text: string): Written {
  if (/INSERT INTO "keyturn_replicas"/.test(text)) return 'report';
  return /(INSERT INTO|UPDATE) "keyturn_rings"/.test(text) ? 'ring' : undefined;
}

/** By the parts that its scripts take: "EVALSHA", hash, number of keys, key, … */
function writtenByRedis([name = '', , , key = '', ...parts]: readonly string[]): Written {
  if (!name.startsWith('EVAL') || key.includes(':verified:')) return undefined;
  if (key.endsWith(':reports')) return parts.length === 3 ? 'report' : undefined;
  return key.endsWith(':ended') ? undefined : 'ring';
}
