// What a request says, as Express has it.
import type { IncomingMessage } from 'node:http';
import type { HttpRequest } from '../../http/contract.js';
import type { FormRequest } from '../../http/csrf-advice.js';
import { asText, logOf } from '../../http/node-response.js';
import { pathOf } from '../../http/path.js';
import { pathForLog } from '../../http/path-for-log.js';

/** What Express puts on a request, as far as it is looked at here. */
export interface ExpressRequest extends IncomingMessage {
  readonly method: string;
  readonly app?: { get?(name: string): unknown };
  readonly protocol?: string;
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  readonly route?: { readonly path?: unknown };
  readonly body?: unknown;
  /** Of the router that has the request: it puts back what was there before when it hands the request on. */
  next?: unknown;
}

/** The same for Keyturn. */
export class ExpressHttpRequest implements FormRequest {
  readonly #request: ExpressRequest;

  constructor(request: ExpressRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  header(name: string): string | undefined {
    return asText(this.#request.headers[name]);
  }

  /** With the port, which Express 4 leaves out; by Express' own setting `trust proxy`. */
  get host(): string | undefined {
    const { app, socket } = this.#request;
    const trusts = app?.get?.('trust proxy fn') as ((address: unknown, hop: number) => boolean) | undefined;
    const forwarded = trusts?.(socket.remoteAddress, 0) ? this.header('x-forwarded-host') : undefined;
    return forwarded?.split(',')[0]?.trim() ?? this.header('host');
  }

  get https(): boolean {
    const { protocol, socket } = this.#request;
    return protocol === undefined
      ? (socket as { encrypted?: boolean }).encrypted === true
      : protocol === 'https';
  }

  get path(): string {
    const { originalUrl, url } = this.#request;
    return pathOf(originalUrl ?? url);
  }

  get form(): FormRequest['form'] {
    return { request: this.#request, framework: 'express' };
  }

  get log(): HttpRequest['log'] {
    return logOf(this.#request);
  }

  /** What a router is mounted at comes as it was asked for, with the values of its parameters. */
  get route(): string | undefined {
    const { baseUrl = '', route } = this.#request;
    return route === undefined ? undefined : pathForLog(baseUrl) + String(route.path);
  }
}
