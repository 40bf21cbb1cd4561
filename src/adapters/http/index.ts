// `keyturn/http`: what an adapter for a framework is made of. docs/adapters.md builds one.
import type { IncomingMessage } from 'node:http';
import type { OptionNames } from '../../config/options.js';
import type { HttpRequest, HttpVisit } from '../../http/contract.js';
import { HTTP_OPTIONS, type HttpOptions } from '../../http/core.js';
import { asText } from '../../http/node-response.js';
import { openCore } from '../../http/open-core.js';
import { pathOf } from '../../http/path.js';
import { Visit } from '../../http/visit.js';
import type { Keyturn } from '../../keyturn.js';
import { keyturnForAdapter } from '../../start/for-adapter.js';
import { KEYTURN_OPTIONS, type KeyturnOptions } from '../../start/options.js';

export type { HttpRequest, HttpVisit, ResponseHeaders } from '../../http/contract.js';
export type { HttpOptions } from '../../http/core.js';
export type { Flash, FlashMessages } from '../../http/flash.js';
export { holdUntilSaved } from '../../http/node-hold.js';
export type { SessionHooks } from '../../sessions/kind.js';
export type {
  Session,
  SessionControls,
  SessionData,
  SessionName,
  SessionValues,
} from '../../sessions/session.js';

/** What `createKeyturn()` takes, for the one that is made here; or one that was made before. */
export interface OpenHttpOptions extends HttpOptions, KeyturnOptions {
  /** What `createKeyturn()` returned; without it one is made, and refuses to start as that does. */
  readonly keyturn?: Keyturn;
}

const OPTIONS: OptionNames<OpenHttpOptions> = { ...HTTP_OPTIONS, ...KEYTURN_OPTIONS, keyturn: true };

/** Sessions, flash messages and CSRF protection of an app, whatever its framework. */
export interface KeyturnHttp {
  /** The Keyturn of the app: signers, links, the keyring in force, health. */
  readonly keyturn: Keyturn;
  /** Begins with a request. Nothing is read or verified before it is asked for. */
  visit(request: HttpRequest): HttpVisit;
  /**
   * Whether a request for which the app has asked for no visit needs one all the same: using an app extends a session,
   * whichever pages look at it. An adapter that makes a visit for every request need not ask.
   */
  needsVisit(request: HttpRequest): boolean;
  /** Closes a Keyturn that was made here; one that was given stays open. */
  close(): Promise<void>;
}

/**
 * Opens what an adapter binds to its framework.
 *
 * @throws KeyturnError where the app must not start: `argument_invalid`, `store_invalid`, and all that `createKeyturn()`
 * throws
 * @example
 * const http = await openHttp();
 * const visit = http.visit({ method: 'GET', header: (name) => headers[name], host: 'example.com', https: true });
 */
export async function openHttp(options: OpenHttpOptions = {}): Promise<KeyturnHttp> {
  const hints = async () => (await import('../../config/foreign-options.js')).HTTP_HINTS;
  const call = { call: 'openHttp(options)', known: OPTIONS, hints };
  const { keyturn, isOwn } = await keyturnForAdapter(options, call);
  const core = await openCore(keyturn, options);
  return {
    keyturn,
    visit: (request) => new Visit(core, request),
    needsVisit: (request) => core.mayNeedVisit(request),
    close: async () => {
      if (isOwn) await keyturn.close();
    },
  };
}

/** What `nodeRequest()` takes. */
export interface NodeRequestOptions {
  /**
   * Whether a proxy stands before the app that sets `X-Forwarded-Proto` and `X-Forwarded-Host`, whatever the browser
   * has sent. Default: false.
   */
  readonly trustProxy?: boolean;
}

/**
 * A request of `node:http`.
 *
 * @example
 * const visit = http.visit(nodeRequest(request));
 */
export function nodeRequest(
  request: IncomingMessage,
  { trustProxy = false }: NodeRequestOptions = {},
): HttpRequest {
  const header = (name: string) => asText(request.headers[name]);
  const forwarded = (name: string) => (trustProxy ? header(name)?.split(',')[0]?.trim() : undefined);
  const encrypted = (request.socket as { readonly encrypted?: boolean }).encrypted === true;
  // Values, and no accessors: with those each object would have a shape of its own, which holds the request in memory.
  return {
    method: request.method ?? 'GET',
    header,
    path: pathOf(request.url),
    host: forwarded('x-forwarded-host') ?? header(':authority') ?? header('host'),
    https: (forwarded('x-forwarded-proto') ?? (encrypted ? 'https' : 'http')) === 'https',
  };
}
