// What the contract of adapters asks of whoever has one: to start an app that the contract describes.
import type { Profile } from '../../config/profile.js';
import type { HttpOptions } from '../../http/core.js';
import type { Flash } from '../../http/flash.js';
import type { Keyturn } from '../../keyturn.js';
import type { Logger } from '../../runtime/log.js';
import type { Session } from '../../sessions/session.js';
import type { ContractCase } from '../session-store-contract.js';

/**
 * What some adapters cannot do, for reasons that are not theirs:
 *
 * - `sealing`: tokens can be sealed: `libsodium-wrappers` is there
 * - `streams`: answers that are sent piece by piece
 * - `proxies`: an app can be told to trust the proxy before it
 * - `nested`: an app inside another, each with a Keyturn of its own
 * - `automatic`: the adapter can be told to check every unsafe request by itself, and not to
 * - `http2`: HTTP/2 without encryption, to a client that knows beforehand
 * - `sockets`: connections that a client can break off
 */
export type HttpCapability = 'sealing' | 'streams' | 'proxies' | 'nested' | 'automatic' | 'http2' | 'sockets';

/** What a route of the app works with: what the adapter gives, under the same names for all. */
export interface HttpContractContext {
  /** Looked up when the route asks for it, and not before. */
  readonly session: Session;
  /** Looked up when the route asks for it, and not before. */
  readonly flash: Flash;
  /** As the adapter gives it. */
  csrfToken(): string;
  /** The body, parsed: JSON, or a form as an object. */
  readonly body: any;
  /** Sets a header field of the answer. */
  setHeader(name: string, value: string): void;
}

/** What a route answers, to be sent in the way that is usual in the framework. */
export type HttpContractReply =
  /** With status 200, as `application/json`; undefined as `null` or as no body. */
  | { readonly json: unknown }
  /** With status 303, to that place. */
  | { readonly redirect: string }
  /** Without a body. */
  | { readonly status: 204 | 304 }
  /** With status 200, as `text/plain`, each piece as soon as it is there. */
  | { readonly stream: AsyncIterable<string> };

/** A route of the app. */
export interface HttpContractRoute {
  /** GET routes answer to HEAD, too, as the framework has it. */
  readonly method: 'GET' | 'POST';
  /** Without parameters. */
  readonly path: string;
  /** Whether the adapter's own CSRF check is on. */
  readonly csrf: boolean;
  /** May throw: see {@link HttpContractDriver.start}. */
  readonly run: (context: HttpContractContext) => HttpContractReply | Promise<HttpContractReply>;
}

/** An app to start. */
export interface HttpContractApp {
  /** Hand it to the adapter. It is not closed with the app. */
  readonly keyturn: Keyturn;
  /** Hand them to the adapter. */
  readonly options: HttpOptions;
  /** What it answers to. */
  readonly routes: readonly HttpContractRoute[];
  /**
   * Present: the adapter checks every unsafe request by itself, whatever its route says, where `automatic` is not lacking.
   */
  readonly csrf?: 'auto';
  /** An app under `/inner` of this one, where `nested` is not lacking. */
  readonly inner?: Pick<HttpContractApp, 'keyturn' | 'options' | 'routes' | 'csrf'>;
  /** Whether `X-Forwarded-Host` and `X-Forwarded-Proto` are to be believed, where `proxies` is not lacking. */
  readonly trustProxy: boolean;
  /** Whether to speak HTTP/2 instead of HTTP/1.1, where `http2` is not lacking. */
  readonly http2: boolean;
}

/** An app that runs. */
export interface StartedHttpApp {
  /** Scheme, host and port: `http://localhost:49152`. */
  readonly url: string;
  /** Asks the app, where it listens to no port. Default: the `fetch` of the runtime. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Ends it. Requests that are under way may be broken off. */
  close(): Promise<void>;
}

/** What a Keyturn of the contract is made of. */
export interface HttpContractKeyturn {
  /** The secret: two of the same text sign alike. */
  readonly secret: string;
  /** All variables, but for the secret. */
  readonly env: Readonly<Record<string, string>>;
  /** Which rules apply. */
  readonly profile: Profile;
  /** Settings as in `keyturn.toml`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What is logged is looked at. */
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Starts apps with the adapter that is looked at. */
export interface HttpContractDriver {
  /** What cannot be done, each with the reason: cases that need it are skipped, and say why. Default: nothing. */
  readonly lacks?: Readonly<Partial<Record<HttpCapability, string>>>;
  /**
   * Makes the Keyturn of an app, for an adapter that makes its own in its own way. Default: as `createKeyturn()` does.
   * Sessions in memory are the driver's to arrange then.
   */
  keyturn?(parts: HttpContractKeyturn): Promise<Keyturn>;
  /**
   * Starts an app. Errors of the adapter and of routes are answered with their `statusCode` (500 where there is none) and
   * their `message`, through the framework's own handling of errors; a path without a route with 404.
   */
  start(app: HttpContractApp): Promise<StartedHttpApp>;
}

/** One thing that every adapter must do. */
export interface HttpContractCase extends ContractCase {
  /** What the adapter must be able to do for it. */
  readonly needs: readonly HttpCapability[];
  /** Why this adapter is spared it; undefined where it is not. Running it all the same is a mistake. */
  readonly skipped: string | undefined;
}
