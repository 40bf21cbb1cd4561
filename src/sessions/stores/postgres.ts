// Sessions in PostgreSQL, through a pool of the app. One row per session. An ended session leaves a row that keeps its id
// refused; its text is the id of the session that took its place. Each write is one statement, so that a pooler between
// app and server may hand out another connection every time, and nothing has to be rolled back.
//
// Whether something has expired is decided by the clock of the app, as with the cookie; the server's is never asked.
import { type OptionHints, type OptionNames, requireOptions } from '../../config/options.js';
import { askPool, type PostgresPool, type PostgresRow, requirePool } from '../../engines/postgres.js';
import { areThere } from '../../engines/schema.js';
import { surviveLostConnections } from '../../engines/watch.js';
import { KeyturnError } from '../../errors.js';
import { systemClock } from '../../process/clock.js';
import type {
  EndedSession,
  PutOutcome,
  RemoteSessionStore,
  SessionRecord,
  StoredSession,
  UserSession,
} from './contract.js';
import { lockSql, namesOf, pathsOf, statements, TABLE, type TableNames } from './postgres-schema.js';
import {
  isName,
  keptUserOf,
  notesOf,
  requireId,
  requireMoment,
  requireRecord,
  requireUser,
} from './validate.js';

export type { PostgresPool } from '../../engines/postgres.js';
export { sessionSchemaSql } from './postgres-schema.js';

/** What `postgresStore()` takes. */
export interface PostgresStoreOptions {
  /** The app made it and ends it. */
  readonly pool: PostgresPool;
  /** A name, or a schema and a name with a dot between; default: `keyturn_sessions`. */
  readonly table?: string;
  /** Milliseconds since 1970; default: `Date.now`. */
  readonly clock?: () => number;
}

const OPTIONS: OptionNames<PostgresStoreOptions> = { pool: true, table: true, clock: true };
const LIFETIME = 'leave it out: how long sessions live is set under [session], by idle and max_age';
const URL_OF = 'pass a Pool of pg as pool; or set session.postgres.url, and Keyturn opens the connection';
const HINTS: OptionHints = {
  ttl: LIFETIME,
  maxAge: LIFETIME,
  conString: URL_OF,
  connectionString: URL_OF,
  createTableIfMissing: 'call migrate() of the store',
  schema: 'write table: "schema.table"',
  schemaName: 'write table: "schema.table"',
};

/** Rows outlive what they hold by this, so that clocks of replicas that differ a little agree on what is there. */
const MARGIN = 60_000;
/** So many rows at most go at once, in a statement of its own, with one in so many writes: faster than rows come. */
const BATCH = 100;
const SWEEP_EVERY = 20;
/** Of the row `s`, by the time that is $2. */
const STILL_ENDED = 's.version = 0 AND s.expires_at > $2::bigint';

/** A {@link SessionStore} in PostgreSQL. Needs its table: {@link migrate} or {@link sessionSchemaSql}. */
export interface PostgresStore extends RemoteSessionStore {
  /**
   * Makes the table and its indexes where they are missing. Any number of processes may call it at once, at every
   * start; where all is there it changes nothing and needs no right to create.
   */
  migrate(): Promise<void>;
  /**
   * Removes a batch of rows that expired at least a minute ago. Writes do so now and then; an app that writes seldom
   * may call it from a job of its own.
   *
   * @returns how many went: 100 when there may be more
   */
  prune(): Promise<number>;
}

/**
 * A {@link SessionStore} in PostgreSQL 15 or later.
 *
 * @example
 * const store = postgresStore({ pool: new Pool({ connectionString: process.env.DATABASE_URL }) });
 * await store.migrate();
 * await app.register(keyturnFastify, { store });
 *
 * @throws KeyturnError `store_invalid`
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  if (typeof (options as Partial<PostgresPool> | undefined)?.query === 'function')
    throw new KeyturnError(
      'argument_invalid',
      'postgresStore() was given a pool in the place of its options',
      'write postgresStore({ pool })',
    );
  requireOptions(options, 'postgresStore(options)', OPTIONS, HINTS);
  return new StoreInPostgres(options);
}

class StoreInPostgres implements PostgresStore {
  readonly #pool: PostgresPool;
  readonly #table: string;
  readonly #names: TableNames;
  readonly #clock: () => number;
  #writes = 0;
  #sweeping = false;

  constructor(options: PostgresStoreOptions) {
    this.#pool = requirePool(options?.pool, 'the session store');
    this.#names = namesOf(options.table ?? TABLE);
    this.#table = this.#names.table;
    this.#clock = options.clock ?? systemClock;
    surviveLostConnections(options.pool);
  }

  async migrate(): Promise<void> {
    if (await areThere(this.#pool, pathsOf(this.#names))) return;
    // Statements of one simple query are one transaction, on one connection, and it gives the lock back at its end.
    await this.#pool.query(`${lockSql(this.#table)}\n${statements(this.#names)}`);
  }

  async get(id: string): Promise<StoredSession | undefined> {
    if (!isName(id)) return undefined;
    const [row] = await this.#rows(
      `SELECT version, text, user_id, created_at, expires_at, seen_at, label FROM ${this.#table}
       WHERE id = $1 AND version > 0 AND expires_at > $2`,
      [id, this.#now()],
    );
    if (row === undefined) return undefined;
    return {
      text: row.text as string,
      createdAt: Number(row.created_at),
      expiresAt: Number(row.expires_at),
      version: Number(row.version),
      ...(row.user_id === null ? {} : { user: row.user_id as string }),
      ...notesOf(row.seen_at as string | null, row.label as string | null),
    };
  }

  async put(id: string, record: SessionRecord, expected: number): Promise<PutOutcome> {
    requireId(id);
    const {
      text,
      createdAt,
      expiresAt,
      user = null,
      seenAt,
      label = null,
    } = requireRecord(record, keptUserOf);
    const now = this.#now();
    const seen = seenAt === undefined ? null : Math.floor(seenAt);
    const values = [id, text, user, Math.floor(createdAt), Math.floor(expiresAt), now, seen, label];
    const written =
      expected === 0
        ? await this.#count(
            `INSERT INTO ${this.#table} AS s (id, version, text, user_id, created_at, expires_at, seen_at, label)
             VALUES ($1, 1, $2, $3, $4, $5, $7, $8)
             ON CONFLICT (id) DO UPDATE SET version = 1, text = excluded.text, user_id = excluded.user_id,
               created_at = excluded.created_at, expires_at = excluded.expires_at,
               seen_at = excluded.seen_at, label = excluded.label
             WHERE s.expires_at <= $6`,
            values,
          )
        : await this.#count(
            `UPDATE ${this.#table} SET version = version + 1, text = $2, user_id = $3, created_at = $4, expires_at = $5,
               seen_at = $7, label = $8
             WHERE id = $1 AND version = $9 AND expires_at > $6`,
            [...values, expected],
          );
    if (written === 0) return await this.#refusal(id, expected);
    this.#sweepSometimes();
    return 'saved';
  }

  async touch(id: string, expiresAt: number, seenAt?: number): Promise<boolean> {
    const moment = requireMoment(expiresAt);
    if (!isName(id)) return false;
    const touched = await this.#count(
      `UPDATE ${this.#table} SET expires_at = GREATEST(expires_at, $2), seen_at = coalesce($4, seen_at)
       WHERE id = $1 AND version > 0 AND expires_at > $3`,
      [id, moment, this.#now(), seenAt === undefined ? null : Math.floor(seenAt)],
    );
    return touched > 0;
  }

  async destroy(id: string, until: number, next: string | null = null): Promise<boolean> {
    const moment = requireMoment(until);
    if (!isName(id)) return false;
    // The row of one that lives is won by one statement. Where there is none, or an ended one, only its memory is
    // written: the second half looks at what the first has done, and so comes after it.
    const [row] = await this.#rows(
      `WITH ended AS (
         UPDATE ${this.#table}
         SET version = 0, text = $4::text, user_id = NULL, seen_at = NULL, label = NULL, created_at = $2::bigint, expires_at = $3::bigint
         WHERE id = $1 AND version > 0 AND expires_at > $2::bigint RETURNING 1),
       remembered AS (
         INSERT INTO ${this.#table} AS s (id, version, text, user_id, created_at, expires_at)
         SELECT $1, 0, $4::text, NULL, $2::bigint, $3::bigint WHERE NOT EXISTS (SELECT 1 FROM ended)
         ON CONFLICT (id) DO UPDATE SET version = 0, user_id = NULL, seen_at = NULL, label = NULL,
           text = CASE WHEN ${STILL_ENDED} THEN s.text ELSE excluded.text END,
           created_at = CASE WHEN ${STILL_ENDED} THEN s.created_at ELSE excluded.created_at END,
           expires_at = CASE WHEN ${STILL_ENDED} THEN GREATEST(s.expires_at, excluded.expires_at)
             ELSE excluded.expires_at END)
       SELECT count(*) AS lived FROM ended`,
      [id, this.#now(), moment, next],
    );
    this.#sweepSometimes();
    return Number(row?.lived) === 1;
  }

  async ended(id: string): Promise<EndedSession | undefined> {
    if (!isName(id)) return undefined;
    const [row] = await this.#rows(
      `SELECT text, created_at FROM ${this.#table} WHERE id = $1 AND version = 0 AND expires_at > $2`,
      [id, this.#now()],
    );
    if (row === undefined) return undefined;
    const at = Number(row.created_at);
    return row.text === null ? { at } : { at, next: row.text as string };
  }

  async listUser(user: string | number): Promise<readonly UserSession[]> {
    const rows = await this.#rows(
      `SELECT id, created_at, expires_at, seen_at, label FROM ${this.#table}
       WHERE user_id = $1 AND version > 0 AND expires_at > $2`,
      [requireUser(user, keptUserOf), this.#now()],
    );
    return rows.map((row) => ({
      id: row.id as string,
      createdAt: Number(row.created_at),
      expiresAt: Number(row.expires_at),
      ...notesOf(row.seen_at as string | null, row.label as string | null),
    }));
  }

  async prune(): Promise<number> {
    // Rows that another process is removing, or using, are passed over and not waited for.
    return await this.#count(
      `DELETE FROM ${this.#table} WHERE id = ANY (ARRAY(
         SELECT id FROM ${this.#table} WHERE expires_at <= $1 ORDER BY expires_at
         LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
      [this.#now() - MARGIN],
    );
  }

  /** Why nothing was written: as it is by now, which may be later than when it was refused. */
  async #refusal(id: string, expected: number): Promise<PutOutcome> {
    const [row] = await this.#rows(`SELECT version FROM ${this.#table} WHERE id = $1 AND expires_at > $2`, [
      id,
      this.#now(),
    ]);
    if (row === undefined) return expected === 0 ? 'conflict' : 'gone';
    return Number(row.version) === 0 ? 'gone' : 'conflict';
  }

  /** Beside the request, which does not wait: what fails here the next write will tell of. */
  #sweepSometimes(): void {
    if (++this.#writes % SWEEP_EVERY !== 0 || this.#sweeping) return;
    this.#sweeping = true;
    this.prune()
      .catch(() => undefined)
      .finally(() => {
        this.#sweeping = false;
      });
  }

  async #rows(text: string, values: unknown[]): Promise<readonly PostgresRow[]> {
    return (await this.#query(text, values)).rows;
  }

  async #count(text: string, values: unknown[]): Promise<number> {
    return (await this.#query(text, values)).rowCount ?? 0;
  }

  async #query(text: string, values: unknown[]): ReturnType<PostgresPool['query']> {
    return await askPool(this.#pool, text, values);
  }

  #now(): number {
    return Math.floor(this.#clock());
  }
}
