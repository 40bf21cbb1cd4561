// The sessions of a user, where they are kept in a store: listing them, and ending one, the others, or all. Those in the
// cookie have an epoch for it.

import { type OptionNames, requireOptions } from './config/options.js';
import { KeyturnError } from './errors.js';
import { internalsOf, type Keyturn } from './keyturn.js';
import type { SessionStore, UserSession } from './sessions/stores/contract.js';
import { endSession, endSessionOf, endUser } from './sessions/stores/end-sessions.js';
import { requireStore } from './sessions/stores/require.js';
import { requireUser } from './sessions/stores/validate.js';
import { longestSession } from './sessions/times.js';

/** What `listSessions()` takes. */
export interface ListSessionsOptions {
  /** The store that was passed to the adapter; default: the one that `session.backend` names. */
  readonly store?: SessionStore;
}

/** What `signOutEverywhere()` takes. */
export interface SignOutOptions extends ListSessionsOptions {
  /** The id of a session that stays, to sign out everywhere else: `session.id`. */
  readonly except?: string;
}

/** What `signOutSession()` takes. */
export interface SignOutSessionOptions extends ListSessionsOptions {
  /** Ends it only where it is a session of this user: for an id that a form has sent. */
  readonly user?: string | number;
}

const LIST_OPTIONS: OptionNames<ListSessionsOptions> = { store: true };
const OPTIONS: OptionNames<SignOutOptions> = { store: true, except: true };
const SESSION_OPTIONS: OptionNames<SignOutSessionOptions> = { store: true, user: true };

/** One session of a user, for a page "Your devices". */
export interface ListedSession {
  /** As `session.id`: the present one is among them. It gives access to nothing, since tokens are signed. */
  readonly id: string;
  /** When it began; by a change of its id it begins anew. */
  readonly createdAt: Date;
  /** When it was last used, give or take `session.roll_after`; undefined where the store does not keep it. */
  readonly lastSeen: Date | undefined;
  /** When it ends, unless it is used again. */
  readonly expiresAt: Date;
  /** What the option `label` of the adapter has called it. */
  readonly label: string | undefined;
}

/**
 * The sessions of a user, the one that was used last in front.
 *
 * @param user as the option `user` of the adapter names them
 * @throws KeyturnError `argument_invalid` where the adapter was given no `user`, `store_invalid`, `session_invalid`,
 * `engine_unavailable`
 * @example
 * const devices = await listSessions(keyturn, user.id);
 */
export async function listSessions(
  keyturn: Keyturn,
  user: string | number,
  options: ListSessionsOptions = {},
): Promise<readonly ListedSession[]> {
  requireOptions(options, 'listSessions(keyturn, user, options)', LIST_OPTIONS);
  const sessions = await storeOfUsers(keyturn, options, 'listSessions()').listUser(requireUser(user));
  const used = ({ seenAt, createdAt }: UserSession) => seenAt ?? createdAt;
  return [...sessions]
    .sort((one, other) => used(other) - used(one))
    .map(({ id, createdAt, expiresAt, seenAt, label }) => ({
      id,
      createdAt: new Date(createdAt),
      lastSeen: seenAt === undefined ? undefined : new Date(seenAt),
      expiresAt: new Date(expiresAt),
      label,
    }));
}

/**
 * Ends all sessions of a user. When it resolves no session that they had before is alive, whatever the requests do that
 * are under way. Sessions that begin afterwards are not touched.
 *
 * @param user as the option `user` of the adapter names them
 * @returns how many it ended
 * @throws KeyturnError `argument_invalid` where the adapter was given no `user`, `store_invalid`, `session_invalid`,
 * `engine_unavailable`
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
  requireOptions(options, 'signOutEverywhere(keyturn, user, options)', OPTIONS);
  const store = storeOfUsers(keyturn, options, 'signOutEverywhere()');
  return await endUser(store, requireUser(user), lastMoment(keyturn), options.except);
}

/**
 * Ends one session, such as one that {@link listSessions} has named.
 *
 * @returns false when it had ended, or is not the user's
 * @throws KeyturnError `argument_invalid` as {@link listSessions}, `store_invalid`, `engine_unavailable`
 */
export async function signOutSession(
  keyturn: Keyturn,
  id: string,
  options: SignOutSessionOptions = {},
): Promise<boolean> {
  requireOptions(options, 'signOutSession(keyturn, id, options)', SESSION_OPTIONS);
  if (options.user === undefined) return await endSession(storeOf(keyturn, options), id, lastMoment(keyturn));
  const store = storeOfUsers(keyturn, options, 'signOutSession() with a user');
  return await endSessionOf(store, requireUser(options.user), id, lastMoment(keyturn));
}

/** Where no adapter has said whose the sessions are, those of a user cannot be found: none would be ended. */
function storeOfUsers(keyturn: Keyturn, options: ListSessionsOptions, call: string): SessionStore {
  const store = storeOf(keyturn, options);
  const given = options.store === keyturn.sessionStore ? undefined : options.store;
  if (internalsOf(keyturn).outside.named?.get(given) !== false) return store;
  throw new KeyturnError(
    'argument_invalid',
    `${call} finds no sessions: the adapter was given no option user, and so the store does not know whose they are`,
    'give the adapter user: (session) => session.userId; sessions that began before that are found when they have changed',
  );
}

function storeOf(keyturn: Keyturn, { store = keyturn.sessionStore }: ListSessionsOptions): SessionStore {
  if (store !== undefined) return requireStore(store, 'the option store');
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
