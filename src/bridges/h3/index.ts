// Beside the sessions of h3, which Nuxt and Nitro have: their password is that of the ring, live, and a session that a key
// going out has sealed is sealed again when it is read. The library opens such a session, and never seals it again for that.
import type { ServerResponse } from 'node:http';
import type { LibraryKey } from '../../codecs/cookies.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { keepHeadersPrivate, mayAddCookieTo } from '../fetch-response.js';
import { IronKeys, longestOf } from '../iron.js';
import { type BridgeKey, BridgeKeys } from '../keys.js';
import { liveObject } from '../live-object.js';
import { beforeCookiesGo, keepPrivate, mayAddCookie } from '../node-response.js';

// biome-ignore lint/suspicious/noExplicitAny: an event of h3, of either version
type Event = any;

/** What is read of the options of h3's sessions; they are all handed on. */
export interface H3SessionOptions {
  readonly name?: string;
  /** Seconds. */
  readonly maxAge?: number;
  /** Seconds; h3 2. */
  readonly idleTimeout?: number;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly cookie?: any;
  readonly sessionHeader?: false | string;
  readonly generateId?: () => string;
  // biome-ignore lint/suspicious/noExplicitAny: `seal`, `crypto`, and what a later version may have
  readonly [option: string]: any;
}

/** The functions of h3 1 or 2. */
export interface H3Functions {
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly getSession: (event: any, config: any) => Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly updateSession: (event: any, config: any) => Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly useSession: (event: any, config: any) => Promise<any>;
}

/** What `h3Sessions()` takes besides what the library does. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `h3`. */
  readonly purpose?: string;
  /**
   * The longest that a seal is accepted: seconds, or a text such as `"30d"`. Default: `maxAge` or `idleTimeout`. Needed where
   * the options have neither, since sessions have no end then.
   */
  readonly maxAge?: number | string;
  /**
   * What old secrets were called where the password was an object, in the order of `[move_in]`. Not needed for a text.
   */
  readonly oldIds?: readonly string[];
}

/** The sessions of an app. */
export interface H3Sessions<H3 extends H3Functions> {
  /** As `useSession(event, config)`: begins a session where there is none. */
  readonly use: (event: Parameters<H3['useSession']>[0]) => ReturnType<H3['useSession']>;
  /** As `getSession(event, config)`. */
  readonly get: (event: Parameters<H3['getSession']>[0]) => ReturnType<H3['getSession']>;
  /** For the other functions of h3, such as `updateSession()` and `clearSession()`: always the keys in force. */
  readonly config: H3SessionOptions & { readonly password: string };
}

/** How h3 looks up the password of a seal that names none. */
const UNNAMED = 'default';

/**
 * The sessions of h3 with the keys of a ring in place of their password.
 *
 * @param h3 its functions: `{ getSession, updateSession, useSession }`
 * @param options those of its sessions, without `password`. The old one stands under `[move_in.h3]`
 * @throws KeyturnError `argument_invalid` where there is a password; as `keyturn.signer()` for the lifetime
 * @example
 * const sessions = h3Sessions(keyturn, { getSession, updateSession, useSession }, { maxAge: 604_800 });
 * const session = await sessions.use(event);
 */
export function h3Sessions<H3 extends H3Functions>(
  keyturn: Keyturn,
  h3: H3,
  options: H3SessionOptions = {},
  settings: BridgeSettings = {},
): H3Sessions<H3> {
  if ('password' in options)
    throw new KeyturnError(
      'argument_invalid',
      'h3Sessions(keyturn, h3, options) has an option password, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.h3] secrets = [{ env = "NUXT_SESSION_PASSWORD" }]',
    );
  const { purpose = 'h3', maxAge, oldIds } = settings;
  const { maxAge: ttl, idleTimeout } = options;
  const longest = longestOf([maxAge, ttl || undefined, idleTimeout || undefined]);
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge: longest });
  const iron = new IronKeys(keys, (at, count) => oldIds?.[at] ?? (count === 1 ? UNNAMED : undefined));
  const opening = async (how: 'getSession' | 'useSession', event: Event) => {
    let found: BridgeKey | undefined;
    let isNew = false;
    const config = {
      ...options,
      password: password(iron, (key) => {
        found = key;
      }),
      // Only a session that begins gets an id.
      generateId: () => {
        isNew = true;
        return options.generateId?.() ?? globalThis.crypto.randomUUID();
      },
    };
    const session = await h3[how](event, config);
    const opened = found as BridgeKey | undefined;
    // Undefined where the request had it open already.
    if (opened === undefined || isNew) return session;
    keys.verified(opened);
    if (keys.isStale(opened) && keys.maySign && isWritable(event, options))
      await addedToPrivate(event, async () => await h3.updateSession(event, config));
    return session;
  };
  return {
    use: async (event) => await opening('useSession', event),
    get: async (event) => await opening('getSession', event),
    config: { ...options, password: password(iron) as unknown as string },
  } as H3Sessions<H3>;
}

function password(iron: IronKeys, onLookUp: (key: BridgeKey) => void = () => {}): Record<string, LibraryKey> {
  return liveObject<LibraryKey>({
    list: () => [],
    isListed: () => false,
    // A seal names an entry by any word, and what its id is everybody knows: that is no password.
    has: (name) => name === 'secret' || iron.current.byId.has(name),
    get: (name) => {
      // Whoever seals asks for the id once, and for the secret as often as it has a use for it.
      if (name === 'id') return named(iron.seal().id);
      const { byId, signing } = iron.current;
      if (name === 'secret') return signing.key.secret;
      const key = byId.get(name)?.key;
      if (key !== undefined) onLookUp(key);
      return key?.secret;
    },
  });
}

const named = (id: string): string | undefined => (id === UNNAMED ? undefined : id);

/** As Node or Fetch have it. */
const requestOf = ({ node, req }: Event): Event => node?.req ?? req;

/**
 * Lets the library set cookies that nobody asked for, and keeps the response from shared caches. What the app says of those
 * later counts where there is a response of Node: one that they may keep goes without these cookies.
 */
async function addedToPrivate(event: Event, add: () => Promise<unknown>): Promise<void> {
  const response = event.node?.res as ServerResponse | undefined;
  const headers = event.res?.headers as Headers | undefined;
  const { method } = requestOf(event);
  const isFree =
    (headers === undefined || mayAddCookieTo(method, headers)) &&
    (response === undefined || mayAddCookie(event.node.req, response));
  if (!isFree) return;
  const lines = () => headers?.getSetCookie() ?? [response?.getHeader('set-cookie') ?? []].flat().map(String);
  const before = lines();
  await add();
  const added = lines().filter((line) => !before.includes(line));
  if (response === undefined) return keepHeadersPrivate(headers as Headers);
  beforeCookiesGo(response, (all) => {
    if (!mayAddCookie(event.node.req, response)) return all.filter((line) => !added.includes(line));
    if (all.some((line) => added.includes(line))) keepPrivate(response);
    return all;
  });
}

/** Whether the session came in a cookie, and one can be set: not for a WebSocket, nor after the response has begun. */
function isWritable(event: Event, { cookie, name = 'h3', sessionHeader }: H3SessionOptions): boolean {
  const response = event.res ?? event.node?.res;
  if (cookie === false || response === undefined || response.headersSent === true) return false;
  if (sessionHeader === false) return true;
  const field = (sessionHeader ?? `x-${name}-session`).toLowerCase();
  const { headers } = requestOf(event);
  const sent = typeof headers.get === 'function' ? headers.get(field) : headers[field];
  return typeof sent !== 'string' || sent === '';
}
