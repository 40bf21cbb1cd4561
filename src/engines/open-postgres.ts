// A pool of connections to a PostgreSQL that is named by its URL, with the manners that a server wants.
import { KeyturnError } from '../errors.js';
import { loadPg } from './packages.js';
import { type PostgresPool, surviveLostConnections } from './postgres.js';
import { inTime } from './watch.js';

export interface OpenedPostgres {
  readonly pool: PostgresPool;
  close(): Promise<void>;
}

/** In milliseconds. */
const CLOSE = 2000;

/** Waits for nothing: connections are made when they are needed. @throws KeyturnError `engine_missing` */
export async function openPostgres(url: string): Promise<OpenedPostgres> {
  const pg = await loadPg();
  if (pg === undefined) {
    throw new KeyturnError('engine_missing', 'no client for PostgreSQL is installed', 'npm install pg');
  }
  const pool = new pg.default.Pool({
    connectionString: url,
    max: 10,
    // For a connection of the pool as well as for a new one.
    connectionTimeoutMillis: 2000,
    // The server gives a statement up, and where the server does not answer at all the client does.
    statement_timeout: 5000,
    query_timeout: 5500,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  surviveLostConnections(pool);
  return {
    pool,
    close: () => inTime(pool.end(), CLOSE).catch(() => undefined),
  };
}
