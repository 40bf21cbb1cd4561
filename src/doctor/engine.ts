// Asks the engine of the sessions whether it is there. Creates nothing: what is missing is made by a start.
import type { Settings } from '../config/layers.js';
import { Engines, placeOf } from '../engines/engines.js';
import type { PostgresPool } from '../engines/postgres.js';
import { troubleOf } from '../engines/reason.js';
import { commandOf } from '../engines/redis.js';
import { canPrepare } from '../engines/schema.js';
import { namesOf, pathsOf, tableRefused } from '../engines/session-schema.js';
import { inTime, PATIENCE } from '../engines/watch.js';
import { KeyturnError } from '../errors.js';
import type { EngineFacts } from './facts.js';

/** Undefined where sessions need no engine. */
export async function askSessionEngine(settings: Settings): Promise<EngineFacts | KeyturnError | undefined> {
  const backend = settings.get('session.backend');
  if (backend !== 'redis' && backend !== 'postgres') return undefined;
  const engines = new Engines(settings);
  try {
    const { shown } = placeOf(settings, backend, 'session');
    const place = `${backend} on ${shown}`;
    try {
      if (backend === 'redis')
        await inTime(commandOf(await engines.redis('session'))('', ['PING']), PATIENCE);
      else await inTime(lookForTable(settings, await engines.postgres('session')), PATIENCE);
      return { place, away: undefined };
    } catch (error) {
      if (error instanceof KeyturnError) throw error;
      return { place, away: troubleOf(error) };
    }
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  } finally {
    await engines.close();
  }
}

/** @throws KeyturnError `store_invalid` where a start would be refused */
async function lookForTable(settings: Settings, pool: PostgresPool): Promise<void> {
  const table = settings.get('session.postgres.table');
  if (!(await canPrepare(pool, pathsOf(namesOf(table))))) throw tableRefused(table);
}
