// Asks the engine of the sessions whether it is there. Creates nothing: what is missing is made by a start.
import { redisPrefix } from '../config/app.js';
import type { Settings } from '../config/layers.js';
import { Engines, placeOf } from '../engines/engines.js';
import { type EngineFailure, failureOf } from '../engines/failure.js';
import type { PostgresPool } from '../engines/postgres.js';
import { commandOf, type RedisCommand } from '../engines/redis.js';
import { canPrepare } from '../engines/schema.js';
import { PATIENCE, withTimeout } from '../engines/watch.js';
import { KeyturnError, orKeyturnError } from '../errors.js';
import { namesOf, pathsOf, tableRefused } from '../sessions/stores/postgres-schema.js';
import type { EngineFacts } from './facts.js';

/** Undefined where sessions need no engine. @param given connections to use; default: its own */
export async function askSessionEngine(
  settings: Settings,
  given?: Engines,
): Promise<EngineFacts | KeyturnError | undefined> {
  const backend = settings.get('session.backend');
  if (backend !== 'redis' && backend !== 'postgres') return undefined;
  const engines = given ?? new Engines(settings);
  return await orKeyturnError(async () => {
    const { shown } = placeOf(settings, backend, 'session');
    const place = `${backend} on ${shown}`;
    try {
      const readOnly = await withTimeout(
        backend === 'redis'
          ? askRedis(commandOf(await engines.redis('session')), settings)
          : askPostgres(await engines.postgres('session'), settings),
        PATIENCE,
      );
      return { place, away: undefined, readOnly };
    } catch (error) {
      if (error instanceof KeyturnError) throw error;
      return { place, away: failureOf(error) };
    }
  }).finally(() => (given === undefined ? engines.close() : undefined));
}

/** Writes nothing, and is refused wherever writes are: without memory or disk, with too few replicas, on a replica. */
const WRITES_NOTHING = '#!lua\nreturn 1';

/** Why it would take no writes. */
async function askRedis(command: RedisCommand, settings: Settings): Promise<EngineFailure | undefined> {
  await command('', ['PING']);
  try {
    await command('', ['EVAL', WRITES_NOTHING, '1', redisPrefix(settings, settings.get('app'))]);
    return undefined;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'refused') throw error;
    return failure;
  }
}

/** read_only_sql_transaction: also what a standby answers. */
const READ_ONLY = '25006';

/** Why it would take no writes. @throws KeyturnError `store_invalid` where a start would be refused */
async function askPostgres(pool: PostgresPool, settings: Settings): Promise<EngineFailure | undefined> {
  const { rows } = await pool.query("SELECT current_setting('transaction_read_only') = 'on' AS read_only");
  if (rows[0]?.read_only === true) return failureOf({ code: READ_ONLY });
  const table = settings.get('session.postgres.table');
  if (!(await canPrepare(pool, pathsOf(namesOf(table))))) throw tableRefused(table);
  return undefined;
}
