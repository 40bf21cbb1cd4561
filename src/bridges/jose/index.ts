// Beside jose: the keys of its tokens are those of the ring, found by `kid`.
import type { KeyObject } from '../../codecs/jws.js';
import type { Keyturn } from '../../keyturn.js';
import { type DecodedHeader, JwtKeys, type JwtOptions } from '../jwt.js';

export type { JwtOptions } from '../jwt.js';

/** What a token is signed with. */
export interface JoseSigning {
  /** For `setProtectedHeader()`. Without a `kid` while an old secret signs. */
  readonly header: { readonly alg: 'HS256'; readonly kid?: string };
  /** For `sign()`. */
  readonly key: KeyObject;
  /** For `setExpirationTime()`: the longest that the token may live, such as `"3600s"`. */
  readonly expiresIn: string;
}

/** The keys of an app's tokens. */
export interface JoseKeys {
  /**
   * For one token that is signed now.
   *
   * @throws KeyturnError `keyring_unavailable` while the process must not sign
   */
  readonly signing: () => JoseSigning;
  /** For `jwtVerify(token, keys.verifying, { algorithms: ['HS256'] })`. A genuine token counts for the fleet. */
  readonly verifying: (
    header: DecodedHeader,
    token: { readonly protected?: unknown; readonly payload?: unknown; readonly signature?: unknown },
  ) => KeyObject;
}

/**
 * The keys of a ring for jose.
 *
 * @throws KeyturnError as `keyturn.signer()` for the purpose and its lifetime
 * @example
 * const keys = joseKeys(keyturn, { maxAge: '1h' });
 * const { header, key, expiresIn } = keys.signing();
 * await new SignJWT({ sub }).setProtectedHeader(header).setExpirationTime(expiresIn).sign(key);
 * await jwtVerify(token, keys.verifying, { algorithms: ['HS256'] });
 */
export function joseKeys(keyturn: Keyturn, options?: JwtOptions): JoseKeys {
  const keys = new JwtKeys(keyturn, options, 'joseKeys(keyturn, options)');
  return {
    signing: () => {
      const { key, kid } = keys.signing();
      const header = { alg: 'HS256' as const, ...(kid === undefined ? {} : { kid }) };
      return { header, key: keys.objectOf(key), expiresIn: `${keys.maxAge}s` };
    },
    verifying: (header, token) => {
      const { protected: first, payload, signature } = token ?? {};
      const isWhole = [first, payload, signature].every((part) => typeof part === 'string');
      return keys.objectOf(
        isWhole ? keys.ofToken(`${first}.${payload}.${signature}`) : keys.ofHeader(header),
      );
    },
  };
}
