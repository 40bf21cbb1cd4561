// Beside React Router: a cookie of its kind whose secrets are the keys of the ring, live, for sessions of any storage and for
// itself. The library takes a list once, and never signs again what it has only read.
import { COOKIE_SIGNATURE } from '../../codecs/cookies.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { keepHeadersPrivate, mayAddCookieTo } from '../fetch-response.js';
import { longestOf } from '../iron.js';
import { BridgeKeys } from '../keys.js';
import { LiveSecrets } from '../live-secrets.js';
import { Upgrader } from '../upgrader.js';

// biome-ignore lint/suspicious/noExplicitAny: values and options of the library's own
type Any = any;

/** A cookie of React Router. */
export interface RouterCookie {
  readonly name: string;
  readonly isSigned: boolean;
  readonly expires?: Date;
  parse(header: string | null, options?: Any): Promise<Any>;
  serialize(value: Any, options?: Any): Promise<string>;
}

/** The same, signed by a ring. */
export interface SignedRouterCookie extends RouterCookie {
  /**
   * Headers that sign the cookie of a request again, where its key is going out; else none. For what a loader gives:
   * `data(page, { headers: await cookie.again(request) })`. They keep shared caches from the response: whoever got it from
   * one would be that visitor.
   *
   * @param headers what the response has besides. One that shared caches may keep gets none
   */
  again(
    request: Request,
    headers?: Headers | Readonly<Record<string, string>>,
  ): Promise<Record<string, string>>;
}

/** What is read of the options of `createCookie()`; they are all handed on. */
export interface CookieOptions {
  /** Seconds. */
  readonly maxAge?: number | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: `path`, `domain`, `sameSite` and the rest
  readonly [option: string]: any;
}

/** What `routerCookie()` takes besides what the library does. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `react-router`. */
  readonly purpose?: string;
  /**
   * The longest that the cookie counts without being set again: seconds, or a text such as `"30d"`. Default: `maxAge` of the
   * cookie. Needed for one without an end.
   */
  readonly maxAge?: number | string;
}

/**
 * `createCookie()` with the keys of a ring in place of its secrets.
 *
 * @param createCookie what the package gives
 * @param options those of the cookie, without `secrets`. The old ones stand under `[move_in.react-router]`
 * @throws KeyturnError `argument_invalid` where there are secrets; as `keyturn.signer()` for the lifetime
 * @example
 * const cookie = routerCookie(keyturn, createCookie, '__session', { httpOnly: true, secure: true, maxAge: 604_800 });
 * const { getSession, commitSession, destroySession } = createCookieSessionStorage({ cookie });
 */
export function routerCookie(
  keyturn: Keyturn,
  createCookie: (name: string, options: Any) => RouterCookie,
  name: string,
  options: CookieOptions = {},
  { purpose = 'react-router', maxAge }: BridgeSettings = {},
): SignedRouterCookie {
  if ('secrets' in options)
    throw new KeyturnError(
      'argument_invalid',
      'routerCookie(keyturn, createCookie, name, options) has an option secrets, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.react-router] secrets = [{ env = "SESSION_SECRET" }]',
    );
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge: longestOf([maxAge, options.maxAge]) });
  const secrets = new LiveSecrets(keys);
  const inner = createCookie(name, { ...options, secrets: secrets.list });
  const upgrader = new Upgrader(keys, COOKIE_SIGNATURE, [name]);
  const serialize = async (value: Any, own?: Any) => {
    // An empty cookie, which takes one away, is not signed.
    if (value !== '') keys.signed(keys.signing);
    secrets.follow();
    return await inner.serialize(value, own);
  };
  return {
    name,
    isSigned: true,
    // Undefined where the cookie has no end, as the library has it: its own type leaves that out.
    get expires() {
      return inner.expires as Date;
    },
    parse: async (header, own) => {
      secrets.follow();
      return await inner.parse(upgrader.incoming(header ?? undefined).header ?? null, own);
    },
    serialize,
    again: async ({ method, headers }, besides) => {
      const page = new Headers(besides);
      if (!mayAddCookieTo(method, page)) return {};
      const { header, seen } = upgrader.incoming(headers.get('cookie') ?? undefined);
      const found = seen.get(name);
      if (found === undefined || !keys.isStale(found.key) || !keys.maySign) return {};
      secrets.follow();
      keepHeadersPrivate(page);
      return {
        'cache-control': page.get('cache-control') as string,
        'set-cookie': await serialize(await inner.parse(header ?? null)),
      };
    },
  };
}
