// Beside Auth.js (v5): its secrets are the keys of the ring, live, for every request. It takes a list, opens with all of it
// and seals with the first; what it mixes a secret into takes the list as one text, and breaks with every change of it.
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { andThen } from '../../signing/thenable.js';
import { lateText, withFormsAgain } from '../auth-hashes.js';
import { authLifetime, authParts, withSecret } from '../auth-parts.js';
import type { TokenFormat } from '../auth-tokens.js';
import { textOf } from '../text.js';

/** What is read of the configuration of Auth.js; all of it is handed on. */
export interface AuthjsConfig {
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly providers: any[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly adapter?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly jwt?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly cookies?: any;
  readonly session?:
    | {
        readonly strategy?: 'jwt' | 'database' | undefined;
        readonly maxAge?: number | undefined;
        readonly updateAge?: number | undefined;
        readonly generateSessionToken?: (() => unknown) | undefined;
      }
    | undefined;
}

/** What `authjsKeys()` takes besides what the library does. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `authjs`. */
  readonly purpose?: string;
  /** The longest that anything lives that is sealed: seconds, or a text. Default: `session.maxAge`, or 30 days. */
  readonly maxAge?: number | string;
}

/** What is added for a request. */
export interface AuthjsKeys {
  /** The keys of the ring as the request found them, the one that signs first. */
  secret: string[];
}

/** The configuration of each request, and what comes with it. */
export interface AuthjsConfigFor<Config> {
  /** The configuration for a request; without one for what has none, such as `auth()` in a Server Component. */
  (request?: Request): Promise<Config & AuthjsKeys>;
  /**
   * The response with the cookie against forged forms signed again, where its key is due to go. Without it a form that was
   * open when the key was retired has to be opened again.
   */
  readonly renew: (request: Request, response: Response) => Promise<Response>;
}

const FORMAT: TokenFormat = {
  enc: 'A256CBC-HS512',
  info: (salt) => `Auth.js Generated Encryption Key (${salt})`,
  hasKid: true,
};

const SETTINGS: OptionNames<BridgeSettings> = { purpose: true, maxAge: true };

/**
 * The configuration of Auth.js with the keys of a ring in place of its secret.
 *
 * @param keyturn what `createKeyturn()` gives; it need not be awaited
 * @param config that of Auth.js, without `secret`. The old one stands under `[move_in.authjs]`
 * @returns what gives the configuration for a request: `NextAuth(authjsKeys(…))`, or `Auth(request, await given(request))`
 * @throws KeyturnError `argument_invalid` where there is a secret, or for settings that it does not know
 * @example
 * export const { handlers, auth } = NextAuth(authjsKeys(createKeyturn(), { providers: [GitHub] }));
 */
export function authjsKeys<Config extends AuthjsConfig>(
  keyturn: Keyturn | Promise<Keyturn>,
  config: Config,
  settings: BridgeSettings = {},
): AuthjsConfigFor<Config> {
  requireOptions(settings, 'authjsKeys(keyturn, config, settings)', SETTINGS);
  refuseSecret(config);
  const { purpose = 'authjs', maxAge = authLifetime(config) } = settings;
  const forms = { joins: true, cookieName: 'authjs.csrf-token', cookie: config.cookies?.csrfToken };
  const begin = (given: Keyturn) => authParts(given, { purpose, maxAge }, FORMAT, forms);
  // A refusal ends the process, where nobody asks first.
  const begun = andThen(keyturn, begin);
  const configFor = async (request?: Request) => {
    const { keys, tokens, hashes, sessions } = await begun;
    const method = request?.method ?? 'GET';
    // Whoever must not sign serves who only reads.
    if (method !== 'GET' && method !== 'HEAD') void keys.signing;
    const secret = keys.current.all.map((key) => textOf(key, purpose));
    const forForms = hashes.forForms(request?.headers.get('cookie') ?? undefined);
    Object.defineProperty(secret, 'toString', { value: () => forForms });
    const token = request === undefined ? undefined : new URL(request.url).searchParams.get('token');
    const mailed = lateText(() => hashes.signing);
    return {
      ...config,
      secret,
      jwt: { ...tokens.ofRequest(), ...config.jwt },
      providers: config.providers.map((provider) => withSecret(provider, mailed)),
      ...sessions.settings(config),
      ...(config.adapter && {
        adapter: sessions.ofLiveKeys(hashes.ofLinks(config.adapter, token ?? undefined)),
      }),
    };
  };
  const renew = async (request: Request, response: Response) =>
    withFormsAgain((await begun).hashes, request, response);
  return Object.assign(configFor, { renew });
}

function refuseSecret(config: object): void {
  const { secret, jwt } = config as {
    readonly secret?: unknown;
    readonly jwt?: { readonly secret?: unknown };
  };
  if (secret === undefined && jwt?.secret === undefined) return;
  throw new KeyturnError(
    'argument_invalid',
    'authjsKeys(keyturn, config) has a secret in its configuration, and the keys come from the keyring',
    'take it out, and name the variable that held it: [move_in.authjs] secrets = [{ env = "AUTH_SECRET" }]',
  );
}
