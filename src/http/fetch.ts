// A visit over Fetch's Request and Response, for every framework that has them.
import type { Awaitable } from '../sessions/stores/contract.js';
import { andThen } from '../signing/thenable.js';
import type { ResponseHeaders } from './contract.js';
import type { HttpCore } from './core.js';
import { FetchHttpRequest, type FetchRequest } from './fetch-request.js';
import { Visit } from './visit.js';

export function fetchVisit(core: HttpCore, request: FetchRequest): Visit {
  return new Visit(core, new FetchHttpRequest(request));
}

/**
 * Refuses a forged request. A form is read from a copy of the request, and only where nothing else carries its token.
 *
 * @throws KeyturnError `csrf_refused`
 */
export async function protect(visit: Visit, request: FetchRequest): Promise<void> {
  if (!visit.wantsForm) return visit.protect(undefined);
  const { formIn } = await import('./fetch-form.js');
  visit.protect(await formIn(request));
}

/**
 * Saves the visit, and gives the response with all that goes with it. Where saving fails call it again, for the response
 * that tells of the error.
 *
 * @returns the response itself where it can be left, or changed in place; a copy where it cannot
 */
export function finishResponse(visit: Visit, response: Response): Awaitable<Response> {
  // A WebSocket: what upgrades the connection is tied to this very object.
  if (response.status === 101) {
    visit.end();
    return response;
  }
  const draft = new ResponseDraft(response);
  return andThen(visit.finish(draft), () => {
    visit.guard(draft);
    visit.end();
    return draft.response(visit.sendsField);
  });
}

/** What goes with a response, until it is put there: many responses cannot be changed, as those of `Response.redirect()`. */
class ResponseDraft implements ResponseHeaders {
  readonly #response: Response;
  #set: Map<string, string> | undefined;
  readonly #cookies: string[] = [];

  constructor(response: Response) {
    this.#response = response;
  }

  keys(): Iterable<string> {
    const { headers } = this.#response;
    return this.#set === undefined ? headers.keys() : new Set([...headers.keys(), ...this.#set.keys()]);
  }

  get(name: string): string | null {
    return this.#set?.get(name) ?? this.#response.headers.get(name);
  }

  set(name: string, value: string): void {
    this.#set ??= new Map();
    this.#set.set(name, value);
  }

  append(_name: 'set-cookie', value: string): void {
    this.#cookies.push(value);
  }

  /** @param isPersonal a field carries the session, as a cookie would */
  response(isPersonal: boolean): Response {
    if (this.#cookies.length === 0 && !isPersonal) {
      if (this.#set === undefined) return this.#response;
      try {
        this.#writeInto(this.#response.headers);
        return this.#response;
      } catch {
        // It cannot be changed.
      }
    }
    // A session always goes into a copy: an app may answer many visitors with one object.
    const headers = new Headers(this.#response.headers);
    this.#writeInto(headers);
    const { body, status, statusText } = this.#response;
    // `Response.error()` has status 0, which no server can send.
    return new Response(body, { status: status || 500, statusText, headers });
  }

  #writeInto(headers: Headers): void {
    if (this.#set !== undefined) for (const [name, value] of this.#set) headers.set(name, value);
    for (const cookie of this.#cookies) headers.append('set-cookie', cookie);
  }
}
