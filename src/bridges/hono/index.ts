// Beside hono/jwt: the keys of its tokens are those of the ring, found by `kid`. Its signed cookies have the upgrader.
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { systemClock } from '../../process/clock.js';
import { decoded, eachCookie } from '../cookie-header.js';
import { JwtKeys, type JwtOptions } from '../jwt.js';
import type { BridgeKey } from '../keys.js';

// biome-ignore lint/suspicious/noExplicitAny: contexts, payloads and options of Hono's own
type Any = any;

/** The functions of hono/jwt. */
export interface HonoJwtFunctions {
  readonly jwt: (options: Any) => (context: Any, next: Any) => Any;
  readonly sign: (payload: Any, key: Any, algorithm?: Any) => Promise<string>;
  readonly verify: (token: string, key: Any, options: Any) => Promise<Any>;
}

/** Where hono/jwt finds a token in a cookie. */
export type HonoJwtCookie =
  | string
  | {
      readonly key: string;
      readonly secret?: unknown;
      readonly prefixOptions?: 'host' | 'secure' | undefined;
    };

/** What `honoJwt()` takes: options of the bridge, and those of the middleware without `secret`. */
export interface HonoJwtOptions extends JwtOptions {
  readonly cookie?: HonoJwtCookie;
  readonly headerName?: string;
  readonly realm?: string;
  /** Options of `verify()`. */
  readonly verification?: Readonly<Record<string, unknown>>;
}

/** What stands in the place of `jwt()`, `sign()` and `verify()`. */
export interface HonoJwt {
  /** For `app.use('/api/*', tokens.middleware)`. */
  readonly middleware: (context: Any, next: Any) => Any;
  /**
   * A token. It ends after `maxAge`, unless the payload has an earlier `exp`, in seconds since 1970.
   *
   * @throws KeyturnError `purpose_lifetime` for a later one, `keyring_unavailable` while the process must not sign
   */
  readonly sign: (payload: Readonly<Record<string, unknown>>) => Promise<string>;
  /** What a genuine token carries. @throws what the library throws */
  readonly verify: (token: string) => Promise<Any>;
}

/**
 * hono/jwt with the keys of a ring.
 *
 * @param library its functions: `{ jwt, sign, verify }`
 * @throws KeyturnError `argument_invalid` where there is a secret; as `keyturn.signer()` for the purpose and its lifetime
 * @example
 * const tokens = honoJwt(keyturn, { jwt, sign, verify }, { maxAge: '1h' });
 * app.use('/api/*', tokens.middleware);
 * const token = await tokens.sign({ sub });
 */
export function honoJwt(keyturn: Keyturn, library: HonoJwtFunctions, options: HonoJwtOptions = {}): HonoJwt {
  const { purpose, maxAge, ...own } = options;
  if ('secret' in own || 'alg' in own)
    throw new KeyturnError(
      'argument_invalid',
      'honoJwt(keyturn, library, options) has an option secret or alg, and the keys come from the keyring',
      'take them out, and name the variable that held the secret: [move_in.api-token] format = "jwt" and secrets = [{ env = "JWT_SECRET" }]',
    );
  const said = { ...(purpose === undefined ? {} : { purpose }), ...(maxAge === undefined ? {} : { maxAge }) };
  const keys = new JwtKeys(keyturn, said, 'honoJwt(keyturn, library, options)');
  const { verification = {} } = own;
  return {
    middleware: async (context, next) => {
      const secret = jwkOf(keys, keys.ofToken(tokenIn(context.req.raw.headers as Headers, own)));
      return await library.jwt({ ...own, alg: 'HS256', secret })(context, next);
    },
    sign: async (payload) => {
      const latest = Math.floor(systemClock() / 1000) + keys.maxAge;
      const { exp = latest } = payload;
      if (typeof exp !== 'number' || !(exp <= latest)) throw endsTooLate(keys);
      const { key, kid } = keys.signing();
      return await library.sign({ ...payload, exp }, jwkOf(keys, key, kid), 'HS256');
    },
    verify: async (token) =>
      await library.verify(token, jwkOf(keys, keys.ofToken(token)), { ...verification, alg: 'HS256' }),
  };
}

/** RFC 7517. What prints it sees all but the key. */
function jwkOf(keys: JwtKeys, key: BridgeKey | undefined, kid?: string): object {
  const jwk = { kty: 'oct', alg: 'HS256', ...(kid === undefined ? {} : { kid }) };
  return Object.defineProperty(jwk, 'k', { value: keys.bytesOf(key).toString('base64url') });
}

function endsTooLate({ maxAge }: JwtKeys): KeyturnError {
  return new KeyturnError(
    'purpose_lifetime',
    `a token ends later than ${maxAge} seconds from now, or its exp is not a number of seconds`,
    'leave exp out, or lengthen maxAge of the bridge: a key is kept for as long',
  );
}

const PREFIXES = { host: '__Host-', secure: '__Secure-' };

/** The token of a request, as the middleware finds it. */
function tokenIn(headers: Headers, { cookie, headerName = 'Authorization' }: HonoJwtOptions): string {
  const credentials = headers.get(headerName);
  if (credentials) return credentials.split(/\s+/)[1] ?? '';
  if (cookie === undefined) return '';
  const { key, prefixOptions } = typeof cookie === 'string' ? { key: cookie } : cookie;
  const name = prefixOptions === undefined ? key : `${PREFIXES[prefixOptions]}${key}`;
  const found = eachCookie(headers.get('cookie') ?? '').find((one) => one.name === name);
  // A signed cookie has its own signature behind that of the token.
  return (decoded(found?.value ?? '') ?? '').split('.').slice(0, 3).join('.');
}
