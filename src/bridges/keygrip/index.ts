// Keys in the shape of Keygrip, for whatever takes one: cookie-session, `app.keys` of Koa, the package cookies.
//
// `index` says 0 of every key that verifies. Of what is above 0 the package cookies signs the signature again by itself, and
// loses its domain, its end and SameSite; and as it takes every key but the first for one of the past, a replica that knows the
// next key only as staged would sign backwards. What is due is signed again by saving the session, which has its attributes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { keygripMac, sameSignature } from '../../codecs/cookies.js';
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { eachCookie } from '../cookie-header.js';
import { type BridgeKey, BridgeKeys } from '../keys.js';
import { beforeCookiesGo, isSafe, keepPrivate, mayAddCookie } from '../node-response.js';

/** What `liveKeygrip()` takes. */
export interface KeygripSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `keygrip`. */
  readonly purpose?: string;
  /** The options of cookie-session or koa-session, if the lifetime is to be taken from their `maxAge` (milliseconds). */
  readonly session?: { readonly maxAge?: number | 'session' | undefined };
  /**
   * The longest that a signed cookie lives: seconds, or a text such as `"14d"`. Default: `session.maxAge`; of a session
   * without one a day, as koa-session has it; where `session` is not given what `[purposes]` says.
   */
  readonly maxAge?: number | string;
  /** The second argument of `new Keygrip(keys, hash)`, where the app had one. Default: `sha1`, which is Keygrip's own. */
  readonly hash?: 'sha1' | 'sha256';
}

/** Goes wherever a Keygrip does. */
export interface LiveKeygrip {
  /** @throws KeyturnError `keyring_unavailable` where the process must not sign */
  sign(data: string): string;
  /** Whether a live key has signed it. */
  verify(data: string, digest: string): boolean;
  /** 0 where a live key has signed it, -1 otherwise. */
  index(data: string, digest: string): number;
  /** Behind cookie-session: `app.use(cookieSession({ keys }), keys.express())`. Saves a session whose key is going out. */
  express(): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
  /** Behind koa-session: `app.use(session(app)); app.use(keys.koa())`. Saves a session whose key is going out. */
  koa(): (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;
}

/** What is used of a context of Koa with koa-session. */
export interface KoaContext {
  readonly method: string;
  readonly headerSent: boolean;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  // biome-ignore lint/suspicious/noExplicitAny: its types are another package's, and differ from version to version
  readonly session?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly sessionOptions?: any;
}

const SETTINGS: OptionNames<KeygripSettings> = { purpose: true, session: true, maxAge: true, hash: true };

const DAY = 86_400;
/** So many signatures of replicas that are a step ahead are remembered. */
const REMEMBERED = 1000;

/**
 * Keys of a ring in the shape of Keygrip: docs/bridges/keygrip.md.
 *
 * @throws KeyturnError `argument_invalid`; as `keyturn.signer()` for purpose and lifetime
 * @example
 * app.keys = liveKeygrip(await createKeyturn(), { session: CONFIG });
 * app.use(session(CONFIG, app));
 * app.use(app.keys.koa());
 */
export function liveKeygrip(keyturn: Keyturn, settings: KeygripSettings = {}): LiveKeygrip {
  requireOptions(settings, 'liveKeygrip(keyturn, settings)', SETTINGS);
  const { purpose = 'keygrip', session, hash = 'sha1' } = settings;
  if (hash !== 'sha1' && hash !== 'sha256')
    throw new KeyturnError(
      'argument_invalid',
      'liveKeygrip(keyturn, settings) does not know that hash',
      'it knows sha1, which is what Keygrip takes by itself, and sha256',
    );
  const maxAge = settings.maxAge ?? (session && lifetimeOf(session));
  return new RingKeygrip(new BridgeKeys(keyturn, { name: purpose, maxAge }), hash);
}

/** The options of cookie-session, without its keys. */
// biome-ignore lint/suspicious/noExplicitAny: what the library takes, whatever its types are
export type CookieSessionOptions<Library extends (options: any) => unknown> = Omit<
  NonNullable<Parameters<Library>[0]>,
  'keys' | 'secret'
>;

/**
 * cookie-session with the keys of a ring: {@link liveKeygrip} and its middleware behind it in one.
 *
 * @param cookieSession what the package gives
 * @param options those of cookie-session, without `keys`
 * @param settings as for `liveKeygrip()`; the purpose is `cookie-session` by default
 * @throws KeyturnError `argument_invalid` where there are keys; as `keyturn.signer()` for purpose and lifetime
 * @example
 * app.use(liveCookieSession(await createKeyturn(), cookieSession, { maxAge: 86_400_000 }));
 */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function liveCookieSession<Library extends (options: any) => unknown>(
  keyturn: Keyturn,
  cookieSession: Library,
  options: CookieSessionOptions<Library>,
  settings: KeygripSettings = {},
): ReturnType<LiveKeygrip['express']> {
  if ('keys' in options || 'secret' in options)
    throw new KeyturnError(
      'argument_invalid',
      'liveCookieSession(keyturn, cookieSession, options) has an option keys or secret, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.cookie-session] secrets = [{ env = "COOKIE_KEY" }]',
    );
  const keys = liveKeygrip(keyturn, { purpose: 'cookie-session', session: options, ...settings });
  const [inner, behind] = [
    cookieSession({ ...options, keys }) as ReturnType<LiveKeygrip['express']>,
    keys.express(),
  ];
  return (request, response, next) => {
    inner(request, response, (error) =>
      error === undefined ? behind(request, response, next) : next(error),
    );
  };
}

/** Seconds. */
function lifetimeOf({ maxAge }: NonNullable<KeygripSettings['session']>): number {
  return typeof maxAge === 'number' && maxAge > 0 ? Math.ceil(maxAge / 1000) : DAY;
}

class RingKeygrip implements LiveKeygrip {
  readonly #keys: BridgeKeys;
  readonly #hash: 'sha1' | 'sha256';
  /** Signatures by keys that are only staged here, by what they sign: that is never signed backwards. */
  readonly #ahead = new Map<string, string>();
  #aheadOf = '';

  constructor(keys: BridgeKeys, hash: 'sha1' | 'sha256') {
    this.#keys = keys;
    this.#hash = hash;
  }

  sign(data: string): string {
    const { id, signing } = this.#keys.current;
    const ahead = id === this.#aheadOf ? this.#ahead.get(data) : undefined;
    if (ahead !== undefined) return ahead;
    // A cookie that is taken away: a sign-out goes out whether the process may sign or not, and says nothing of anybody.
    if (data.indexOf('=') === data.length - 1) return keygripMac(this.#hash, data, signing.secret);
    const key = this.#keys.signing;
    this.#keys.signed(key);
    return keygripMac(this.#hash, data, key.secret);
  }

  verify(data: string, digest: string): boolean {
    return this.index(data, digest) === 0;
  }

  index(data: string, digest: string): number {
    const key = this.#keyOf(data, digest);
    if (key === undefined) {
      this.#keys.refused('bad_signature');
      return -1;
    }
    this.#keys.verified(key);
    if (key.state === 'staged') this.#remember(data, digest);
    return 0;
  }

  express(): ReturnType<LiveKeygrip['express']> {
    return (request, response, next) => {
      const { sessionOptions } = request as WithSession;
      if (sessionOptions === undefined) return next(misplaced('express()', 'cookie-session'));
      if (this.#isDue(request, sessionOptions.name ?? 'session'))
        // Before cookie-session looks at it: what was set behind it is called first.
        beforeCookiesGo(response, (setCookies) => {
          if (mayAddCookie(request, response) && saveAgain(request)) keepPrivate(response);
          return setCookies;
        });
      next();
    };
  }

  koa(): ReturnType<LiveKeygrip['koa']> {
    return async (context, next) => {
      const { sessionOptions } = context;
      if (sessionOptions === undefined) throw misplaced('koa()', 'koa-session');
      const isDue = this.#isDue(context.req, sessionOptions.key);
      await next();
      if (!isDue || context.headerSent || !mayAddCookie(context.req, context.res)) return;
      const { session } = context;
      if (!session || session.isNew) return;
      keepPrivate(context.res);
      const { maxAge } = session;
      if (sessionOptions.autoCommit === false) await session.save();
      // As its own setter has it, this asks for it to be saved in the end, whether it has changed or not.
      else session.maxAge = maxAge;
    };
  }

  /** Whether the session of a request is to be saved for its signature alone. */
  #isDue({ method = 'GET', headers }: IncomingMessage, name: string): boolean {
    if (!isSafe(method) || headers.cookie === undefined || this.#keys.current.all.length < 2) return false;
    if (!this.#keys.maySign) return false;
    const cookies = eachCookie(headers.cookie);
    const found = (wanted: string) => cookies.find((one) => one.name === wanted)?.value;
    const [value, signature] = [found(name), found(`${name}.sig`)];
    if (value === undefined || signature === undefined) return false;
    const key = this.#keyOf(`${name}=${value}`, signature);
    return key !== undefined && this.#keys.isStale(key);
  }

  #keyOf(data: string, digest: string): BridgeKey | undefined {
    const { all } = this.#keys.current;
    return all.find(({ secret }) => sameSignature(keygripMac(this.#hash, data, secret), digest));
  }

  #remember(data: string, digest: string): void {
    const { id } = this.#keys.current;
    if (id !== this.#aheadOf || this.#ahead.size >= REMEMBERED) this.#ahead.clear();
    this.#aheadOf = id;
    this.#ahead.set(data, digest);
  }
}

/** What cookie-session puts on a request. */
type WithSession = IncomingMessage & {
  session?: object | null;
  readonly sessionOptions?: { readonly name?: string };
};

/** A session that is assigned counts as changed. One that nobody has looked at is looked at for it. @returns whether there is one */
function saveAgain(request: WithSession): boolean {
  const { session } = request;
  if (session) request.session = session;
  return Boolean(session);
}

function misplaced(call: string, library: string): KeyturnError {
  return new KeyturnError(
    'argument_invalid',
    `keys.${call} has no session of ${library} before it`,
    `put it behind ${library}: it saves the session that is there`,
  );
}
