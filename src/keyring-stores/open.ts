// Where the keyring in force is kept, and where its processes report, as the configuration says.
import { type AppName, appNames } from '../config/app.js';
import type { Settings } from '../config/layers.js';
import { variableOf } from '../config/settings.js';
import type { Engines } from '../engines/engines.js';
import { KeyturnError } from '../errors.js';
import type { OtherPlace } from '../fleet/other-apps.js';
import type { Resolution } from '../resolve/resolve.js';
import { NOWHERE, type RingPlaces } from './places.js';
import type { RingTable } from './table.js';

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
  const [app, ...accepted] = appNames(settings);
  const tableIn = async (
    engine: 'redis' | 'postgres',
    of: 'keyring' | 'session',
    app: AppName,
  ): Promise<RingTable> => {
    const name = settings.get('security.keyring.name');
    if (engine === 'redis') {
      const { RedisRingTable } = await import('./redis.js');
      const prefix = settings.get('session.redis.prefix');
      return new RedisRingTable({ app, client: await engines.redis(of), prefix, name });
    }
    const { PostgresRingTable } = await import('./postgres.js');
    return new PostgresRingTable({ app, pool: await engines.postgres(of), name });
  };
  const fleetsOfOthers = async (engine: 'redis' | 'postgres', of: 'keyring' | 'session') => {
    const others = new Set<AppName>([...accepted, undefined]);
    others.delete(app);
    const places: OtherPlace[] = [];
    for (const other of others) {
      const { SharedFleet } = await import('./shared-fleet.js');
      places.push({ app: other, fleet: new SharedFleet(await tableIn(engine, of, other), lease, now) });
    }
    return places;
  };
  if (kept !== undefined) {
    if (keyring === undefined) throw noSecret();
    if (kept === 'redis') {
      const { refuseKeyPrefix } = await import('../engines/redis.js');
      refuseKeyPrefix(await engines.redis('keyring'));
    }
    const { SharedRingStore } = await import('./shared.js');
    const own = await tableIn(kept, 'keyring', app);
    const table =
      accepted.length === 0 ? own : await bothTables(own, await tableIn(kept, 'keyring', accepted[0]));
    const shared = new SharedRingStore({ table, roots: keyring, lease, now });
    // While the name changes the processes of both are heard as one.
    const others = accepted.length === 0 ? await fleetsOfOthers(kept, 'keyring') : [];
    return { shared, store: shared, fleet: shared.fleet, others };
  }
  if (source?.kind === 'file' && source.format === 'document' && source.path !== undefined) {
    const { FileRingStore } = await import('./file.js');
    const store = new FileRingStore(source.path, lease, now, app);
    return { shared: undefined, store, fleet: store.fleet, others: [] };
  }
  // Replicas that share their sessions should share their secret too: here it shows when they do not.
  const backend = settings.get('session.backend');
  if (backend !== 'redis' && backend !== 'postgres') return NOWHERE;

  const { SharedFleet } = await import('./shared-fleet.js');
  const fleet = new SharedFleet(await tableIn(backend, 'session', app), lease, now);
  return { ...NOWHERE, fleet, others: await fleetsOfOthers(backend, 'session') };
}

async function bothTables(own: RingTable, other: RingTable): Promise<RingTable> {
  const { BothTables } = await import('./both-tables.js');
  return new BothTables(own, other);
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
  if (settings.get('session.backend') !== 'postgres' || shared !== undefined) return undefined;
  const { SharedFleet } = await import('./shared-fleet.js');
  if (!(fleet instanceof SharedFleet)) return undefined;
  const { tablesOf } = await import('./postgres-schema.js');
  const { areThere, canPrepare, canUse } = await import('../engines/schema.js');
  const { withTimeout, PATIENCE } = await import('../engines/watch.js');
  const pool = await engines.postgres('session');
  const tables = Object.values(tablesOf(undefined));
  const lacking = async (): Promise<string | undefined> => {
    if (!(await canPrepare(pool, tables))) return 'make';
    return !(await areThere(pool, tables)) || (await canUse(pool, tables)) ? undefined : 'write to';
  };
  const lacks = await withTimeout(lacking(), PATIENCE).catch(() => undefined);
  if (lacks === undefined) return undefined;
  return `its user is not allowed to ${lacks} the tables ${tables.join(', ').replaceAll('"', '')}`;
}

/** A command does not make one up: what it sealed with that nobody could open. */
function noSecret(): KeyturnError {
  return new KeyturnError(
    'secret_missing',
    'there is no signing secret yet that opens and seals the shared keyring',
    `set ${variableOf('security.signing_secret.secret')} to the output of "keyturn generate", or start the app once: development makes its own`,
  );
}
