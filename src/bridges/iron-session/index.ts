// Beside iron-session: its passwords are the keys of the ring, live, and a session that a key going out has sealed is sealed
// again when it is read, with its own end. The library opens such a session, and never seals it again by itself.
import type { LibraryKey } from '../../codecs/cookies.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { IronKeys, longestOf } from '../iron.js';
import { type BridgeKey, BridgeKeys } from '../keys.js';
import { liveObject } from '../live-object.js';
import { endOf, sealAgain } from './again.js';
import type { GetIronSession, SessionOptions } from './library.js';

export type { GetIronSession, IronMethods, SessionOptions } from './library.js';

/** What `ironSession()` takes besides what the library does. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `iron-session`. */
  readonly purpose?: string;
  /**
   * The longest that a seal is accepted: seconds, or a text such as `"30d"`. Default: `ttl`, or the 14 days that the library
   * takes. Needed where sessions have no end, and where `sealData()` is given a longer `ttl` than sessions have.
   */
  readonly maxAge?: number | string;
  /**
   * The ids that the old secrets had in the map of passwords, in the order of `[move_in]`. Default: 1 for one alone, else
   * counted down to 1 for the last.
   */
  readonly oldIds?: readonly number[];
}

/** The sessions of an app. */
export interface IronSessions<Get> {
  /**
   * A session, as `getIronSession()` opens it: by request and response, by the cookies of Next.js, by a jar.
   *
   * A session that a retiring key has sealed goes out again with the response, sealed by the key that does so now, with its
   * own end. Where the cookies cannot be written that is left to the next request.
   */
  readonly get: Get;
  /**
   * The passwords, for `sealData()` and `unsealData()`: always those in force. An object that an app reads once stays right.
   *
   * @throws KeyturnError `keyring_unavailable` when something is sealed with it while the process must not sign
   */
  readonly password: Record<string, string>;
}

/** 14 days, in seconds. */
const LIBRARYS_TTL = 1_209_600;

/** `getIronSession()` without its last argument. */
export type GetSession<Data extends object> = (
  // biome-ignore lint/suspicious/noExplicitAny: what the library takes: requests of Node and of Fetch, stores, jars
  requestOrCookies: any,
  // biome-ignore lint/suspicious/noExplicitAny: a response of either
  response?: any,
) => ReturnType<GetIronSession<Data>>;

/**
 * iron-session with the keys of a ring in place of its password.
 *
 * @param getIronSession what the package gives
 * @param options those of iron-session, without `password`. The old one stands under `[move_in.iron-session]`
 * @throws KeyturnError `argument_invalid` where there is a password; as `keyturn.signer()` for the lifetime
 * @example
 * const sessions = ironSession<{ user?: string }>(keyturn, getIronSession, { cookieName: 'app' });
 * const session = await sessions.get(request, response);
 */
export function ironSession<Data extends object = Record<string, unknown>>(
  keyturn: Keyturn,
  getIronSession: GetIronSession<Data>,
  options: SessionOptions,
  settings: BridgeSettings = {},
): IronSessions<GetSession<Data>> {
  if ('password' in options)
    throw new KeyturnError(
      'argument_invalid',
      'ironSession(keyturn, getIronSession, options) has an option password, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.iron-session] secrets = [{ env = "SESSION_PASSWORD" }]',
    );
  const { purpose = 'iron-session', maxAge, oldIds } = settings;
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge: longestOf([maxAge, ttlOf(options)]) });
  const iron = new IronKeys(keys, (at, count) =>
    oldIds === undefined ? String(count - at) : oldIds[at]?.toString(),
  );
  /** By the library, which is given its cookies and, after them, its options. */
  const open = async (where: readonly unknown[], own: SessionOptions) => {
    let key: BridgeKey | undefined;
    let isOpen = false;
    // While a session is opened the library looks at what is listed, to see that it is long enough; later it seals with it.
    const isSealing = () => isOpen;
    const onLookUp = (found: BridgeKey) => {
      key = found;
    };
    const session = await getIronSession(...where, {
      ...own,
      password: passwords(iron, isSealing, onLookUp),
    });
    isOpen = true;
    return { session, key: key as BridgeKey | undefined };
  };
  return {
    password: passwords(iron, () => true) as Record<string, string>,
    get: async (first, second) => {
      const { session, key } = await open(second === undefined ? [first] : [first, second], options);
      // What cannot be opened is an empty session for the library.
      if (key === undefined || Object.keys(session).length === 0) return session;
      keys.verified(key);
      if (!keys.isStale(key) || !keys.maySign) return session;
      const elsewhere = async (where: readonly unknown[], own: SessionOptions) =>
        (await open(where, own)).session;
      await sealAgain({ first, second, options, open: elsewhere, end: endOf(first, options.cookieName) });
      return session;
    },
  };
}

/**
 * @param isSealing whether who asks what is listed is about to seal
 * @param onLookUp told of every key whose password is asked for
 */
function passwords(
  iron: IronKeys,
  isSealing: () => boolean,
  onLookUp: (key: BridgeKey) => void = () => {},
): Record<string, LibraryKey> {
  return liveObject<LibraryKey>({
    list: () => [(isSealing() ? iron.seal() : iron.current.signing).id],
    isListed: (id) => id === iron.current.signing.id,
    has: (id) => iron.current.byId.has(id),
    get: (id) => {
      const key = iron.current.byId.get(id)?.key;
      if (key !== undefined) onLookUp(key);
      return key?.secret;
    },
  });
}

/** Undefined for sessions without an end: of those somebody has to say how long they count. */
function ttlOf({ ttl = LIBRARYS_TTL, cookieOptions = {} }: SessionOptions): number | undefined {
  const hasNoEnd = ttl === 0 || ('maxAge' in cookieOptions && cookieOptions.maxAge === undefined);
  return hasNoEnd ? undefined : ttl;
}
