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

type Engine = 'redis' | 'postgres';
type Use = 'keyring' | 'session';

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
  const tableIn = async (engine: Engine, of: Use, app: AppName): Promise<RingTable> => {
    const name = settings.get('security.keyring.name');
    if (engine === 'redis') {
      const { RedisRingTable } = await import('./redis.js');
      const prefix = settings.get('session.redis.prefix');
      return new RedisRingTable({ app, client: await engines.redis(of), prefix, name });
    }
    const { PostgresRingTable } = await import('./postgres.js');
    return new PostgresRingTable({ app, pool: await engines.postgres(of), name });
  };
  const fleetIn = async (engine: Engine, of: Use, app: AppName): Promise<OtherPlace> => {
    const { SharedFleet } = await import('./shared-fleet.js');
    return { app, fleet: new SharedFleet(await tableIn(engine, of, app), lease, now) };
  };
  const fleetsOfOthers = async (engine: Engine, of: Use) => {
    const others = new Set([...accepted, undefined]);
    others.delete(app);
    return await Promise.all([...others].map((other) => fleetIn(engine, of, other)));
  };
  if (kept !== undefined) {
    if (keyring === undefined) {
      // A command does not make one up: what it sealed with that nobody could open.
      throw new KeyturnError(
        'secret_missing',
        'there is no signing secret yet that opens and seals the shared keyring',
        `set ${variableOf('security.signing_secret.secret')} to the output of "keyturn generate", or start the app once: development makes its own`,
      );
    }
    if (kept === 'redis') {
      const { refuseKeyPrefix } = await import('../engines/redis.js');
      refuseKeyPrefix(await engines.redis('keyring'));
    }
    const { SharedRingStore } = await import('./shared.js');
    const own = await tableIn(kept, 'keyring', app);
    const storeIn = (table: RingTable, others: readonly OtherPlace[]): RingPlaces => {
      const shared = new SharedRingStore({ table, roots: keyring, lease, now });
      return { shared, store: shared, fleet: shared.fleet, others };
    };
    if (accepted.length === 0) return storeIn(own, await fleetsOfOthers(kept, 'keyring'));
    const { BothTables } = await import('./both-tables.js');
    // While the name changes the processes of both are heard as one.
    return storeIn(new BothTables(own, await tableIn(kept, 'keyring', accepted[0])), []);
  }
  if (source?.kind === 'file' && source.format === 'document' && source.path !== undefined) {
    const { FileRingStore } = await import('./file.js');
    const store = new FileRingStore(source.path, lease, now, app);
    return { shared: undefined, store, fleet: store.fleet, others: [] };
  }
  // Replicas that share their sessions should share their secret too: here it shows when they do not.
  const backend = settings.get('session.backend');
  if (backend !== 'redis' && backend !== 'postgres') return NOWHERE;

  const { fleet } = await fleetIn(backend, 'session', app);
  return { ...NOWHERE, fleet, others: await fleetsOfOthers(backend, 'session') };
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
  const tables = Object.values(tablesOf());
  const lacking = async (): Promise<string | undefined> => {
    if (!(await canPrepare(pool, tables))) return 'make';
    return !(await areThere(pool, tables)) || (await canUse(pool, tables)) ? undefined : 'write to';
  };
  const lacks = await withTimeout(lacking(), PATIENCE).catch(() => undefined);
  if (lacks === undefined) return undefined;
  return `its user is not allowed to ${lacks} the tables ${tables.join(', ').replaceAll('"', '')}`;
}
