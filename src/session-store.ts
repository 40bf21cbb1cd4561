// The session store that `session.backend` names. An engine that is out of reach is no reason not to start: a process
// that ends, and is started again and again, helps nobody, while one that runs serves all who have no session, and
// everybody when the engine is back.
import type { Settings } from './config/layers.js';
import type { Engines } from './engines/engines.js';
import { type Trouble, troubleOf } from './engines/reason.js';
import { mayNot } from './engines/schema.js';
import { tableRefused } from './engines/session-schema.js';
import { inTime, PATIENCE } from './engines/watch.js';
import { memoryStore } from './stores/memory.js';
import { postgresStore } from './stores/postgres.js';
import { ReachableStore } from './stores/reachable.js';
import { redisStore } from './stores/redis.js';
import type {
  Awaitable,
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './stores/store.js';

export interface SessionStoreParts {
  readonly settings: Settings;
  readonly engines: Engines;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Told when the engine does not answer, at the start or later. */
  readonly away: (engine: string, trouble: Trouble) => void;
  /** Told when it answers again. */
  readonly back: (engine: string) => void;
  /** Told when it answers and takes no writes. */
  readonly readOnly: (engine: string, trouble: Trouble) => void;
  /** Told when it takes them again. */
  readonly writable: (engine: string) => void;
}

/**
 * Undefined for sessions in the cookie.
 *
 * @throws KeyturnError `config_invalid`, `engine_missing`, `store_invalid`
 */
export async function openSessionStore(parts: SessionStoreParts): Promise<ReachableStore | undefined> {
  const { settings, engines, clock } = parts;
  const watched = (store: SessionStore, engine: string): ReachableStore =>
    new ReachableStore(store, {
      away: (error) => parts.away(engine, troubleOf(error)),
      back: () => parts.back(engine),
      readOnly: (error) => parts.readOnly(engine, troubleOf(error)),
      writable: () => parts.writable(engine),
    });
  switch (settings.get('session.backend')) {
    case 'cookie':
      return undefined;
    case 'memory':
      return new ReachableStore(memoryStore({ clock }));
    case 'redis': {
      const client = await engines.redis('session');
      const inner = redisStore({ client, prefix: settings.get('session.redis.prefix'), clock });
      const store = watched(inner, 'Redis');
      // Of no session: only to hear whether anybody answers.
      await inTime(inner.get('keyturn'), PATIENCE).catch((error) => store.failed(error));
      return store;
    }
    case 'postgres': {
      const pool = await engines.postgres('session');
      const table = settings.get('session.postgres.table');
      const inner = postgresStore({ pool, table, clock });
      const prepared = new PreparedStore(inner, () => inner.migrate());
      const store = watched(prepared, 'PostgreSQL');
      await inTime(prepared.ready(), PATIENCE).catch((error) => {
        if (mayNot(error)) throw tableRefused(table);
        store.failed(error);
      });
      return store;
    }
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code;
}

/** undefined_table */
const NO_TABLE = '42P01';

/**
 * A store whose table is made before it is first used: at the start or, where PostgreSQL is out of reach then, as soon
 * as it answers; and again where it comes back as an empty database.
 */
class PreparedStore implements SessionStore {
  readonly #store: SessionStore;
  readonly #prepare: () => Promise<void>;
  #prepared: Promise<void> | undefined;

  constructor(store: SessionStore, prepare: () => Promise<void>) {
    this.#store = store;
    this.#prepare = prepare;
  }

  async ready(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error) => {
      this.#prepared = undefined;
      throw error;
    });
    await this.#prepared;
  }

  async get(id: string): Promise<StoredSession | undefined> {
    return await this.#ask(() => this.#store.get(id));
  }

  async put(id: string, record: SessionRecord, expected: number): Promise<PutOutcome> {
    return await this.#ask(() => this.#store.put(id, record, expected));
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    return await this.#ask(() => this.#store.touch(id, expiresAt));
  }

  async destroy(id: string, until: number, next?: string): Promise<boolean> {
    return await this.#ask(() => this.#store.destroy(id, until, next));
  }

  async ended(id: string): Promise<EndedSession | undefined> {
    return await this.#ask(() => this.#store.ended?.(id));
  }

  async listUser(user: string): Promise<readonly UserSession[]> {
    return await this.#ask(() => this.#store.listUser(user));
  }

  async #ask<T>(ask: () => Awaitable<T>): Promise<T> {
    await this.ready();
    const prepared = this.#prepared;
    try {
      return await ask();
    } catch (error) {
      if (codeOf(error) !== NO_TABLE) throw error;
      // Nothing was done. Of many that find out at once, one makes the table.
      if (this.#prepared === prepared) this.#prepared = undefined;
      await this.ready();
      return await ask();
    }
  }
}
