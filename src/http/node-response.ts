// The header fields of a response of `node:http`, at the moment when they go out: whatever the app or another plugin
// sets until then is seen, in whichever order they were registered.
import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ResponseFields } from './cache-control.js';

/** Calls `act` when the header of the response goes out. */
export function atHeader(response: ServerResponse, act: (fields: ResponseFields) => void): void {
  const writeHead = response.writeHead as (...parts: unknown[]) => ServerResponse;
  response.writeHead = (...parts: unknown[]) => {
    const last = parts.at(-1);
    const given = typeof last === 'object' && last !== null ? (last as OutgoingHttpHeaders) : undefined;
    act(new HeaderFields(response, given));
    return writeHead.apply(response, parts);
  };
}

/** The fields that were set, and above them those that `writeHead` was given. */
class HeaderFields implements ResponseFields {
  readonly #response: ServerResponse;
  readonly #given: OutgoingHttpHeaders | undefined;

  constructor(response: ServerResponse, given: OutgoingHttpHeaders | undefined) {
    this.#response = response;
    this.#given = given;
  }

  keys(): readonly string[] {
    const set = this.#response.getHeaderNames();
    return this.#given === undefined ? set : [...new Set([...set, ...Object.keys(this.#given)])];
  }

  get(name: string): string | undefined {
    return fieldValue(this.#given?.[name] ?? this.#response.getHeader(name));
  }

  set(name: string, value: string): void {
    if (this.#given === undefined) this.#response.setHeader(name, value);
    else this.#given[name] = value;
  }
}

/** A header field as one text: repeated ones count like a list (RFC 9110, section 5.3). */
export function fieldValue(value: OutgoingHttpHeader | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : [value].flat().join(', ');
}
