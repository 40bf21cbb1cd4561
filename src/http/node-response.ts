// The header of a response of `node:http`.

import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Logger } from '../runtime/log.js';
import type { ResponseHeaders } from './contract.js';

/**
 * Calls `listener` when the header goes out: whatever the app or another plugin sets until then is seen, in whichever
 * order they were registered. Of several listeners the last comes first.
 */
export function onHeaders(response: ServerResponse, listener: (headers: ResponseHeaders) => void): void {
  const writeHead = response.writeHead as (...parts: unknown[]) => ServerResponse;
  response.writeHead = (...parts: unknown[]) => {
    const last = parts.at(-1);
    const given = typeof last === 'object' && last !== null ? (last as OutgoingHttpHeaders) : undefined;
    listener(new NodeHeaders(response, given));
    return writeHead.apply(response, parts);
  };
}

/** What was set, and above it what `writeHead` was given. */
export class NodeHeaders implements ResponseHeaders {
  readonly #response: ServerResponse;
  readonly #given: OutgoingHttpHeaders | undefined;

  constructor(response: ServerResponse, given?: OutgoingHttpHeaders) {
    this.#response = response;
    this.#given = given;
  }

  keys(): readonly string[] {
    const set = this.#response.getHeaderNames();
    if (this.#given === undefined) return set;
    const given = Object.keys(this.#given);
    return set.length === 0 ? given : [...new Set([...set, ...given])];
  }

  get(name: string): string | undefined {
    return asText(this.#given?.[name] ?? this.#response.getHeader(name));
  }

  set(name: string, value: string): void {
    if (this.#given === undefined) this.#response.setHeader(name, value);
    else this.#given[name] = value;
  }

  /** Never into a list that is there: it may be a constant of the app, and the next visitor would get the cookie too. */
  append(name: 'set-cookie', value: string): void {
    const given = this.#given?.[name];
    const cookies = [given ?? this.#response.getHeader(name) ?? [], value].flat().map(String);
    if (this.#given === undefined || given === undefined) this.#response.setHeader(name, cookies);
    else this.#given[name] = cookies;
  }
}

/** The header as it stands, beside which cookies are collected: the response itself may take none yet. */
export class CollectedHeaders extends NodeHeaders {
  readonly #cookies: string[];

  constructor(response: ServerResponse, cookies: string[]) {
    super(response);
    this.#cookies = cookies;
  }

  override append(_name: 'set-cookie', value: string): void {
    this.#cookies.push(value);
  }
}

/** A header field as one text: repeated ones count like a list (RFC 9110, section 5.3). */
export function asText(value: OutgoingHttpHeader | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : [value].flat().join(', ');
}

/** The logger that a middleware such as pino-http has put on a request, or on what stands for it. */
export function logOf(given: object): Pick<Logger, 'warn'> | undefined {
  const { log } = given as { readonly log?: Partial<Pick<Logger, 'warn'>> };
  return typeof log?.warn === 'function' ? (log as Pick<Logger, 'warn'>) : undefined;
}
