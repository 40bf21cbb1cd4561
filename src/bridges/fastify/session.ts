// @fastify/session compares the cookie that came with the one that it would sign: after a rotation it takes its own for
// somebody else's, and ends the session. So it keeps one secret of this process, and what goes in and out is translated.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { prefixed } from '../../codecs/cookies.js';
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { generateSecret } from '../../secret/generate.js';
import { setCookieParts } from '../cookie-header.js';
import { BridgeKeys } from '../keys.js';
import { beforeCookiesGo, mayAddCookie } from '../node-response.js';
import { lifetimeOf } from '../store-lifetime.js';
import { Upgrader } from '../upgrader.js';

/** The options of @fastify/session, without its secret. */
// biome-ignore lint/suspicious/noExplicitAny: what the library takes, whatever its types are
export type FastifySessionOptions<Plugin extends (...given: any) => unknown> = Omit<
  NonNullable<Parameters<Plugin>[1]>,
  'secret'
>;

/** What `liveFastifySession()` takes besides what the plugin does. */
export interface FastifySessionSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `fastify-session`. */
  readonly purpose?: string;
  /**
   * The longest that a session lives without being used: seconds, or a text such as `"14d"`. Default: the longer of
   * `cookie.maxAge` and `store.ttl`, or a day.
   */
  readonly maxAge?: number | string;
}

/** What is read of the options. */
interface ReadOptions {
  readonly cookieName?: string;
  readonly cookiePrefix?: string;
  readonly cookie?: { readonly maxAge?: unknown };
  readonly store?: { readonly ttl?: unknown };
}

interface SessionCookie {
  readonly originalExpires?: Date;
  toJSON(): object;
}

interface SessionRequest {
  readonly raw: IncomingMessage;
  readonly cookies?: Record<string, string | undefined>;
  readonly session?: { readonly sessionId?: string; readonly cookie: SessionCookie } | null;
}

/** What is used of an instance of Fastify. */
// biome-ignore lint/suspicious/noExplicitAny: decorated by other plugins, whose types may not be there
type FastifyApp = any;

const SETTINGS: OptionNames<FastifySessionSettings> = { purpose: true, maxAge: true };

/**
 * @fastify/session with the keys of a ring in place of its secret. Registered behind @fastify/cookie.
 *
 * @param plugin what the package gives
 * @param options those of @fastify/session, without `secret`
 * @throws KeyturnError `argument_invalid` where there is a secret; as `keyturn.signer()` for purpose and lifetime
 * @example
 * await app.register(cookie);
 * await app.register(liveFastifySession(keyturn, fastifySession, { cookie: { maxAge: 86_400_000 } }));
 */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function liveFastifySession<Plugin extends (...given: any) => unknown>(
  keyturn: Keyturn,
  plugin: Plugin,
  options: FastifySessionOptions<Plugin>,
  settings: FastifySessionSettings = {},
): (app: FastifyApp) => Promise<void> {
  if ('secret' in options)
    throw new KeyturnError(
      'argument_invalid',
      'liveFastifySession(keyturn, plugin, options) has an option secret, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.fastify-session] secrets = [{ env = "SESSION_SECRET" }]',
    );
  requireOptions(settings, 'liveFastifySession(keyturn, plugin, options, settings)', SETTINGS);
  const read = options as ReadOptions;
  const { purpose = 'fastify-session', maxAge = lifetimeOf(read) } = settings;
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  const name = read.cookieName ?? keys.moving?.cookie ?? 'sessionId';
  const secret = generateSecret();
  const upgrader = new Upgrader(keys, prefixed(read.cookiePrefix ?? ''), [name], secret);
  const behindCookie = async (app: FastifyApp): Promise<void> => {
    app.addHook(
      'onRequest',
      (request: SessionRequest, { raw }: { raw: ServerResponse }, done: () => void) => {
        const { header, seen } = upgrader.incoming(request.raw.headers.cookie);
        // The plugin of cookies has taken the header apart by now.
        if (seen.size > 0 && request.cookies) request.cookies[name] = app.parseCookie(header)[name];
        beforeCookiesGo(raw, (setCookies) => {
          const sent = upgrader.outgoing(setCookies, seen);
          const isSent = sent.some((line) => setCookieParts(line).name === name);
          const { session } = request;
          if (isSent || !session || session.sessionId !== seen.get(name)?.payload) return sent;
          const value = mayAddCookie(request.raw, raw) ? upgrader.again(name, seen) : undefined;
          if (value === undefined) return sent;
          // The plugin moves the end of a session with every request, and sends no cookie for that: `rolling` is off here.
          const attributes = { ...session.cookie.toJSON() } as { expires?: unknown };
          attributes.expires = session.cookie.originalExpires ?? attributes.expires ?? undefined;
          return [...sent, app.serializeCookie(name, decodeURIComponent(value), attributes)];
        });
        done();
      },
    );
    await app.register(plugin, { ...options, cookieName: name, secret });
  };
  // For the whole app, and not for what is registered inside alone.
  return Object.assign(behindCookie, { [Symbol.for('skip-override')]: true });
}
