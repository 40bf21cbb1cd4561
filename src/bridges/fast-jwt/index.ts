// Beside fast-jwt and @fastify/jwt: the keys of their tokens are those of the ring, found by `kid`.
//
// A verifier of the library remembers what it has verified, for ten minutes also what a key has signed that is gone by then.
// So every key has a verifier of its own, which goes with it.
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { JwtKeys, type JwtOptions } from '../jwt.js';
import type { BridgeKey } from '../keys.js';

export type { JwtOptions } from '../jwt.js';

// biome-ignore lint/suspicious/noExplicitAny: options, payloads and tokens of the library's own
type Any = any;

/** The functions of fast-jwt. */
export interface FastJwtFunctions {
  readonly createSigner: (options: Any) => (payload: Any) => Any;
  readonly createVerifier: (options: Any) => (token: Any) => Any;
}

/** What `fastJwt()` takes: options of the bridge, and those of the library without `key`. */
export interface FastJwtOptions extends JwtOptions {
  /** Options of `createSigner()`. Default of `expiresIn`: `maxAge`. */
  readonly signer?: Readonly<Record<string, unknown>>;
  /** Options of `createVerifier()`, `cache` among them. */
  readonly verifier?: Readonly<Record<string, unknown>>;
}

/** Options of the library that are not the app's, and what to write instead. */
const OURS = {
  key: 'take it out, and name the variable that held it: [move_in.api-token] format = "jwt" and secrets = [{ env = "JWT_SECRET" }]',
  kid: 'take it out: a token is named by its key',
  expiresIn: 'say maxAge to the bridge: a key is kept for as long',
};

/** What stands in the place of a signer and a verifier. */
export interface FastJwt {
  /** @throws KeyturnError `keyring_unavailable` while the process must not sign; what the library throws */
  readonly sign: (payload: Any) => string;
  /** What a genuine token carries; it counts for the fleet. @throws what the library throws */
  readonly verify: (token: Any) => Any;
}

/**
 * A signer and a verifier of fast-jwt with the keys of a ring.
 *
 * @param library its functions: `{ createSigner, createVerifier }`
 * @throws KeyturnError `argument_invalid` where there is a key; as `keyturn.signer()` for the purpose and its lifetime
 * @example
 * const { sign, verify } = fastJwt(keyturn, { createSigner, createVerifier }, { maxAge: '1h', verifier: { cache: true } });
 */
export function fastJwt(
  keyturn: Keyturn,
  { createSigner, createVerifier }: FastJwtFunctions,
  { signer = {}, verifier = {}, ...options }: FastJwtOptions = {},
): FastJwt {
  for (const [name, cure] of Object.entries(OURS))
    if (name in signer || name in verifier)
      throw new KeyturnError(
        'argument_invalid',
        `fastJwt(keyturn, library, options) has an option ${name} for the library, and that comes from the keyring`,
        cure,
      );
  const keys = new JwtKeys(keyturn, options, 'fastJwt(keyturn, library, options)');
  const signers = new OfKeys(keys, (key, kid) =>
    createSigner({ algorithm: 'HS256', expiresIn: keys.maxAge * 1000, ...signer, key, kid }),
  );
  const verifiers = new OfKeys(keys, (key) => createVerifier({ algorithms: ['HS256'], ...verifier, key }));
  return {
    sign: (payload) => {
      const { key, kid } = keys.signing();
      return signers.of(key, kid)(payload) as string;
    },
    verify: (token) => {
      const text = Buffer.isBuffer(token) ? token.toString('utf8') : token;
      const key = keys.chosen(text);
      const verified = verifiers.of(key)(token) as Any;
      if (key !== undefined) keys.verified(key, verifier['complete'] === true ? verified.payload : verified);
      return verified;
    },
  };
}

/** What is made of a key, once, for as long as it counts. */
class OfKeys {
  readonly #keys: JwtKeys;
  readonly #make: (key: Buffer, kid: string | undefined) => (given: Any) => Any;
  #made = new Map<BridgeKey | undefined, (given: Any) => Any>();
  #generation = '';

  constructor(keys: JwtKeys, make: (key: Buffer, kid: string | undefined) => (given: Any) => Any) {
    this.#keys = keys;
    this.#make = make;
  }

  of(key: BridgeKey | undefined, kid?: string): (given: Any) => Any {
    const { generation } = this.#keys;
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#made = new Map();
    }
    let made = this.#made.get(key);
    if (made === undefined) {
      made = this.#make(this.#keys.bytesOf(key), kid);
      this.#made.set(key, made);
    }
    return made;
  }
}

export {
  type FastifyJwtKeys,
  type FastifyJwtSettings,
  type FastifySigning,
  fastifyJwtKeys,
} from './fastify-jwt.js';
