// A session store whose table has to be made before it is used.
import { isMissingTable } from '../../engines/postgres.js';
import type {
  Awaitable,
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './contract.js';

/**
 * A store whose table is made before it is first used: at the start or, where PostgreSQL is out of reach then, as soon
 * as it answers; and again where it comes back as an empty database.
 */
export class MigratingStore implements SessionStore {
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
      if (!isMissingTable(error)) throw error;
      // Nothing was done. Of many that find out at once, one makes the table.
      if (this.#prepared === prepared) this.#prepared = undefined;
      await this.ready();
      return await ask();
    }
  }
}
