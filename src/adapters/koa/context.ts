// What Koa says of a request: as much of its context as is looked at here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpRequest } from '../../http/contract.js';
import type { FormRequest } from '../../http/csrf-advice.js';
import { asText, logOf } from '../../http/node-response.js';
import { pathOf } from '../../http/path.js';

/** The context of any version of Koa. */
export interface KoaContext {
  /** Node's own request. */
  readonly req: IncomingMessage;
  /** Node's own response. */
  readonly res: ServerResponse;
  /** In capitals. */
  readonly method: string;
  /** Host and port as the browser named them, by `app.proxy`. */
  readonly host: string;
  /** The URL as it was asked for, whatever middleware has made of it. */
  readonly originalUrl: string;
  /** Whether the browser came by https, by `app.proxy`. */
  readonly secure: boolean;
  /** Koa's request, into which a parser puts `body`. */
  readonly request: object;
  /** The status of the answer. */
  status: number;
  /** What is answered. */
  body: unknown;
  /** Answers with an error, and tells the app of it. */
  onerror(error: Error): void;
}

/** A request for Keyturn. How far a proxy is trusted is Koa's own `app.proxy`. */
export class KoaHttpRequest implements FormRequest {
  readonly #context: KoaContext;

  constructor(context: KoaContext) {
    this.#context = context;
  }

  get method(): string {
    return this.#context.method;
  }

  header(name: string): string | undefined {
    return asText(this.#context.req.headers[name]);
  }

  get host(): string | undefined {
    return this.#context.host || undefined;
  }

  get https(): boolean {
    return this.#context.secure;
  }

  get path(): string {
    return pathOf(this.#context.originalUrl);
  }

  get form(): FormRequest['form'] {
    return { request: this.#context.req, framework: 'koa' };
  }

  get log(): HttpRequest['log'] {
    return logOf(this.#context);
  }

  /** As @koa/router tells it. */
  get route(): string | undefined {
    const { _matchedRoute: route } = this.#context as { _matchedRoute?: unknown };
    return route === undefined ? undefined : String(route);
  }
}
