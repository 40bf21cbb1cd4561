// @fastify/secure-session keeps the array of keys that it is given, and encrypts with the first. What any but the first opens it
// encrypts again: a replica to which the next key is the second would do so backwards. So it hears of an index above 0 only
// for keys of the past.
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { BridgeKeys } from '../keys.js';

/** What `liveSecureSessionKeys()` takes. */
export interface SecureSessionSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `fastify-secure-session`. */
  readonly purpose?: string;
  /** The option `expiry` of the plugin, in seconds. Default: 86,401, which is its own. */
  readonly expiry?: number;
  /** The same for several sessions, as a text such as `"14d"` or in seconds. Default: `expiry`. */
  readonly maxAge?: number | string;
}

/** The option `key` of the plugin. */
export type LiveSecureSessionKeys = Buffer[];

const SETTINGS: OptionNames<SecureSessionSettings> = { purpose: true, expiry: true, maxAge: true };

/** crypto_secretbox_KEYBYTES of libsodium. */
const KEY_BYTES = 32;

/**
 * The option `key` of @fastify/secure-session, with the keys of a ring.
 *
 * @throws KeyturnError `secret_malformed` where an old key is not of 32 bytes; as `keyturn.signer()` for purpose and lifetime
 * @example
 * app.register(secureSession, { key: liveSecureSessionKeys(keyturn), cookie: { path: '/' } });
 */
export function liveSecureSessionKeys(
  keyturn: Keyturn,
  settings: SecureSessionSettings = {},
): LiveSecureSessionKeys {
  requireOptions(settings, 'liveSecureSessionKeys(keyturn, settings)', SETTINGS);
  const { purpose = 'fastify-secure-session', expiry = 86_401, maxAge = expiry } = settings;
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  if (keys.moving?.secrets.some(({ bytes }) => bytes.length !== KEY_BYTES))
    throw new KeyturnError(
      'secret_malformed',
      `an old key of move_in.${purpose} is not of ${KEY_BYTES} bytes, as @fastify/secure-session has them`,
      `say how its text stands for them: encoding = "hex" or "base64" under [move_in.${purpose}]`,
    );
  return new LiveKeys(keys);
}

/** An array of one, which is another one each time that it is looked at. */
class LiveKeys extends Array<Buffer> {
  /** What is made of it is an array like any other. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  readonly #keys: BridgeKeys;

  constructor(keys: BridgeKeys) {
    super();
    this.#keys = keys;
    Object.defineProperty(this, 0, { get: () => this.#signing(), enumerable: true });
  }

  /** The plugin maps the array once, and keeps what it gets. */
  override map<T>(): T[] {
    return this as unknown as T[];
  }

  override some(opens: (key: Buffer, index: number, all: Buffer[]) => unknown): boolean {
    for (const key of this.#keys.current.all) {
      const isDue = this.#keys.isStale(key) && this.#keys.maySign;
      if (!opens(asBuffer(key.bytes), isDue ? 1 : 0, this)) continue;
      this.#keys.verified(key);
      return true;
    }
    return false;
  }

  #signing(): Buffer {
    const { signing } = this.#keys;
    this.#keys.signed(signing);
    return asBuffer(signing.bytes);
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
