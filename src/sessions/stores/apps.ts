// Stores of an app that has a name, and of one whose name changes.
import type { PutOutcome, RemoteSessionStore, SessionRecord, SessionStore } from './contract.js';
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
export function bothStores(own: SessionStore, other: SessionStore): RemoteSessionStore {
  const inOther = async (id: string): Promise<PutOutcome | undefined> => {
    if ((await other.get(id)) !== undefined) return 'conflict';
    return (await other.ended?.(id)) === undefined ? undefined : 'gone';
  };
  /** An id is new only where it is new in both: what may be used once may be told in either. */
  const begin = async (id: string, record: SessionRecord): Promise<PutOutcome> => {
    const there = await inOther(id);
    if (there !== undefined) return there;
    const outcome = await own.put(id, record, 0);
    if (outcome !== 'saved') return outcome;
    // Of two that begin it at once, one in each, neither has it: that is safe, and both having it would not be.
    const since = await inOther(id);
    if (since === undefined) return outcome;
    await own.destroy(id, record.expiresAt);
    return since;
  };
  return {
    get: async (id) => (await own.get(id)) ?? (await other.get(id)),
    put: async (id, record, expected) => {
      if (expected === 0) return await begin(id, record);
      const outcome = await own.put(id, record, expected);
      return outcome === 'gone' ? await other.put(id, record, expected) : outcome;
    },
    touch: async (id, expiresAt, seenAt) =>
      (await own.touch(id, expiresAt, seenAt)) || (await other.touch(id, expiresAt, seenAt)),
    // In both, so that it can begin in neither.
    destroy: async (id, until, next) =>
      (await Promise.all([own.destroy(id, until, next), other.destroy(id, until, next)])).includes(true),
    ended: async (id) => {
      const ended = [await own.ended?.(id), await other.ended?.(id)];
      // Where the session lived its end says which one took its place.
      return ended.find((one) => one?.next !== undefined) ?? ended.find((one) => one !== undefined);
    },
    listUser: async (user) => {
      const lists = await Promise.all([own.listUser(user), other.listUser(user)]);
      return [...new Map(lists.flat().map((session) => [session.id, session])).values()];
    },
  };
}
