// Where the keyring in force is kept, and where its processes report, as the configuration says.
import type { Settings } from '../config/layers.js';
import { variableOf } from '../config/settings.js';
import type { Engines } from '../engines/engines.js';
import { refuseKeyPrefix } from '../engines/redis.js';
import { tablesOf } from '../engines/ring-schema.js';
import { areThere, canPrepare, canUse } from '../engines/schema.js';
import { inTime, PATIENCE } from '../engines/watch.js';
import { KeyturnError } from '../errors.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Resolution } from '../resolve/resolve.js';
import { FileRingStore } from './file.js';
import { PostgresRingTable } from './postgres.js';
import { RedisRingTable } from './redis.js';
import type { RingTable } from './ring-table.js';
import { SharedRingStore } from './shared.js';
import { SharedFleet } from './shared-fleet.js';

/** The places of a keyring and of what its processes say. */
export interface RingPlaces {
  /** Set where replicas share a keyring in an engine. */
  readonly shared: SharedRingStore | undefined;
  /** Where the ring can be changed: the shared one, or a keyring document; undefined for secrets by themselves. */
  readonly store: SharedRingStore | FileRingStore | undefined;
  /** Where processes report; undefined where they share nothing but their secret. */
  readonly fleet: Fleet | undefined;
}

/**
 * @param now milliseconds since 1970
 * @throws KeyturnError `config_invalid`, `engine_missing`, `secret_missing`, `store_invalid`
 */
export async function openRingPlaces(
  { settings, source, keyring }: Resolution,
  engines: Engines,
  now: () => number,
): Promise<RingPlaces> {
  const lease = settings.get('security.keyring.lease');
  const kept = settings.get('security.keyring.store');
  const tableIn = async (engine: 'redis' | 'postgres', of: 'keyring' | 'session'): Promise<RingTable> => {
    const name = settings.get('security.keyring.name');
    return engine === 'redis'
      ? new RedisRingTable({
          client: await engines.redis(of),
          prefix: settings.get('session.redis.prefix'),
          name,
        })
      : new PostgresRingTable({ pool: await engines.postgres(of), name });
  };
  if (kept !== undefined) {
    if (keyring === undefined) throw noSecret();
    if (kept === 'redis') refuseKeyPrefix(await engines.redis('keyring'));
    const table = await tableIn(kept, 'keyring');
    const shared = new SharedRingStore({ table, roots: keyring, lease, now });
    return { shared, store: shared, fleet: shared.fleet };
  }
  if (source?.kind === 'file' && source.format === 'document' && source.path !== undefined) {
    const store = new FileRingStore(source.path, lease, now);
    return { shared: undefined, store, fleet: store.fleet };
  }
  // Replicas that share their sessions should share their secret too: here it shows when they do not.
  const backend = settings.get('session.backend');
  if (backend !== 'redis' && backend !== 'postgres') return NOWHERE;

  return { ...NOWHERE, fleet: new SharedFleet(await tableIn(backend, 'session'), lease, now) };
}

/**
 * Why processes that share nothing but the database of their sessions cannot report there; undefined where they can, or
 * where it does not answer, which is told of the sessions.
 */
export async function unreported(
  { fleet, shared }: RingPlaces,
  settings: Settings,
  engines: Engines,
): Promise<string | undefined> {
  const inDatabase = fleet instanceof SharedFleet && settings.get('session.backend') === 'postgres';
  if (!inDatabase || shared !== undefined) return undefined;
  const pool = await engines.postgres('session');
  const tables = Object.values(tablesOf(undefined));
  const lacking = async (): Promise<string | undefined> => {
    if (!(await canPrepare(pool, tables))) return 'make';
    return !(await areThere(pool, tables)) || (await canUse(pool, tables)) ? undefined : 'write to';
  };
  const lacks = await inTime(lacking(), PATIENCE).catch(() => undefined);
  if (lacks === undefined) return undefined;
  return `its user is not allowed to ${lacks} the tables ${tables.join(', ').replaceAll('"', '')}`;
}

/** No place at all. */
export const NOWHERE: RingPlaces = { shared: undefined, store: undefined, fleet: undefined };

/** A command does not make one up: what it sealed with that nobody could open. */
function noSecret(): KeyturnError {
  return new KeyturnError(
    'secret_missing',
    'there is no signing secret yet that opens and seals the shared keyring',
    `set ${variableOf('security.signing_secret.secret')} to the output of "keyturn generate", or start the app once: development makes its own`,
  );
}
