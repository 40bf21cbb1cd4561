// Signed links: a URL that works for one method, unchanged, until it expires.
//
// The signature is a token bound to the URL: its payload says nothing, so it stays short enough to paste.

import { requireLifetime } from '../config/lifetime.js';
import { type OptionNames, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import { requireBind } from '../signing/purpose-keyring.js';
import { receive } from '../signing/received.js';
import type { Refusal } from '../signing/result.js';
import type { TokenSigner } from '../signing/signer.js';
import {
  canonicalPath,
  canonicalQuery,
  type LinkUrl,
  type Parameter,
  readRequestUrl,
  readUrl,
  SIGNATURE,
  withParameter,
} from './canonical-url.js';
import {
  type IsInside,
  isPlainlyInside,
  type LinkPayload,
  payloadOf,
  readPayload,
  signedPathOf,
  withoutAdded,
} from './grants.js';

/** What `keyturn.links()` takes. */
export interface LinksOptions {
  /**
   * What all links begin with: an origin, a path or both, as in `"https://example.com/app"`. It is bound: a link of
   * another base is refused. Without an origin the same link works on every host of the app.
   */
  readonly base?: string;
  /**
   * Whether a proxy takes the path of `base` away, so that requests arrive without it. Links are signed with it
   * all the same.
   */
  readonly stripped?: boolean;
  /** How long links work unless `sign` says less: seconds, or a text such as `"1h"`. */
  readonly maxAge?: number | string;
}

/** What `sign()` of links takes beside the URL. */
export interface SignLinkOptions {
  /** Default `GET`, which allows `HEAD` too. */
  readonly method?: string;
  /** Seconds, or a text such as `"15min"`. */
  readonly maxAge?: number | string;
  /** Ties the link to a session or a user: it works only where `verify` is given the same text. */
  readonly bind?: string;
  /**
   * Names of parameters that may be added, changed or left out, such as `["utm_*", "fbclid"]`: mail and social networks
   * add them. A `*` at the end stands for all that begin so. They are not bound: let nothing depend on them.
   */
  readonly mayAdd?: readonly string[];
  /** The link, whose path ends with a slash, is good for all that lies below. Its query goes with each request. */
  readonly folder?: boolean;
}

/** A request, as far as a link matters. */
export interface LinkRequest {
  /** As it came. */
  readonly method: string;
  /**
   * As the server received it: the path and the query. The host of an absolute one is not looked at. A fragment is never
   * part of a request: one with `#` is refused.
   */
  readonly url: string;
}

/** What `verify()` of links takes beside the request. */
export interface VerifyLinkOptions {
  /** What the link must be bound to. Undefined and null are "nobody" and match no link. */
  readonly bind?: string | undefined | null;
}

/** A link that is accepted. */
export interface VerifiedLink {
  readonly ok: true;
  /** When it expires. */
  readonly expiresAt: Date;
  /** Id of the key that signed. */
  readonly kid: string;
  /** Whether that key is retiring. */
  readonly stale: boolean;
}

const LINKS_OPTIONS: OptionNames<LinksOptions> = { base: true, stripped: true, maxAge: true };
const SIGN_OPTIONS: OptionNames<SignLinkOptions> = {
  method: true,
  maxAge: true,
  bind: true,
  mayAdd: true,
  folder: true,
};
const VERIFY_OPTIONS: OptionNames<VerifyLinkOptions> = { bind: true };

/** A bound token without its payload. */
const TOKEN_CHARACTERS = 93;

/**
 * Signs and verifies links. Made by `keyturn.links()`.
 *
 * @example
 * const links = keyturn.links({ base: 'https://example.com' });
 * const url = links.sign('https://example.com/invoices/7', { maxAge: '1h' });
 * // in the handler of that route
 * if (!links.verify({ method: request.method, url: request.url }).ok) return reply.code(403).send();
 */
export interface Links {
  /**
   * Signs a URL: absolute, or a path with or without a query. What comes back is the same with one more parameter,
   * `sig`.
   *
   * @throws KeyturnError `link_invalid`, `bind_invalid`, `purpose_lifetime`, `duration_invalid`
   */
  sign(url: string, options?: SignLinkOptions): string;
  /**
   * Verifies the link of a request. Whatever it is given, it does not throw: a refusal is a result with a reason,
   * which is for logs and not for clients.
   */
  verify(request: LinkRequest, options?: VerifyLinkOptions): VerifiedLink | Refusal;
}

/** What an app may do with links. */
export function publicLinks(links: UrlLinks): Links {
  return Object.freeze({
    sign: (url: string, options?: SignLinkOptions) => {
      requireOptions(options, 'sign(url, options) of links', SIGN_OPTIONS);
      return links.sign(url, options);
    },
    verify: (request: LinkRequest, options?: VerifyLinkOptions) => {
      requireOptions(options, 'verify(request, options) of links', VERIFY_OPTIONS);
      return links.verify(request, options);
    },
  });
}

/** The class behind {@link Links}. */
export class UrlLinks implements Links {
  readonly #signer: TokenSigner<LinkPayload>;
  readonly #maxAge: number;
  /** The origin of the base; empty when it has none. */
  readonly #origin: string;
  /** The path of the base, in its canonical form, without a slash at its end. */
  readonly #path: string;
  readonly #stripped: boolean;

  constructor(signer: TokenSigner<LinkPayload>, options: LinksOptions) {
    requireOptions(options, 'links(options)', LINKS_OPTIONS);
    this.#signer = signer;
    const cure = 'set max_age under [purposes.url] in keyturn.toml';
    this.#maxAge = requireLifetime(options.maxAge, signer.maxAge, 'a link', cure);
    const { origin, path } = readBase(options.base);
    this.#origin = origin;
    this.#path = path;
    this.#stripped = options.stripped === true;
  }

  sign(url: string, options: SignLinkOptions = {}): string {
    const method = (options.method ?? 'GET').toUpperCase();
    if (!/^[A-Z][A-Z-]*$/.test(method) || method === 'HEAD')
      throw invalid('links cannot be signed for that method', 'sign for GET to allow HEAD as well');
    const bare = withParameter(url, SIGNATURE, '-');
    const path = bare === undefined ? undefined : readUrl(bare)?.path;
    const payload = payloadOf(path ?? '/x/', options.mayAdd ?? [], options.folder === true);
    const length = TOKEN_CHARACTERS + Buffer.from(JSON.stringify(payload)).toString('base64url').length;
    const place = withParameter(url, SIGNATURE, '-'.repeat(length));
    const parsed = place === undefined ? undefined : readUrl(place);
    if (place === undefined || parsed === undefined) {
      throw invalid(
        'only an http URL or a path that begins with one slash can be signed',
        'encode names and values with encodeURIComponent; escapes hold UTF-8, and there are 1,000 parameters at most',
      );
    }
    if (parsed.signatures.length > 1)
      throw invalid('the URL has a parameter "sig" already', 'sign the URL without it');
    this.#requireBase(parsed);
    const maxAge = options.maxAge ?? this.#maxAge;
    if ('bind' in options) requireBind(options.bind);
    const parameters = withoutAdded(parsed.parameters, payload === 0 ? {} : payload);
    const bind = boundText(method, this.#origin, parsed.path, parameters, options.bind);
    const token = this.#signer.sign(payload, { maxAge, bind });
    return withParameter(url, SIGNATURE, token) as string;
  }

  /** @param isInside for whoever reads the path by itself, and knows better what lies in a folder */
  verify(
    request: LinkRequest,
    options: VerifyLinkOptions = {},
    isInside: IsInside = isPlainlyInside,
  ): VerifiedLink | Refusal {
    const parsed = readRequestUrl(request.url);
    // No signature, or two of them: the signer refuses the one that is not there, and counts it.
    const token = parsed?.signatures.length === 1 ? parsed.signatures[0] : undefined;
    const method = methodOf(request.method);
    if (parsed === undefined || token === undefined || method === undefined)
      return this.#signer.verify(undefined) as Refusal;
    const path = this.#stripped ? this.#path + parsed.path : parsed.path;
    const nobody = 'bind' in options && (typeof options.bind !== 'string' || options.bind === '');
    // The payload is authentic when this is called. Undefined matches no link.
    const state = (payload: unknown): string | undefined => {
      const grants = readPayload(payload);
      const signed = grants && signedPathOf(path, grants, isInside);
      if (grants === undefined || signed === undefined || nobody || !this.#contains(path)) return undefined;
      const parameters = withoutAdded(parsed.parameters, grants);
      return boundText(method, this.#origin, signed, parameters, options.bind ?? undefined);
    };
    const result = this.#signer.verify(token, { bind: state });
    if (!result.ok) return result;
    return { ok: true, expiresAt: result.expiresAt, kid: result.kid, stale: result.stale };
  }

  /** Whether the ring knows the key of a link; false: look for a newer ring. */
  knows(url: string): boolean {
    const token = readRequestUrl(url)?.signatures[0];
    return token === undefined || this.#signer.knows(receive(token));
  }

  #contains(path: string): boolean {
    return this.#path === '' || path === this.#path || path.startsWith(`${this.#path}/`);
  }

  #requireBase(url: LinkUrl): void {
    const origin = url.origin === '' ? '' : originOf(url.origin);
    if (origin === undefined) throw invalid('the URL has no valid host', 'write "https://example.com/path"');
    if (origin !== '' && this.#origin !== '' && origin !== this.#origin)
      throw invalid('the URL has another origin than the base', 'sign what lies under the base of the links');
    if (!this.#contains(url.path))
      throw invalid(
        'the path of the URL does not lie under that of the base',
        'sign the URL that visitors see, with the path of the base',
      );
    if (this.#stripped && url.path.startsWith(`${this.#path}//`))
      throw invalid('behind the base the path goes on with two slashes', 'take one of them out');
  }
}

/** What the token is bound to: lines of encoded text, and `bind`, which may hold anything, last. No two links share one. */
function boundText(
  method: string,
  origin: string,
  path: string,
  parameters: readonly Parameter[],
  bind: string | undefined,
): string {
  const text = `${method}\n${origin}${path}\n${canonicalQuery(parameters)}`;
  return bind === undefined ? text : `${text}\n${bind}`;
}

function methodOf(method: unknown): string | undefined {
  if (typeof method !== 'string' || !/^[a-z-]+$/i.test(method)) return undefined;
  const upper = method.toUpperCase();
  return upper === 'HEAD' ? 'GET' : upper;
}

function readBase(base: string | undefined): { readonly origin: string; readonly path: string } {
  if (base === undefined) return { origin: '', path: '' };
  const parsed = /[?#]/.test(base) ? undefined : readUrl(base);
  const origin = parsed === undefined || parsed.origin === '' ? '' : originOf(parsed.origin);
  if (parsed === undefined || origin === undefined) {
    throw invalid(
      'base is not a valid base for links',
      'write an origin, a path or both: "https://example.com/app"',
    );
  }
  return { origin, path: (canonicalPath(parsed.path) as string).replace(/\/+$/, '') };
}

/** An origin in its canonical spelling; undefined where it is not valid, or holds a user name. */
function originOf(origin: string): string | undefined {
  return !origin.includes('@') && URL.canParse(origin) ? new URL(origin).origin : undefined;
}

function invalid(message: string, hint: string): KeyturnError {
  return new KeyturnError('link_invalid', message, hint);
}
