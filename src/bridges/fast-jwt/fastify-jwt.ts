// Beside @fastify/jwt, which asks for a key at every request, and gives the request for it.
import { type OptionNames, requireOptions } from '../../config/options.js';
import type { Keyturn } from '../../keyturn.js';
import { JwtKeys, type JwtOptions } from '../jwt.js';

/** What `fastifyJwtKeys()` takes. */
export interface FastifyJwtSettings extends JwtOptions {
  /** The one that the plugin is registered with. */
  readonly namespace?: string;
}

/** The keys of an app's tokens, for @fastify/jwt. */
export interface FastifyJwtKeys {
  /** For `app.register(fastifyJwt, { secret: keys.secret, verify: keys.verify })`. */
  readonly secret: {
    readonly private: (request: unknown, payload: unknown, done: Done) => void;
    readonly public: (request: FastifyRequest, payload: unknown, done: Done) => void;
  };
  /** The algorithm, pinned. */
  readonly verify: { readonly algorithms: ['HS256'] };
  /**
   * For one token that is signed now: `reply.jwtSign(payload, keys.signing())`.
   *
   * @throws KeyturnError `keyring_unavailable` while the process must not sign
   */
  readonly signing: () => FastifySigning;
}

/** Options of `reply.jwtSign()`. */
export interface FastifySigning {
  /** The one of all bridges. */
  readonly algorithm: 'HS256';
  /** Seconds. */
  readonly expiresIn: number;
  /** Not there while an old secret signs. */
  readonly kid?: string;
}

type Done = (error: Error | null, key: Buffer | undefined) => void;

interface Decorator {
  readonly lookupToken?: (request: unknown) => unknown;
}

/** What is read of a request: the plugin says where its tokens are. */
export interface FastifyRequest {
  // biome-ignore lint/suspicious/noExplicitAny: the server, as whatever version of Fastify types it
  readonly server?: any;
}

const SETTINGS: OptionNames<FastifyJwtSettings> = { maxAge: true, namespace: true, purpose: true };
const CALL = 'fastifyJwtKeys(keyturn, options)';

/**
 * The keys of a ring for @fastify/jwt.
 *
 * @throws KeyturnError as `keyturn.signer()` for the purpose and its lifetime
 * @example
 * const keys = fastifyJwtKeys(keyturn, { maxAge: '1h' });
 * app.register(fastifyJwt, { secret: keys.secret, verify: keys.verify });
 * app.get('/token', async (request, reply) => ({ token: await reply.jwtSign({ sub }, keys.signing()) }));
 */
export function fastifyJwtKeys(keyturn: Keyturn, settings: FastifyJwtSettings = {}): FastifyJwtKeys {
  requireOptions(settings, CALL, SETTINGS);
  const { namespace, ...options } = settings;
  const keys = new JwtKeys(keyturn, options, CALL);
  return {
    secret: {
      private: (_request, _payload, done) => {
        try {
          done(null, keys.bytesOf(keys.signing().key));
        } catch (error) {
          done(error as Error, undefined);
        }
      },
      // The plugin gives what a token carries, and not the header that names its key.
      public: (request, _payload, done) =>
        done(null, keys.bytesOf(keys.ofToken(tokenOf(request, namespace)))),
    },
    verify: { algorithms: ['HS256'] },
    signing: () => {
      const { kid } = keys;
      return { algorithm: 'HS256', expiresIn: keys.maxAge, ...(kid === undefined ? {} : { kid }) };
    },
  };
}

/** The token of a request, as the plugin itself finds it. */
function tokenOf(request: FastifyRequest, namespace: string | undefined): unknown {
  const { server } = request;
  const decorated = namespace === undefined ? server?.jwt : server?.jwt?.[namespace];
  try {
    return (decorated as Decorator | undefined)?.lookupToken?.(request);
  } catch {
    return undefined;
  }
}
