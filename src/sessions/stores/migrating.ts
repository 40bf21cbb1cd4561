// A session store whose table is made before it is first used.
import { isMissingTable } from '../../engines/postgres.js';
import type { Awaitable, SessionStore } from './contract.js';
import { wrapStore } from './wrap.js';

/**
 * A store whose table is made at the start or, where PostgreSQL is out of reach then, as soon as it answers. It is made
 * again where the engine comes back as an empty database.
 *
 * @returns `ready` resolves when the table is there
 */
export function migratingStore(
  store: SessionStore,
  migrate: () => Promise<void>,
): { readonly store: SessionStore; readonly ready: () => Promise<void> } {
  let migrated: Promise<void> | undefined;
  const ready = async (): Promise<void> => {
    migrated ??= migrate().catch((error) => {
      migrated = undefined;
      throw error;
    });
    await migrated;
  };
  const ask = async <T>(call: () => Awaitable<T>): Promise<T> => {
    await ready();
    const before = migrated;
    try {
      return await call();
    } catch (error) {
      if (!isMissingTable(error)) throw error;
      // Nothing was done. Of many that find out at once, one makes the table.
      if (migrated === before) migrated = undefined;
      await ready();
      return await call();
    }
  };
  return { store: wrapStore(store, {}, ask), ready };
}
