// Ending sessions so that they stay ended, whatever other requests are doing with them. It needs no more than the contract
// of a store, so that it works with every store.
import { KeyturnError } from '../../errors.js';
import type { SessionStore } from './contract.js';

/** Each round stands for a change of id, or a new session, that came in between. So many do not come by accident. */
const ROUNDS = 100;

/**
 * Ends a session, also where a request that was faster has given it another id.
 *
 * @returns false when there was nothing left to end
 */
export async function endSession(store: SessionStore, id: string, until: number): Promise<boolean> {
  let current = id;
  for (let round = 0; round < ROUNDS; round++) {
    if ((await store.destroy(current, until)) !== false) return true;
    const next = (await store.ended?.(current))?.next;
    if (next === undefined) return false;
    current = next;
  }
  throw tooFast();
}

/**
 * Ends a session where it is one of a user's, by its id or by one that it had before.
 *
 * @returns false when it has ended, or is somebody else's
 */
export async function endSessionOf(
  store: SessionStore,
  user: string,
  id: string,
  until: number,
): Promise<boolean> {
  let current = id;
  for (let round = 0; round < ROUNDS; round++) {
    const own = (await store.listUser(user)).some((session) => session.id === current);
    if (own) return await endSession(store, current, until);
    const next = (await store.ended?.(current))?.next;
    if (next === undefined) return false;
    current = next;
  }
  throw tooFast();
}

/**
 * Ends all sessions of a user. One that gets a new id meanwhile is ended by its old id or by its new one: the new one
 * is saved before the old one ends, so it is in a list that is made afterwards.
 *
 * @param except the id of one that stays
 * @returns how many it ended
 */
export async function endUser(
  store: SessionStore,
  user: string,
  until: number,
  except?: string,
): Promise<number> {
  let ended = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const sessions = (await store.listUser(user)).filter(({ id }) => id !== except);
    if (sessions.length === 0) return ended;
    const outcomes = await Promise.all(
      sessions.map(({ id, expiresAt }) => store.destroy(id, Math.max(until, expiresAt))),
    );
    ended += outcomes.filter(Boolean).length;
  }
  throw tooFast();
}

function tooFast(): KeyturnError {
  return new KeyturnError(
    'session_conflict',
    'new sessions took the place of those that were ended, again and again',
    'end them once more; whoever is doing that should be kept from signing in first',
  );
}
