// The upgrader as a middleware, in front of any library whose cookies are signed in a known format.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { COOKIE_SIGNATURE, type CookieFormat, EXPRESS, HONO, keygrip } from '../../codecs/cookies.js';
import { type OptionNames, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import type { Keyturn } from '../../keyturn.js';
import { generateSecret } from '../../secret/generate.js';
import { BridgeKeys } from '../keys.js';
import { passNode } from '../node-passage.js';
import { type CookiesToWatch, namesOf, Passages } from '../passage.js';
import { Upgrader } from '../upgrader.js';
import { passFetch } from './fetch.js';

export type { CookiesToWatch } from '../passage.js';

/**
 * How cookies are signed, by what signs them so:
 * - `cookie-signature`: `value.MAC`, as the package cookie-signature, @fastify/cookie and React Router have it
 * - `express`: `s:value.MAC`, as Express, cookie-parser and express-session do
 * - `hono`: `value.MAC` with padding, as Hono does
 * - `keygrip`: `name` and `name.sig`, as Koa, cookie-session and the package cookies do
 * - `keygrip-sha256`: the same where the app has `new Keygrip(keys, 'sha256')`
 */
export type SignedCookieFormat = 'cookie-signature' | 'express' | 'hono' | 'keygrip' | 'keygrip-sha256';

const FORMATS: Readonly<Record<SignedCookieFormat, CookieFormat>> = {
  'cookie-signature': COOKIE_SIGNATURE,
  express: EXPRESS,
  hono: HONO,
  keygrip: keygrip('sha1'),
  'keygrip-sha256': keygrip('sha256'),
};

/** What `createUpgrader()` takes. */
export interface UpgraderOptions {
  /** The purpose of the keys, and the name of the section under `[move_in]`. */
  readonly purpose: string;
  /** How the library signs. */
  readonly format: SignedCookieFormat;
  /** The cookies that it signs. Default: every one of that format. */
  readonly cookies?: CookiesToWatch;
  /** The longest that one of them lives: seconds, or a text such as `"14d"`. Default: what `[purposes.<name>]` says. */
  readonly maxAge?: number | string;
}

/** What is used of a context of Koa. */
interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** What is used of an instance of Fastify. */
interface FastifyApp {
  addHook(
    name: 'onRequest',
    hook: (
      request: { readonly raw: IncomingMessage },
      reply: { readonly raw: ServerResponse },
      done: () => void,
    ) => void,
  ): unknown;
}

/** What is used of a context of Hono. */
interface HonoContext {
  readonly req: { raw: Request };
  res: Response;
}

/** The upgrader of one library. Each function is called once, and what it gives stands before the library. */
export interface CookieUpgrader {
  /**
   * What the library is to sign with and to verify by. It is drawn anew for each process and never leaves it: what goes out
   * is signed by the key of the ring, and what comes in by that is signed with this one.
   */
  readonly secret: string;
  /** `app.use(upgrader.express())`. For Express 4 and 5, and whatever else takes its middleware. */
  express(): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
  /** `app.use(upgrader.koa())`. For Koa 2 and 3. */
  koa(): (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>;
  /** `app.register(upgrader.fastify)`. */
  readonly fastify: (app: FastifyApp, options: unknown, done: () => void) => void;
  /** `app.use(upgrader.hono())`. */
  hono(): (context: HonoContext, next: () => Promise<void>) => Promise<void>;
  /** A function of a Request that gives a Response, and may take more. */
  fetch<More extends readonly unknown[]>(
    handler: (request: Request, ...more: More) => Response | Promise<Response>,
  ): (request: Request, ...more: More) => Promise<Response>;
}

const OPTIONS: OptionNames<UpgraderOptions> = { purpose: true, format: true, cookies: true, maxAge: true };

/**
 * Stands in front of a library whose cookies are signed, and lets it keep one secret for as long as the process runs while
 * the keys of the ring change: docs/bridges/upgrader.md.
 *
 * @throws KeyturnError `argument_invalid`; as `keyturn.signer()` for purpose and lifetime
 * @example
 * const upgrader = createUpgrader(keyturn, { purpose: 'shop', format: 'cookie-signature', cookies: ['basket'] });
 * app.register(upgrader.fastify);
 * app.register(fastifyCookie, { secret: upgrader.secret });
 */
export function createUpgrader(keyturn: Keyturn, options: UpgraderOptions): CookieUpgrader {
  requireOptions(options, 'createUpgrader(keyturn, options)', OPTIONS);
  const { purpose, cookies, maxAge } = options;
  const format = FORMATS[options.format] as CookieFormat | undefined;
  if (format === undefined)
    throw new KeyturnError(
      'argument_invalid',
      'createUpgrader(keyturn, options) does not know that format',
      `it knows ${Object.keys(FORMATS).join(', ')}`,
    );
  const secret = generateSecret();
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  const passages = new Passages(new Upgrader(keys, format, namesOf(cookies), secret), cookies, format.beside);
  const fastify: CookieUpgrader['fastify'] = (app, _options, done) => {
    app.addHook('onRequest', ({ raw: request }, { raw: response }, next) => {
      passNode(passages, request, response);
      next();
    });
    done();
  };
  const upgrader: Omit<CookieUpgrader, 'secret'> = {
    express: () => (request, response, next) => {
      passNode(passages, request, response);
      next();
    },
    koa: () => async (context, next) => {
      passNode(passages, context.req, context.res);
      return await next();
    },
    // For the whole app, and not for what is registered inside alone.
    fastify: Object.assign(fastify, { [Symbol.for('skip-override')]: true }),
    hono: () => async (context, next) => {
      const { request, after } = passFetch(passages, context.req.raw);
      context.req.raw = request;
      await next();
      const response = after(context.res);
      if (response === context.res) return;
      // Hono puts the cookies of a response into the one that takes its place: so first there is none.
      (context as { res: Response | undefined }).res = undefined;
      context.res = response;
    },
    fetch:
      (handler) =>
      async (request, ...more) => {
        const passage = passFetch(passages, request);
        return passage.after(await handler(passage.request, ...more));
      },
  };
  // What prints it shows no secret.
  return Object.defineProperty(upgrader, 'secret', { value: secret }) as CookieUpgrader;
}
