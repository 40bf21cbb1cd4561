// The session store that `session.backend` names. A process starts also while its engine is out of reach. One that ends,
// and is started again and again, helps nobody; one that runs serves all who have no session, and everybody when the
// engine is back.
import { type AppName, appNames, redisPrefix } from '../../config/app.js';
import type { Settings } from '../../config/layers.js';
import type { Engines } from '../../engines/engines.js';
import type { SessionStore } from './contract.js';
import type { ReachableStore, StoreChange } from './reachable.js';

interface SessionStoreParts {
  readonly settings: Settings;
  readonly engines: Engines;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Told of what becomes of the engine, at the start or later. @param error why, where something begins to fail */
  readonly told: (engine: string, change: StoreChange, error: unknown) => void;
}

/**
 * Undefined for sessions in the cookie.
 *
 * @throws KeyturnError `config_invalid`, `engine_missing`, `store_invalid`
 */
export async function openSessionStore(parts: SessionStoreParts): Promise<ReachableStore | undefined> {
  const { settings, engines, clock, told } = parts;
  const backend = settings.get('session.backend');
  // What an app does without it does not load.
  if (backend === 'cookie') return undefined;
  const { ReachableStore } = await import('./reachable.js');
  if (backend === 'memory') {
    const { memoryStore } = await import('./memory.js');
    return new ReachableStore(memoryStore({ clock }));
  }
  const apps = appNames(settings);
  const { withTimeout, PATIENCE } = await import('../../engines/watch.js');
  const watched = (store: SessionStore, engine: string): ReachableStore =>
    new ReachableStore(store, (change, error) => told(engine, change, error));
  switch (backend) {
    case 'redis': {
      const { redisStore } = await import('./redis.js');
      const client = await engines.redis('session');
      const of = (app: AppName) => redisStore({ client, prefix: redisPrefix(settings, app), clock });
      const [own, other] = apps;
      const inner = apps.length === 1 ? of(own) : (await import('./apps.js')).bothStores(of(own), of(other));
      const store = watched(inner, 'Redis');
      // There is no session of that id. This only finds out whether the engine answers.
      await withTimeout(Promise.resolve(inner.get('keyturn')), PATIENCE).catch((error) =>
        store.failed(error),
      );
      return store;
    }
    case 'postgres': {
      const { postgresStore } = await import('./postgres.js');
      const { migratingStore } = await import('./migrating.js');
      const { mayNot } = await import('../../engines/schema.js');
      const { tableRefused } = await import('./postgres-schema.js');
      const pool = await engines.postgres('session');
      const table = settings.get('session.postgres.table');
      const inner = postgresStore({ pool, table, clock });
      // In one table the users of an app with a name are kept apart, and its sessions need not be.
      const named = apps.length > 1 || apps[0] !== undefined;
      const ofApp = named ? (await import('./apps.js')).usersOfApp(inner, apps) : inner;
      const migrating = migratingStore(ofApp, () => inner.migrate());
      const store = watched(migrating.store, 'PostgreSQL');
      await withTimeout(migrating.ready(), PATIENCE).catch((error) => {
        if (mayNot(error)) throw tableRefused(table);
        store.failed(error);
      });
      return store;
    }
  }
}
