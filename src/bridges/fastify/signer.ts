// @fastify/cookie takes an object that signs in the place of a secret, and asks it each time.
import { COOKIE_SIGNATURE } from '../../codecs/cookies.js';
import { type OptionNames, requireOptions } from '../../config/options.js';
import type { Keyturn } from '../../keyturn.js';
import { BridgeKeys } from '../keys.js';
import { Upgrader } from '../upgrader.js';

/** What `liveSigner()` takes. */
export interface SignerSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `fastify-cookie`. */
  readonly purpose?: string;
  /** The longest that a signed cookie lives: seconds, or a text such as `"30d"`. Default: what `[purposes]` says. */
  readonly maxAge?: number | string;
}

/** As @fastify/cookie has it. */
export interface CookieSigner {
  /** @throws KeyturnError `keyring_unavailable` where the process must not sign */
  sign(value: string): string;
  /** `renew`: its key is going out, and it is due to be set anew. */
  unsign(
    signed: string,
  ): { valid: true; renew: boolean; value: string } | { valid: false; renew: false; value: null };
}

const SETTINGS: OptionNames<SignerSettings> = { purpose: true, maxAge: true };

/**
 * The option `secret` of @fastify/cookie, with the keys of a ring.
 *
 * @throws KeyturnError `argument_invalid`; as `keyturn.signer()` for purpose and lifetime
 * @example
 * app.register(cookie, { secret: liveSigner(keyturn, { maxAge: '30d' }) });
 */
export function liveSigner(keyturn: Keyturn, settings: SignerSettings = {}): CookieSigner {
  requireOptions(settings, 'liveSigner(keyturn, settings)', SETTINGS);
  const { purpose = 'fastify-cookie', maxAge } = settings;
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  // The plugin encodes and decodes by itself: here a value is what it is.
  const upgrader = new Upgrader(keys, { ...COOKIE_SIGNATURE, encoded: false }, []);
  return {
    sign: (value) => upgrader.sign('', value),
    unsign: (signed) => {
      const found = upgrader.verify('', signed);
      if (found === undefined) return { valid: false, renew: false, value: null };
      return { valid: true, renew: keys.isStale(found.key), value: found.payload };
    },
  };
}
