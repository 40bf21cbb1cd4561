// What a request says and a response holds, as Fastify has it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpRequest, ResponseHeaders } from '../../http/contract.js';
import { asText } from '../../http/node-response.js';
import { pathOf } from '../../http/path.js';
import type { KeyturnOptions } from '../../start/options.js';

/** Whether a request that Fastify itself answers with 404 has its session, as any other has. */
export const HAS_SESSION: unique symbol = Symbol('keyturn.has-session');

/** The app's logger, unless it is switched off: its methods are then all the same one that does nothing. */
export function logsOf({ log }: Pick<FastifyInstance, 'log'>): KeyturnOptions {
  return log.info === log.error ? {} : { logger: log };
}

/** A request as Fastify has it. A class: an object literal with getters would have a shape of its own each time. */
export class FastifyHttpRequest implements HttpRequest {
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  header(name: string): string | undefined {
    return asText(this.#request.headers[name]);
  }

  // Fastify's own views of these follow its trustProxy option.
  get host(): string | undefined {
    return this.#request.host;
  }

  get https(): boolean {
    return this.#request.protocol === 'https';
  }

  get path(): string {
    return pathOf(this.#request.url);
  }

  get route(): string | undefined {
    return this.#request.routeOptions.url;
  }

  get log(): KeyturnOptions['logger'] {
    return logsOf(this.#request).logger;
  }

  /** By its route; and where Fastify's own handler answers 404, unless somebody looks at the session there. */
  get sessionless(): boolean | 'empty' {
    const { config, handler } = this.#request.routeOptions;
    if (!this.#request.is404) return config.session === false;
    return (
      handler?.name === 'basic404' && !(this.#request as { [HAS_SESSION]?: boolean })[HAS_SESSION] && 'empty'
    );
  }
}

/** What the app has set so far. */
export class FastifyHeaders implements ResponseHeaders {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }

  keys(): readonly string[] {
    return Object.keys(this.#reply.getHeaders());
  }

  get(name: string): string | undefined {
    return asText(this.#reply.getHeader(name));
  }

  set(name: string, value: string): void {
    this.#reply.header(name, value);
  }

  append(name: 'set-cookie', value: string): void {
    // Fastify adds a cookie to those that are there.
    this.#reply.header(name, value);
  }
}
