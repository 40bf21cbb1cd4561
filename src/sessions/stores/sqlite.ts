// Sessions in a file of SQLite, through Node's own module or better-sqlite3: for the processes of one machine. One row per
// session, as in PostgreSQL. Each write is one statement, and SQLite lets one process write at a time, so that a
// compare-and-set holds among all of them. Both libraries answer at once, and so does the store.
import { type OptionHints, type OptionNames, requireOptions } from '../../config/options.js';
import { privateFile } from '../../disk/files.js';
import { KeyturnError } from '../../errors.js';
import { systemClock } from '../../process/clock.js';
import { builtIn } from '../../process/optional-package.js';
import type {
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './contract.js';
import { schemaOf, statementsFor } from './sqlite-schema.js';
import {
  isName,
  keptUserOf,
  notesOf,
  requireId,
  requireMoment,
  requireRecord,
  requireUser,
} from './validate.js';

// biome-ignore lint/suspicious/noExplicitAny: each library has a type of its own for what can be bound
type Bindable = any;

/** What is used of an open database: a `DatabaseSync` of `node:sqlite`, or a `Database` of better-sqlite3. */
export interface SqliteDatabase {
  /** Runs statements that answer nothing. */
  exec(sql: string): unknown;
  /** Compiles one statement. */
  prepare(sql: string): SqliteStatement;
  /** Not called on a database of the app. */
  close(): unknown;
  /** Of `node:sqlite`, from Node 22.16 on: whether a transaction has begun. */
  readonly isTransaction?: boolean;
  /** The same of better-sqlite3. */
  readonly inTransaction?: boolean;
}

/** What is used of a prepared statement. */
export interface SqliteStatement {
  /** The first row. */
  get(...values: Bindable[]): unknown;
  /** All rows. */
  all(...values: Bindable[]): unknown[];
  /** How many rows it has changed. */
  run(...values: Bindable[]): { readonly changes: number | bigint };
}

/** What `sqliteStore()` takes: a file or a database. */
export interface SqliteStoreOptions {
  /** A path, opened by `node:sqlite`, which Node has from 22.13 on. Where there is no file one is made, for its owner alone. */
  readonly file?: string;
  /** The app opened it and closes it, and begins no transactions on it: nothing is saved meanwhile. */
  readonly database?: SqliteDatabase;
  /** Letters, digits and "_"; default: `keyturn_sessions`. It is made where it is missing. */
  readonly table?: string;
  /** Milliseconds since 1970; default: `Date.now`. */
  readonly clock?: () => number;
}

const OPTIONS: OptionNames<SqliteStoreOptions> = { file: true, database: true, table: true, clock: true };
const HINTS: OptionHints = {
  client: 'write database',
  db: 'write database',
  path: 'write file',
  filename: 'write file',
};

/** A {@link SessionStore} in SQLite. Answers at once, and never with a promise. */
export interface SqliteStore extends SessionStore {
  get(id: string): StoredSession | undefined;
  put(id: string, record: SessionRecord, expected: number): PutOutcome;
  touch(id: string, expiresAt: number): boolean;
  destroy(id: string, until: number, next?: string): boolean;
  ended(id: string): EndedSession | undefined;
  listUser(user: string | number): readonly UserSession[];
  /** Closes the file, where the store has opened it. */
  close(): void;
}

interface Row {
  readonly id: string;
  /** 0: ended at `created_at`, and refused until `expires_at`; `text` is the id under which it goes on. */
  readonly version: number;
  readonly text: string | null;
  readonly user_id: string | null;
  readonly created_at: number;
  readonly expires_at: number;
  readonly seen_at: number | null;
  readonly label: string | null;
}

/** Milliseconds for which a write waits while another process writes. */
const PATIENCE = 5000;
/** Milliseconds. Rows outlive what they hold by this, so that processes whose clocks are read at other moments agree. */
const MARGIN = 60_000;
/** With one in so many writes a batch of rows goes: faster than rows come. */
const SWEEP_EVERY = 20;

/**
 * A {@link SessionStore} in a file of SQLite, for one process or several on one machine. The file lies on a disk of that
 * machine: over a network SQLite's locks do not hold.
 *
 * @example
 * await app.register(keyturnFastify, { store: sqliteStore({ file: '/var/lib/app/sessions.db' }) });
 *
 * @throws KeyturnError `engine_missing` for a file where Node has no SQLite; `store_invalid`
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  requireOptions(options, 'sqliteStore(options)', OPTIONS, HINTS);
  const { file, database, table = 'keyturn_sessions', clock = systemClock } = options ?? {};
  if ((file === undefined) === (database === undefined))
    throw new KeyturnError(
      'store_invalid',
      'sqliteStore() needs a file or a database, and not both',
      'write sqliteStore({ file: "sessions.db" }), or sqliteStore({ database }) with one that is open',
    );
  if (!/^[A-Za-z_]\w{0,47}$/.test(table))
    throw new KeyturnError(
      'store_invalid',
      'the name of the table is not one that the session store takes',
      'use letters, digits and "_", 48 characters at most',
    );
  const opened = database ?? openFile(file as string);
  return new StoreInSqlite(opened, `"${table}"`, clock, database === undefined);
}

function openFile(file: string): SqliteDatabase {
  const sqlite = builtIn<{ DatabaseSync: new (path: string) => SqliteDatabase }>('node:sqlite');
  if (sqlite === undefined)
    throw new KeyturnError(
      'engine_missing',
      'this Node has no SQLite',
      'run Node 22.13 or later; or npm install better-sqlite3, and write sqliteStore({ database: new Database(file) })',
    );
  if (file !== ':memory:') privateFile(file);
  const database = new sqlite.DatabaseSync(file);
  // Readers do not wait for whoever writes. What was answered outlives a crash of the app, if not of the machine.
  database.exec(`PRAGMA busy_timeout = ${PATIENCE}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`);
  return database;
}

class StoreInSqlite implements SqliteStore {
  readonly #database: SqliteDatabase;
  readonly #clock: () => number;
  readonly #ownsDatabase: boolean;
  readonly #statements: Readonly<Record<keyof ReturnType<typeof statementsFor>, SqliteStatement>>;
  #writes = 0;

  constructor(database: SqliteDatabase, table: string, clock: () => number, ownsDatabase: boolean) {
    this.#database = database;
    this.#clock = clock;
    this.#ownsDatabase = ownsDatabase;
    requireNoTransaction(database);
    database.exec(schemaOf(table));
    const prepared = Object.entries(statementsFor(table)).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared);
  }

  get(id: string): StoredSession | undefined {
    const row = this.#row(id);
    if (row === undefined || row.version === 0) return undefined;
    return {
      text: row.text as string,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      version: row.version,
      ...(row.user_id === null ? {} : { user: row.user_id }),
      ...notesOf(row.seen_at, row.label),
    };
  }

  put(id: string, given: SessionRecord, expected: number): PutOutcome {
    requireId(id);
    const record = requireRecord(given, keptUserOf);
    requireNoTransaction(this.#database);
    const { insert, update } = this.#statements;
    const values = [
      record.text,
      record.user ?? null,
      Math.floor(record.createdAt),
      Math.floor(record.expiresAt),
      record.seenAt === undefined ? null : Math.floor(record.seenAt),
      record.label ?? null,
    ];
    const now = this.#now();
    const { changes } =
      expected === 0 ? insert.run(id, ...values, now) : update.run(...values, id, expected, now);
    if (Number(changes) > 0) {
      this.#sweepSometimes();
      return 'saved';
    }
    const version = this.#row(id)?.version;
    if (version === undefined) return expected === 0 ? 'conflict' : 'gone';
    return version === 0 ? 'gone' : 'conflict';
  }

  touch(id: string, expiresAt: number, seenAt?: number): boolean {
    const moment = requireMoment(expiresAt);
    if (!isName(id)) return false;
    requireNoTransaction(this.#database);
    return Number(this.#statements.touch.run(moment, seenAt ?? null, id, this.#now()).changes) > 0;
  }

  destroy(id: string, until: number, next?: string): boolean {
    const moment = requireMoment(until);
    if (!isName(id)) return false;
    requireNoTransaction(this.#database);
    const { end, remember } = this.#statements;
    const now = this.#now();
    this.#sweepSometimes();
    // Nothing is remembered of one that lives: it began between the two, in another process, and is ended in turn.
    for (;;) {
      if (Number(end.run(next ?? null, now, moment, id, now).changes) > 0) return true;
      if (Number(remember.run(id, next ?? null, now, moment, now).changes) > 0) return false;
    }
  }

  ended(id: string): EndedSession | undefined {
    const row = this.#row(id);
    if (row?.version !== 0) return undefined;
    return row.text === null ? { at: row.created_at } : { at: row.created_at, next: row.text };
  }

  listUser(user: string | number): readonly UserSession[] {
    const rows = this.#statements.list.all(requireUser(user, keptUserOf), this.#now()) as readonly Row[];
    return rows.map((row) => ({
      id: row.id,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      ...notesOf(row.seen_at, row.label),
    }));
  }

  close(): void {
    if (this.#ownsDatabase) this.#database.close();
  }

  /** What is there of an id, and has not expired. */
  #row(id: string): Row | undefined {
    return isName(id) ? (this.#statements.get.get(id, this.#now()) as Row | undefined) : undefined;
  }

  #sweepSometimes(): void {
    if (++this.#writes % SWEEP_EVERY === 0) this.#statements.sweep.run(this.#now() - MARGIN);
  }

  #now(): number {
    return Math.floor(this.#clock());
  }
}

/**
 * What is written in the middle of somebody's transaction goes with its rollback: a session that was ended would live on.
 *
 * @throws KeyturnError `engine_unavailable`
 */
function requireNoTransaction({ isTransaction, inTransaction }: SqliteDatabase): void {
  if (isTransaction !== true && inTransaction !== true) return;
  throw new KeyturnError(
    'engine_unavailable',
    'sessions cannot be saved while the connection to SQLite is inside a transaction of the app',
    'give sqliteStore a connection of its own: sqliteStore({ file }), or a database that the app opens for it alone',
  );
}
