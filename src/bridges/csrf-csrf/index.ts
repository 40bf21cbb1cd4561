// Beside csrf-csrf: its secrets are the keys of the ring, live. A token whose key is going out is signed again when a page asks
// for one, with its random value; a form that was opened before has the former signature, and is taken all the same.
//
// The library compares a form with the cookie, text with text, and hands out a token for as long as any secret accepts it.
import { type CsrfCsrfFormat, csrfCsrf, isCsrfCsrfBy, readCsrfCsrf } from '../../codecs/csrf-csrf.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { type BridgeKey, BridgeKeys } from '../keys.js';

// biome-ignore lint/suspicious/noExplicitAny: requests, responses and options of the library's own
type Any = any;

/** What is read of the options of csrf-csrf; they are all handed on. */
export interface CsrfCsrfOptions {
  readonly getSessionIdentifier: (request: Any) => string;
  readonly cookieName?: string;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly cookieOptions?: any;
  readonly messageDelimiter?: string;
  readonly csrfTokenDelimiter?: string;
  readonly hmacAlgorithm?: string;
  readonly getCsrfTokenFromRequest?: (request: Any) => string | null | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the rest of them
  readonly [option: string]: any;
}

/** What `doubleCsrf()` of the library gives. */
export interface CsrfCsrfUtilities {
  readonly generateCsrfToken: (request: Any, response: Any, options?: Any) => string;
  readonly validateRequest: (request: Any) => boolean;
  readonly doubleCsrfProtection: (request: Any, response: Any, next: Any) => void;
}

/** What `csrfProtection()` takes besides what the library does. */
export interface BridgeSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `csrf-csrf`. */
  readonly purpose?: string;
  /**
   * The longest that a page is open before its form is sent: seconds, or a text such as `"7d"`. Default: `cookieOptions.maxAge`,
   * or what `[purposes.csrf-csrf]` says, since the library's own cookie has no end.
   */
  readonly maxAge?: number | string;
}

const COOKIE = '__Host-psifi.x-csrf-token';
const fromHeader = (request: Any): unknown => request.headers['x-csrf-token'];

/**
 * csrf-csrf with the keys of a ring in place of its secret.
 *
 * @param doubleCsrf what the package gives
 * @param options those of the library, without `getSecret`. The old one stands under `[move_in.csrf-csrf]`
 * @returns what the library gives
 * @throws KeyturnError `argument_invalid` where there is `getSecret`; as `keyturn.signer()` for the lifetime
 * @example
 * const csrf = csrfProtection(keyturn, doubleCsrf, { getSessionIdentifier: (req) => req.session.id }, { maxAge: '7d' });
 * app.use(csrf.doubleCsrfProtection);
 */
export function csrfProtection<Utilities extends CsrfCsrfUtilities>(
  keyturn: Keyturn,
  doubleCsrf: (options: Any) => Utilities,
  options: CsrfCsrfOptions,
  settings: BridgeSettings = {},
): Utilities {
  if ('getSecret' in options)
    throw new KeyturnError(
      'argument_invalid',
      'csrfProtection(keyturn, doubleCsrf, options) has an option getSecret, and the keys come from the keyring',
      'take it out, and name the variable that held the secret: [move_in.csrf-csrf] secrets = [{ env = "CSRF_SECRET" }]',
    );
  const tokens = new Tokens(keyturn, options, settings);
  const { getCsrfTokenFromRequest: given = fromHeader } = options;
  const library = doubleCsrf({
    ...options,
    getSecret: () => tokens.secrets,
    getCsrfTokenFromRequest: (request: Any) => tokens.asInCookie(request, given(request)),
  });
  const generateCsrfToken = (request: Any, response: Any, own?: Any): string => {
    const before = tokens.renew(request);
    const token = library.generateCsrfToken(request, response, own);
    if (token !== before) tokens.countSigned();
    return token;
  };
  return {
    ...library,
    generateCsrfToken,
    validateRequest: (request: Any) => {
      const isValid = library.validateRequest(request);
      if (isValid) tokens.countVerified(request);
      return isValid;
    },
    doubleCsrfProtection: (request: Any, response: Any, next: Any) =>
      library.doubleCsrfProtection(request, response, (error?: unknown) => {
        // The library's own would hand out the token as it came.
        request.csrfToken = (own?: Any) => generateCsrfToken(request, response, own);
        if (error === undefined) tokens.countVerified(request);
        next(error);
      }),
  };
}

class Tokens {
  readonly #keys: BridgeKeys;
  readonly #format: CsrfCsrfFormat;
  readonly #cookie: string;
  readonly #sessionOf: (request: Any) => string;

  constructor(keyturn: Keyturn, options: CsrfCsrfOptions, { purpose = 'csrf-csrf', maxAge }: BridgeSettings) {
    const { cookieName = COOKIE, cookieOptions, getSessionIdentifier } = options;
    const { messageDelimiter = '!', csrfTokenDelimiter = '.', hmacAlgorithm = 'sha256' } = options;
    // Express counts the ages of cookies in milliseconds.
    const ofCookie = cookieOptions?.maxAge ? Math.ceil(cookieOptions.maxAge / 1000) : undefined;
    this.#keys = new BridgeKeys(keyturn, { name: purpose, maxAge: maxAge ?? ofCookie });
    this.#format = { messageDelimiter, tokenDelimiter: csrfTokenDelimiter, algorithm: hmacAlgorithm };
    this.#cookie = cookieName;
    this.#sessionOf = getSessionIdentifier;
  }

  /** The one that signs first, as the library takes them. */
  get secrets(): readonly unknown[] {
    return this.#keys.current.all.map(({ secret }) => secret);
  }

  /**
   * Before a page gets a token: that in the cookie is signed again where its key is going out.
   *
   * @returns the token as it came
   * @throws KeyturnError `keyring_unavailable` while the process must not sign, where there is none to hand on
   */
  renew(request: Any): unknown {
    const text: unknown = request.cookies?.[this.#cookie];
    const key = this.#keyOf(request, text);
    if (key === undefined) void this.#keys.signing;
    else if (this.#keys.isStale(key) && this.#keys.maySign) {
      const { random } = readCsrfCsrf(text, this.#format) as { readonly random: string };
      const { secret } = this.#keys.signing;
      request.cookies[this.#cookie] = csrfCsrf(this.#sessionOf(request), random, secret, this.#format);
    }
    return text;
  }

  /** What a form has sent: as it is in the cookie, where it is the same but for the key. */
  asInCookie(request: Any, sent: unknown): unknown {
    const inCookie: unknown = request.cookies?.[this.#cookie];
    const [one, other] = [readCsrfCsrf(sent, this.#format), readCsrfCsrf(inCookie, this.#format)];
    if (one === undefined || one.random !== other?.random) return sent;
    return this.#keyOf(request, sent) === undefined ? sent : inCookie;
  }

  countSigned(): void {
    this.#keys.signed(this.#keys.current.signing);
  }

  countVerified(request: Any): void {
    const key = this.#keyOf(request, request.cookies?.[this.#cookie]);
    if (key !== undefined) this.#keys.verified(key);
  }

  #keyOf(request: Any, text: unknown): BridgeKey | undefined {
    const token = readCsrfCsrf(text, this.#format);
    if (token === undefined) return undefined;
    const session = this.#sessionOf(request);
    return this.#keys.current.all.find(({ secret }) => isCsrfCsrfBy(token, session, secret, this.#format));
  }
}
