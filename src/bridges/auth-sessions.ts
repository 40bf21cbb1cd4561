// Sessions of Auth.js and next-auth in a database. Their cookie holds a random token and nothing that a key has made, so that
// no step would touch them. Their token also says when they began: a session ends with a key that has signed since.
import { randomId } from '../signing/random.js';
import type { BridgeKeys } from './keys.js';

/** What is read of the configuration. */
interface Kept {
  readonly session?:
    | {
        readonly strategy?: 'jwt' | 'database' | undefined;
        readonly generateSessionToken?: (() => unknown) | undefined;
      }
    | undefined;
  readonly adapter?: object | undefined;
}

/** What is used of the adapter of a database. */
interface Adapter {
  // biome-ignore lint/suspicious/noExplicitAny: what it finds is the library's
  readonly getSessionAndUser?: ((token: string) => any) | undefined;
  readonly deleteSession?: ((token: string) => unknown) | undefined;
}

/** What is random, and when it began, in milliseconds since 1970: nobody can make a token that is not in the database. */
const TOKEN = /^.+\.(\d{13,14})$/;

export class AuthSessions {
  readonly #keys: BridgeKeys;

  constructor(keys: BridgeKeys) {
    this.#keys = keys;
  }

  /** The part `session` of a configuration, where sessions are kept in a database and the app makes no tokens of its own. */
  settings<Session extends Kept['session']>({
    session,
    adapter,
  }: Kept & { readonly session?: Session }): {
    readonly session?: Session;
  } {
    const isInDatabase = (session?.strategy ?? (adapter === undefined ? 'jwt' : 'database')) === 'database';
    if (!isInDatabase || session?.generateSessionToken !== undefined) return {};
    return { session: { ...session, generateSessionToken: () => this.#newToken() } as unknown as Session };
  }

  /** An adapter that does not know a session any more which a revocation has ended. */
  ofLiveKeys<A extends Adapter>(adapter: A): A {
    const { getSessionAndUser, deleteSession } = adapter;
    if (getSessionAndUser === undefined) return adapter;
    return {
      ...adapter,
      getSessionAndUser: async (token: string) => {
        const [, began] = TOKEN.exec(token) ?? [];
        const kid = began === undefined ? undefined : this.#keys.revokedSince(Number(began));
        if (kid === undefined) return await getSessionAndUser(token);
        this.#keys.refused('revoked_key', kid);
        await deleteSession?.(token);
        return null;
      },
    };
  }

  #newToken(): string {
    return `${randomId(16)}.${this.#keys.now()}`;
  }
}
