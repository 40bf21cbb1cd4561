// Stores of an app that has a name, and of one whose name changes.
import type {
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './contract.js';
import { APP_MARK } from './validate.js';
import { wrapStore } from './wrap.js';

/**
 * The users of one app in a table that two apps share. Ids of sessions are random, but both apps may know a user by the
 * same id: without it, whoever signs out everywhere in one app would be signed out of the other as well.
 *
 * @param apps the app's own name, and the other one while it changes; undefined: none
 */
export function usersOfApp(store: SessionStore, apps: readonly (string | undefined)[]): SessionStore {
  // What stands before a user, for each name of the app.
  const prefixes = apps.map((app) => (app === undefined ? '' : `${app}${APP_MARK}`));
  return wrapStore(store, {
    get: async (id) => {
      const found = await store.get(id);
      const user = found?.user;
      // One from before the app had a name has a user without it.
      const prefix = prefixes.find((each) => each !== '' && user?.startsWith(each) === true);
      if (found === undefined || user === undefined || prefix === undefined) return found;
      return { ...found, user: user.slice(prefix.length) };
    },
    put: (id, record, expected) => {
      const { user } = record;
      const kept = user === undefined ? record : { ...record, user: `${prefixes[0]}${user}` };
      return store.put(id, kept, expected);
    },
    listUser: async (user) => {
      const lists = prefixes.map(async (prefix) => await store.listUser(prefix + user));
      return (await Promise.all(lists)).flat();
    },
  });
}

/**
 * The stores of both names of an app, while its name changes. A session stays where it began: it is never in both, so
 * that no two requests can disagree on it, whichever name their processes have.
 */
export class BothStores implements SessionStore {
  readonly #own: SessionStore;
  readonly #other: SessionStore;

  constructor(own: SessionStore, other: SessionStore) {
    this.#own = own;
    this.#other = other;
  }

  async get(id: string): Promise<StoredSession | undefined> {
    return (await this.#own.get(id)) ?? (await this.#other.get(id));
  }

  async put(id: string, record: SessionRecord, expected: number): Promise<PutOutcome> {
    if (expected === 0) return await this.#begin(id, record);
    const outcome = await this.#own.put(id, record, expected);
    return outcome === 'gone' ? await this.#other.put(id, record, expected) : outcome;
  }

  /** An id is new only where it is new in both: what may be used once may be told in either. */
  async #begin(id: string, record: SessionRecord): Promise<PutOutcome> {
    const there = await this.#inOther(id);
    if (there !== undefined) return there;
    const outcome = await this.#own.put(id, record, 0);
    if (outcome !== 'saved') return outcome;
    // Of two that begin it at once, one in each, neither has it: that is safe, and both having it would not be.
    const since = await this.#inOther(id);
    if (since === undefined) return outcome;
    await this.#own.destroy(id, record.expiresAt);
    return since;
  }

  async #inOther(id: string): Promise<PutOutcome | undefined> {
    if ((await this.#other.get(id)) !== undefined) return 'conflict';
    return (await this.#other.ended?.(id)) === undefined ? undefined : 'gone';
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    return (await this.#own.touch(id, expiresAt)) || (await this.#other.touch(id, expiresAt));
  }

  /** In both, so that it can begin in neither. */
  async destroy(id: string, until: number, next?: string): Promise<boolean> {
    const ended = await Promise.all([
      this.#own.destroy(id, until, next),
      this.#other.destroy(id, until, next),
    ]);
    return ended.includes(true);
  }

  async ended(id: string): Promise<EndedSession | undefined> {
    const ended = [await this.#own.ended?.(id), await this.#other.ended?.(id)];
    // Where the session lived its end says which one took its place.
    return ended.find((one) => one?.next !== undefined) ?? ended.find((one) => one !== undefined);
  }

  async listUser(user: string | number): Promise<readonly UserSession[]> {
    const lists = await Promise.all([this.#own.listUser(user), this.#other.listUser(user)]);
    return [...new Map(lists.flat().map((session) => [session.id, session])).values()];
  }
}
