// "Sign out everywhere", for sessions in a store. Those in the cookie have an epoch for it.

import { type OptionNames, requireOptions } from './config/options.js';
import { KeyturnError } from './errors.js';
import { internalsOf, type Keyturn } from './keyturn.js';
import type { SessionStore } from './sessions/stores/contract.js';
import { endSession, endUser } from './sessions/stores/end-sessions.js';
import { requireStore } from './sessions/stores/require.js';
import { requireUser } from './sessions/stores/validate.js';
import { longestSession } from './sessions/times.js';

/** What `signOutEverywhere()` and `signOutSession()` take. */
export interface SignOutOptions {
  /** The store that was passed to the adapter; default: the one that `session.backend` names. */
  readonly store?: SessionStore;
}

const OPTIONS: OptionNames<SignOutOptions> = { store: true };

/**
 * Ends all sessions of a user. When it resolves no session that they had before is alive, whatever the requests do that
 * are under way. Sessions that begin afterwards are not touched.
 *
 * @param user as the option `user` of the adapter names them
 * @returns how many it ended
 * @throws KeyturnError `store_invalid`, `session_invalid`, `engine_unavailable`
 * @example
 * ```ts
 * await changePassword(user, password);
 * await signOutEverywhere(keyturn, user.id);
 * ```
 */
export async function signOutEverywhere(
  keyturn: Keyturn,
  user: string | number,
  options: SignOutOptions = {},
): Promise<number> {
  return await endUser(storeOf(keyturn, options), requireUser(user), lastMoment(keyturn));
}

/**
 * Ends one session, such as one that `listUser` has named.
 *
 * @returns false when it had ended
 * @throws KeyturnError `store_invalid`, `engine_unavailable`
 */
export async function signOutSession(
  keyturn: Keyturn,
  id: string,
  options: SignOutOptions = {},
): Promise<boolean> {
  return await endSession(storeOf(keyturn, options), id, lastMoment(keyturn));
}

function storeOf(keyturn: Keyturn, options: SignOutOptions): SessionStore {
  requireOptions(options, 'a sign-out', OPTIONS);
  const { store = keyturn.sessionStore } = options;
  if (store !== undefined) return requireStore(store, 'the option store of a sign-out');
  throw new KeyturnError(
    'store_invalid',
    'sessions are kept in the cookie, and no store knows them',
    'pass the store of the adapter as store; for sessions in the cookie give the adapter an epoch, and change it',
  );
}

/** No cookie with an id of today lives longer. */
function lastMoment(keyturn: Keyturn): number {
  const { clock, settings } = internalsOf(keyturn);
  return clock() + longestSession(settings) * 1000;
}
