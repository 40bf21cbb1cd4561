// Beside cookie-parser: `req.signedCookies` is verified by any live key, and `res.cookie(…, { signed: true })` signs with the
// one that signs just then. The library takes its list once, and never signs again what it has read.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EXPRESS } from '../../codecs/cookies.js';
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { BridgeKeys } from '../keys.js';
import { LiveSecrets } from '../live-secrets.js';
import { passNode } from '../node-passage.js';
import { type CookiesToWatch, namesOf, Passages } from '../passage.js';
import { Upgrader } from '../upgrader.js';

export type { CookiesToWatch } from '../passage.js';

/** A middleware of Express. */
export type CookieParserMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What `liveCookieParser()` takes. */
export interface CookieParserSettings {
  /** The purpose of the keys, and the name of the section under `[move_in]`. Default: `cookie-parser`. */
  readonly purpose?: string;
  /** The longest that a signed cookie lives: seconds, or a text such as `"30d"`. Default: what `[purposes]` says. */
  readonly maxAge?: number | string;
  /** The cookies that the app signs. Default: every one that is signed as Express does it. */
  readonly cookies?: CookiesToWatch;
  /** The options of cookie-parser, such as `decode`. */
  readonly options?: object;
}

const SETTINGS: OptionNames<CookieParserSettings> = {
  purpose: true,
  maxAge: true,
  cookies: true,
  options: true,
};

/**
 * cookie-parser with the keys of a ring in place of its secret: docs/bridges/cookie-parser.md.
 *
 * @param cookieParser what the package gives
 * @throws KeyturnError `argument_invalid`; as `keyturn.signer()` for the lifetime
 * @example
 * app.use(liveCookieParser(await createKeyturn(), cookieParser, { maxAge: '30d' }));
 */
export function liveCookieParser(
  keyturn: Keyturn,
  cookieParser: (secrets: string[], options?: object) => unknown,
  settings: CookieParserSettings = {},
): CookieParserMiddleware {
  if (typeof settings === 'string' || Array.isArray(settings))
    throw new KeyturnError(
      'argument_invalid',
      'liveCookieParser(keyturn, cookieParser, settings) was given a secret, and the keys come from the keyring',
      'take it out, and name the variable that held it: [move_in.cookie-parser] secrets = [{ env = "COOKIE_SECRET" }]',
    );
  requireOptions(settings, 'liveCookieParser(keyturn, cookieParser, settings)', SETTINGS);
  const { purpose = 'cookie-parser', maxAge, cookies, options } = settings;
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  const passages = new Passages(new Upgrader(keys, EXPRESS, namesOf(cookies)), cookies, EXPRESS.beside);
  const secrets = new LiveSecrets(keys);
  const inner = cookieParser(secrets.list, options) as CookieParserMiddleware;
  return (request, response, next) => {
    try {
      secrets.follow();
    } catch (error) {
      return next(error);
    }
    passNode(passages, request, response);
    inner(request, response, next);
  };
}
