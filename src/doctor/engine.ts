// Asks the engine of the sessions whether it is there. Creates nothing: what is missing is made by a start.
import type { Settings } from '../config/layers.js';
import { Engines, placeOf } from '../engines/engines.js';
import { reasonOf } from '../engines/reason.js';
import { commandOf } from '../engines/redis.js';
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
      else await inTime((await engines.postgres('session')).query('SELECT 1'), PATIENCE);
      return { place, away: undefined };
    } catch (error) {
      if (error instanceof KeyturnError) throw error;
      return { place, away: reasonOf(error) };
    }
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  } finally {
    await engines.close();
  }
}
