// Beside express-session: its secrets are the keys of the ring, live, and a cookie that a key going out has signed is
// signed again. The library does neither: it takes an array once, and never signs again what it has only read.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EXPRESS } from '../../codecs/cookies.js';
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { setCookieParts } from '../cookie-header.js';
import { BridgeKeys } from '../keys.js';
import { LiveSecrets } from '../live-secrets.js';
import { beforeCookiesGo, isSafe, mayAddCookie } from '../node-response.js';
import { lifetimeOf } from '../store-lifetime.js';
import { Upgrader } from '../upgrader.js';

/** A middleware of Express. */
export type SessionMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The options of express-session, without its secret. */
// biome-ignore lint/suspicious/noExplicitAny: what the library takes, whatever its types are
export type ExpressSessionOptions<Library extends (options: any) => unknown> = Omit<
  NonNullable<Parameters<Library>[0]>,
  'secret'
>;

/** What is read of them. */
interface ReadOptions {
  readonly name?: string;
  /** As `name`, as it was called once. */
  readonly key?: string;
  readonly cookie?: { readonly maxAge?: unknown };
  readonly store?: { readonly ttl?: unknown; readonly options?: { readonly ttl?: unknown } };
}

/** What `expressSession()` takes besides what the library does. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `express-session`. */
  readonly purpose?: string;
  /**
   * The longest that a session lives without being used: seconds, or a text such as `"14d"`. Default: the longest of
   * `cookie.maxAge`, and `store.ttl` or `store.options.ttl`; where there is none a day, which is what most stores keep a
   * session for whose cookie has no end. Of a function that makes cookies nothing is known: say it here.
   */
  readonly maxAge?: number | string;
}

const SETTINGS: OptionNames<BridgeSettings> = { purpose: true, maxAge: true };

/**
 * express-session with the keys of a ring in place of its secret.
 *
 * @param session what the package gives
 * @param options those of express-session, without `secret`. The old one stands under `[move_in.express-session]`
 * @returns the middleware
 * @throws KeyturnError `argument_invalid` where there is a secret; as `keyturn.signer()` for the lifetime
 * @example
 * app.use(expressSession(await createKeyturn(), session, { store, resave: false, saveUninitialized: false }));
 */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function expressSession<Library extends (options: any) => unknown>(
  keyturn: Keyturn,
  session: Library,
  options: ExpressSessionOptions<Library>,
  settings: BridgeSettings = {},
): SessionMiddleware {
  if ('secret' in options)
    throw new KeyturnError(
      'argument_invalid',
      'expressSession(keyturn, session, options) has an option secret, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.express-session] secrets = [{ env = "SESSION_SECRET" }]',
    );
  requireOptions(settings, 'expressSession(keyturn, session, options, settings)', SETTINGS);
  const read = options as ReadOptions;
  const { purpose = 'express-session', maxAge = lifetimeOf(read) } = settings;
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  const name = read.name ?? read.key ?? keys.moving?.cookie ?? 'connect.sid';
  const upgrader = new Upgrader(keys, EXPRESS, [name]);
  const secrets = new LiveSecrets(keys);
  const inner = session({ ...options, name, secret: secrets.list }) as SessionMiddleware;
  return (request, response, next) => {
    try {
      // Whoever must not sign serves who only reads: the library would save a sign-in whose cookie cannot go out.
      if (!isSafe(request.method ?? 'GET')) void keys.signing;
      secrets.follow();
    } catch (error) {
      return next(error);
    }
    const { header, seen } = upgrader.incoming(request.headers.cookie);
    if (header !== undefined) request.headers.cookie = header;
    let end: string | undefined;
    beforeCookiesGo(response, (setCookies) => {
      const sent = upgrader.outgoing(setCookies, seen);
      const isSent = sent.some((line) => setCookieParts(line).name === name);
      if (isSent || !mayAddCookie(request, response)) return sent;
      const { session: open, sessionID } = request as WithSession;
      // Of one that was begun anew meanwhile, or that has ended, there is nothing to sign again.
      if (open === undefined || open === null || sessionID !== seen.get(name)?.payload) return sent;
      const value = upgrader.again(name, seen);
      if (value === undefined) return sent;
      return [...sent, endingAt(end, open.cookie.serialize(name, decodeURIComponent(value)))];
    });
    inner(request, response, (error) => {
      end = endOf((request as WithSession).session?.cookie.expires);
      next(error);
    });
  };
}

/** What express-session puts on a request. */
type WithSession = IncomingMessage & {
  readonly sessionID?: string;
  readonly session?: {
    readonly cookie: { readonly expires?: unknown; serialize(name: string, value: string): string };
  } | null;
};

const endOf = (expires: unknown): string | undefined =>
  expires instanceof Date ? expires.toUTCString() : undefined;

/**
 * With the end that the session had as the request came. The library moves it with every request, and sends no cookie for
 * that: the one in the browser ends no later.
 */
function endingAt(end: string | undefined, line: string): string {
  return end === undefined ? line : line.replace(/; Expires=[^;]*/, `; Expires=${end}`);
}
