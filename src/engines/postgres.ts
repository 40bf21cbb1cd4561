// What users of a pool of PostgreSQL connections need beside its queries: news from a channel.
import { KeyturnError } from '../errors.js';
import { keepWatching, type LineListener, type Watch } from './watch.js';

/** What is used of a `Pool` of `pg`. */
export interface PostgresPool {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: readonly PostgresRow[]; readonly rowCount: number | null }>;
  /** A connection of one's own, for hearing of changes. */
  connect?(): Promise<PostgresConnection>;
}

/**
 * A single connection will not do: what is written in the middle of a transaction of the app goes with its rollback, and
 * a session that was ended would live on.
 *
 * @param what as in "the session store"
 * @throws KeyturnError `store_invalid`
 */
export function requirePool(pool: PostgresPool | undefined, what: string): PostgresPool {
  const cure = 'pass a Pool of pg as pool';
  if (typeof pool?.query !== 'function') throw new KeyturnError('store_invalid', `${what} has no pool`, cure);
  // Only clients of pg have it.
  if (typeof (pool as { escapeLiteral?: unknown }).escapeLiteral !== 'function') return pool;
  throw new KeyturnError(
    'store_invalid',
    `${what} was given a single connection in the place of a pool`,
    cure,
  );
}

export type PostgresRow = Readonly<Record<string, unknown>>;

/** What is said where every connection of a pool was in use for too long. */
export const ALL_IN_USE = 'every connection of its pool is in use';

/** serialization_failure, deadlock_detected: the statement was undone, to be repeated. */
const UNDONE: readonly unknown[] = ['40001', '40P01'];
const ATTEMPTS = 10;

/**
 * Runs one statement over any connection of a pool, and repeats it where PostgreSQL has undone it. A pool fails with the
 * same words when all its connections are in use and when PostgreSQL cannot be reached. In the latter case it has none.
 */
export async function askPool(
  pool: PostgresPool,
  text: string,
  values?: unknown[],
): ReturnType<PostgresPool['query']> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pool.query(text, values);
    } catch (error) {
      if (!UNDONE.includes(codeOf(error)) || attempt === ATTEMPTS) throw worded(pool, error);
    }
  }
}

function worded(pool: PostgresPool, error: unknown): unknown {
  const { totalCount, options } = pool as { totalCount?: number; options?: { max?: number } };
  const tookTooLong =
    (error as Partial<Error> | undefined)?.message === 'timeout exceeded when trying to connect';
  const isFull = totalCount !== undefined && totalCount > 0 && totalCount >= (options?.max ?? 10);
  return tookTooLong && isFull ? new Error(ALL_IN_USE) : error;
}

/** The SQLSTATE of an error of `pg`. */
function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code;
}

/** Whether a table is missing: undefined_table. Nothing was done then. */
export function isMissingTable(error: unknown): boolean {
  return codeOf(error) === '42P01';
}

/** What is used of a client that a pool has lent. */
export interface PostgresConnection {
  query(text: string): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: events of all kinds
  on(event: string, listener: (...args: any[]) => void): unknown;
  release(destroy?: boolean): void;
}

/**
 * Calls `told` for each notification in a channel, and each time that the connection is there (again): what was told
 * meanwhile is lost. It takes one connection of the pool, so a pool of one is left alone. A courtesy: behind a pooler
 * that hands out connections per transaction nothing arrives. Callers look now and then as well.
 *
 * @returns a function that ends it, to be called before the pool ends
 */
export async function listen(
  pool: PostgresPool,
  channel: string,
  told: () => void,
  onLoss?: LineListener,
): Promise<() => Promise<void>> {
  const { options } = pool as { options?: { max?: number } };
  if (typeof pool.connect !== 'function' || options?.max === 1) return async () => undefined;
  return await keepWatching((tell) => listener(pool, channel, tell), told, onLoss);
}

function listener(pool: PostgresPool, channel: string, told: () => void): Watch {
  let closed = false;
  let connection: PostgresConnection | undefined;
  let gone = (): void => {};
  const lost = new Promise<void>((done) => {
    gone = done;
  });
  const connect = async (): Promise<void> => {
    const lent = (await pool.connect?.()) as PostgresConnection;
    if (closed) return lent.release(true);
    connection = lent;
    for (const sign of ['error', 'end']) lent.on(sign, gone);
    lent.on('notification', (news: { channel?: unknown }) => {
      if (news.channel === channel) told();
    });
    await lent.query(`LISTEN "${channel.replaceAll('"', '""')}"`);
    // Listening for news must not keep the process alive.
    (lent as { unref?(): void }).unref?.();
  };
  const close = (): void => {
    closed = true;
    // Ended, not given back: it would go on listening in somebody else's hands.
    connection?.release(true);
    connection = undefined;
  };
  // Nothing is sent but a question, and nothing comes of it but that it was answered.
  return { ready: connect(), lost, ask: async () => await connection?.query('SELECT'), close };
}
