// A pool of connections to a PostgreSQL that is named by its URL, with the manners that a server wants.
import { KeyturnError } from '../errors.js';
import { loadClient, type Opened } from './packages.js';
import type { PostgresConnection, PostgresPool } from './postgres.js';
import { onResume } from './resume.js';
import { surviveLostConnections, withTimeout } from './watch.js';

const CONNECTIONS = 10;

/** In milliseconds. */
const TIMES = {
  /** For a connection of the pool as well as for a new one. */
  connect: 2000,
  /** The server gives a statement up, and where the server does not answer at all the client does. */
  statement: 5000,
  answer: 5500,
  close: 2000,
} as const;

/** Waits for nothing: connections are made when they are needed. @throws KeyturnError `engine_missing` */
export async function openPostgres(url: string): Promise<Opened<PostgresPool>> {
  const pg = loadClient<Pick<typeof import('pg'), 'Pool'>>('pg', 'Pool');
  if (pg === undefined)
    throw new KeyturnError('engine_missing', 'no client for PostgreSQL is installed', 'npm install pg');
  const client = new SteadyPool(() => {
    return new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: TIMES.connect,
      statement_timeout: TIMES.statement,
      query_timeout: TIMES.answer,
      keepAlive: true,
      allowExitOnIdle: true,
    });
  });
  return { client, close: () => client.close() };
}

type Pool = import('pg').Pool;

/**
 * A pool hands out the connections that it has, also those that the network has forgotten without a sign, one after the
 * other. Where one does not answer, or this process stood still, another pool takes its place.
 */
class SteadyPool implements PostgresPool {
  readonly #make: () => Pool;
  readonly #stopListening: () => void;
  #current: Pool;

  constructor(make: () => Pool) {
    this.#make = make;
    this.#current = this.#begin();
    this.#stopListening = onResume(() => this.#replace(this.#current));
  }

  get options(): unknown {
    return this.#current.options;
  }

  get totalCount(): number {
    return this.#current.totalCount;
  }

  async query(text: string, values?: unknown[]): ReturnType<PostgresPool['query']> {
    const asked = this.#current;
    try {
      return await asked.query(text, values);
    } catch (error) {
      if ((error as Partial<Error> | undefined)?.message === 'Query read timeout') this.#replace(asked);
      throw error;
    }
  }

  async connect(): Promise<PostgresConnection> {
    return await this.#current.connect();
  }

  async close(): Promise<void> {
    this.#stopListening();
    await withTimeout(this.#current.end(), TIMES.close).catch(() => undefined);
  }

  #begin(): Pool {
    const pool = this.#make();
    surviveLostConnections(pool);
    return pool;
  }

  #replace(former: Pool): void {
    if (former !== this.#current) return;
    this.#current = this.#begin();
    // What is in use is given back first.
    former.end().catch(() => undefined);
  }
}
