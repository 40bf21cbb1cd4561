// Beside next-auth (v4): sessions are sealed and opened with the keys of the ring, live, and forms and links in e-mails are
// verified by any of them. The library itself knows one secret, and forgets the former at once.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { andThen } from '../../signing/thenable.js';
import { lateText, sets, withFormsAgain } from '../auth-hashes.js';
import { authLifetime, authParts, withSecret } from '../auth-parts.js';
import type { Claims, DecodeParams, EncodeParams, TokenFormat } from '../auth-tokens.js';
import { beforeCookiesGo, isSafe, mayAddCookie } from '../node-response.js';

/** What is read of the options of next-auth; all of it is handed on. */
export interface NextAuthOptions {
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

/** What is read of a request: one of Node, of Next's API routes, or of Fetch. */
export interface NextAuthRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: Headers, or an object of them
  readonly headers: any;
}

/** What is used of a response of Node: a cookie is added when its header goes out. */
export interface NextAuthResponse {
  readonly getHeader: (name: string) => number | string | string[] | undefined;
  readonly setHeader: (name: string, value: string[]) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as Node has it
  writeHead(...given: any[]): unknown;
}

/** What `nextAuthKeys()` takes besides what the library does. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `next-auth`. */
  readonly purpose?: string;
  /** The longest that anything lives that is sealed: seconds, or a text. Default: `session.maxAge`, or 30 days. */
  readonly maxAge?: number | string;
}

/** What is added for a request. */
export interface NextAuthKeys {
  /** What forms and links in e-mails are bound to, for this request. */
  secret: string;
  /** Seals and opens sessions with the keys of the ring. */
  // biome-ignore lint/suspicious/noExplicitAny: the library's own types of tokens
  jwt: { encode: (params: EncodeParams) => Promise<string>; decode: (params: DecodeParams) => Promise<any> };
}

/** The options of each request, and what comes with them. */
export interface NextAuthOptionsFor<Options> {
  /**
   * The options for a request; without one for `getServerSession()`. With the response the cookie against forged forms is
   * signed again, where its key is due to go: without that a form that was open when the key was retired has to be opened
   * again.
   */
  (request?: NextAuthRequest, response?: NextAuthResponse): Promise<Options & NextAuthKeys>;
  /** The same for route handlers, whose response there is only afterwards. */
  readonly renew: (request: Request, response: Response) => Promise<Response>;
}

const FORMAT: TokenFormat = {
  enc: 'A256GCM',
  info: (salt) => `NextAuth.js Generated Encryption Key${salt === '' ? '' : ` (${salt})`}`,
  hasKid: false,
};

const SETTINGS: OptionNames<BridgeSettings> = { purpose: true, maxAge: true };

/**
 * The options of next-auth with the keys of a ring in place of its secret.
 *
 * @param keyturn what `createKeyturn()` gives; it need not be awaited
 * @param options those of next-auth, without `secret`. The old one stands under `[move_in.next-auth]`
 * @returns what gives the options for a request: `NextAuth(req, res, await given(req, res))`, and `getServerSession(await given())`
 * @throws KeyturnError `argument_invalid` where there is a secret, or `jwt.encode` or `jwt.decode` of the app's own,
 * or for settings that it does not know
 * @example
 * export const authOptions = nextAuthKeys(createKeyturn(), { providers: [GitHub(…)] });
 */
export function nextAuthKeys<Options extends NextAuthOptions>(
  keyturn: Keyturn | Promise<Keyturn>,
  options: Options,
  settings: BridgeSettings = {},
): NextAuthOptionsFor<Options> {
  requireOptions(settings, 'nextAuthKeys(keyturn, options, settings)', SETTINGS);
  refuseOwn(options);
  const { purpose = 'next-auth', maxAge = authLifetime(options) } = settings;
  const forms = { joins: false, cookieName: 'next-auth.csrf-token', cookie: options.cookies?.csrfToken };
  const begin = (given: Keyturn) => authParts(given, { purpose, maxAge }, FORMAT, forms);
  // A refusal ends the process, where nobody asks first.
  const begun = andThen(keyturn, begin);
  const optionsFor = async (request?: NextAuthRequest, response?: NextAuthResponse) => {
    const { keys, tokens, hashes, sessions } = await begun;
    const method = request?.method ?? 'GET';
    // Whoever must not sign serves who only reads.
    if (!isSafe(method)) void keys.signing;
    const cookies = cookiesOf(request);
    const again = response !== undefined && isSafe(method) ? hashes.formsAgain(cookies) : undefined;
    if (again !== undefined) addCookie(request as NextAuthRequest, response as NextAuthResponse, again);
    const token = tokenIn(request?.url ?? '');
    const mailed = lateText(() => hashes.signing);
    return {
      ...options,
      secret: hashes.forForms(cookies),
      jwt: { ...options.jwt, ...tokens.ofRequest() },
      providers: options.providers.map((provider) => withSecret(provider, mailed)),
      ...sessions.settings(options),
      ...(options.adapter && {
        adapter: sessions.ofLiveKeys(hashes.ofLinks(options.adapter, token ?? undefined)),
      }),
    } as Options & NextAuthKeys;
  };
  const renew = async (request: Request, response: Response) =>
    withFormsAgain((await begun).hashes, request, response);
  return Object.assign(optionsFor, { renew });
}

export type { Claims, DecodeParams, EncodeParams };

function cookiesOf(request: NextAuthRequest | undefined): string | undefined {
  const { headers } = request ?? {};
  const found = typeof headers?.get === 'function' ? headers.get('cookie') : headers?.cookie;
  return typeof found === 'string' ? found : undefined;
}

/** What a link carries. A request may ask for anything, also for what is no URL. */
function tokenIn(url: string): string | null {
  const query = url.indexOf('?');
  return query < 0 ? null : new URLSearchParams(url.slice(query + 1).replace(/#.*/s, '')).get('token');
}

/** When the header goes out: only then it is known whether a shared cache may keep the response. */
function addCookie(request: NextAuthRequest, response: NextAuthResponse, line: string): void {
  const [incoming, outgoing] = [request as IncomingMessage, response as ServerResponse];
  if (outgoing.headersSent) return;
  beforeCookiesGo(outgoing, (present) =>
    sets(present, line) || !mayAddCookie(incoming, outgoing) ? present : [...present, line],
  );
}

function refuseOwn(options: object): void {
  const { secret, jwt } = options as {
    readonly secret?: unknown;
    readonly jwt?: { readonly secret?: unknown; readonly encode?: unknown; readonly decode?: unknown };
  };
  if (secret !== undefined || jwt?.secret !== undefined)
    throw new KeyturnError(
      'argument_invalid',
      'nextAuthKeys(keyturn, options) has a secret in its options, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.next-auth] secrets = [{ env = "NEXTAUTH_SECRET" }]',
    );
  if (jwt?.encode !== undefined || jwt?.decode !== undefined)
    throw new KeyturnError(
      'argument_invalid',
      'nextAuthKeys(keyturn, options) has jwt.encode or jwt.decode in its options, which would seal with one secret',
      'take them out; for tokens of your own make keyturn.signer() or keyturn.sealer()',
    );
}
