// Holds a Node response back until the session is saved: for Express, Koa and `node:http` itself.
//
// An app answers in whichever way Node allows: `writeHead`, `write`, `flushHeaders`, `end`, a stream that is piped. What it
// calls is noted, and done in the same order once the session is saved: no browser may follow a redirect to a page that
// does not know of the session yet. Until then the response counts as sent, so that nobody answers a second time. Where
// saving fails nothing has been sent, and `failed` answers instead.
import type { ServerResponse } from 'node:http';
import { andThen } from '../signing/thenable.js';
import type { HttpVisit, ResponseHeaders } from './contract.js';
import { CollectedHeaders, NodeHeaders } from './node-response.js';

/** What a response waits for. */
type HeldVisit = Pick<HttpVisit, 'finish' | 'guard' | 'end'>;

/** Whose session it is that a response waits for. */
interface Holder {
  /** Undefined where there is nothing to save. */
  readonly visit: () => HeldVisit | undefined;
  readonly failed: (error: unknown) => void;
}

/**
 * Holds a response back until the session is saved. Call it before the app runs. Of several that hold one response, as
 * with an app inside another, all are saved, and the last is told of a failure.
 *
 * @param visit called when the response begins; undefined where there is nothing to save
 * @param failed told when saving has failed, with the error, and nothing has been sent: it answers, or lets the
 * framework do so. The status is 500 by then, and header fields that described the lost answer are gone
 * @example
 * holdUntilSaved(response, () => visit, (error) => {
 *   response.statusCode = 500;
 *   response.end('Something went wrong');
 * });
 */
export function holdUntilSaved(
  response: ServerResponse,
  visit: () => HeldVisit | undefined,
  failed: (error: unknown) => void,
): void {
  const held = response as Held;
  held[HOLD] ??= new Hold(response);
  held[HOLD].holders.push({ visit, failed });
}

const HOLD = Symbol('keyturn.hold');
type Held = ServerResponse & { [HOLD]?: Hold };

type Method = 'writeHead' | 'write' | 'end' | 'flushHeaders';
type Given = unknown[];
type AnyFunction = (...given: unknown[]) => unknown;

/** The same functions for every response: what is special to one is in its {@link Hold}. */
const PATCHES: Readonly<Record<Method, AnyFunction>> = {
  writeHead: patch('writeHead'),
  write: patch('write'),
  end: patch('end'),
  flushHeaders: patch('flushHeaders'),
};

function patch(method: Method): AnyFunction {
  return function (this: unknown, ...given: unknown[]) {
    return ((this as Held)[HOLD] as Hold).called(method, given);
  };
}

/** `open`: nothing was answered yet. `held`: it was, and the session is being saved. `out`: nothing is held any more. */
type State = 'open' | 'held' | 'out';

class Hold {
  readonly holders: Holder[] = [];
  readonly #response: ServerResponse;
  readonly #originals: Readonly<Record<Method, AnyFunction>>;
  #state: State;
  #calls: (readonly [Method, Given])[] = [];
  #hasFailed = false;
  #unlock: () => void = () => {};

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#state = response.headersSent ? 'out' : 'open';
    const { writeHead, write, end, flushHeaders } = response;
    this.#originals = { writeHead, write, end, flushHeaders } as Readonly<Record<Method, AnyFunction>>;
    Object.assign(response, PATCHES);
    response.once('close', () => this.#closed());
  }

  called(method: Method, given: Given): unknown {
    // Node itself says what is wrong, and sends nothing.
    if (this.#state !== 'out' && isMisused(method, given))
      return this.#originals[method].apply(this.#response, given);
    const merged = method === 'writeHead' && this.#calls.length === 0 ? this.#merge(given) : given;
    if (this.#state === 'open') this.#save();
    return this.#state === 'out' ? this.#pass(method, merged) : this.#note(method, merged);
  }

  #pass(method: Method, given: Given): unknown {
    const response = this.#response;
    if (!response.headersSent) {
      if (method === 'writeHead') this.#guard(new NodeHeaders(response));
      // Of HTTP/2 the header goes out without a call of `writeHead`.
      else if ('stream' in response) response.writeHead(response.statusCode);
    }
    return this.#originals[method].apply(response, given);
  }

  #guard(headers: ResponseHeaders): void {
    for (const { visit } of this.holders) {
      try {
        visit()?.guard(headers);
      } catch (error) {
        // A hook of the app that fails each time: what tells of it goes out.
        if (!this.#hasFailed) throw error;
      }
    }
  }

  #note(method: Method, given: Given): unknown {
    const isLater = this.#calls.length > 0;
    // What compresses answers writes the header, with nothing but its status, until it has been written.
    if (method === 'writeHead' && isLater && given.length > 1) throw headersSent('write');
    if (method !== 'writeHead' || !isLater) this.#calls.push([method, given]);
    if (method === 'flushHeaders') return undefined;
    // Nothing has been flushed: who minds that waits for `drain`.
    return method === 'write' ? false : this.#response;
  }

  #save(): void {
    const cookies: string[] = [];
    const saving = this.#saved(new CollectedHeaders(this.#response, cookies));
    if (saving === undefined) {
      this.#state = 'out';
      this.#addCookies(cookies);
      return;
    }
    this.#state = 'held';
    this.#unlock = lock(this.#response, () => this.#calls.some(([method]) => method === 'end'));
    saving.then(
      () => this.#release(cookies),
      // What tells of an error goes out as it is: a third answer would only fail as the second one did.
      (error: unknown) => (this.#hasFailed ? this.#release(cookies) : this.#fail(error)),
    );
  }

  /** Where the client has gone before there was an answer nobody has come too late for anything. */
  #closed(): void {
    if (!this.#response.headersSent) return;
    for (const { visit } of this.holders) {
      try {
        visit()?.end();
      } catch {
        // A hook of the app: the request has told of it, and here nobody would catch it.
      }
    }
  }

  /** What cannot be saved is told later, as where it has to be waited for: not every caller catches what `end` throws. */
  #saved(headers: ResponseHeaders, at = 0): Promise<void> | undefined {
    const holder = this.holders[at];
    if (holder === undefined) return undefined;
    try {
      return andThen(holder.visit()?.finish(headers), () => this.#saved(headers, at + 1)) as
        | Promise<void>
        | undefined;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #release(cookies: readonly string[]): void {
    this.#unlock();
    this.#state = 'out';
    const response = this.#response;
    const calls = this.#calls;
    let flushed = true;
    try {
      this.#addCookies(cookies);
      for (const [method, given] of calls) {
        const answer = this.#pass(method, given);
        if (method === 'write') flushed = answer !== false;
      }
    } catch (error) {
      if (response.headersSent || this.#hasFailed) response.destroy(error as Error);
      else this.#fail(error);
      return;
    }
    this.#calls = [];
    // Where Node has not flushed it either, Node tells when it has.
    const isAwaited = calls.some(([method]) => method === 'write') && !response.writableEnded;
    if (flushed && isAwaited) setImmediate(() => response.emit('drain'));
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#unlock();
    this.#state = 'open';
    const response = this.#response;
    const lost = this.#calls;
    this.#calls = [];
    response.statusCode = 500;
    response.statusMessage = '';
    forgetAnswer(response);
    for (const [, given] of lost) {
      const callback = given.at(-1);
      if (typeof callback === 'function') queueMicrotask(() => callback(error));
    }
    this.holders.at(-1)?.failed(error);
  }

  #addCookies(cookies: readonly string[]): void {
    const headers = new NodeHeaders(this.#response);
    for (const cookie of cookies) headers.append('set-cookie', cookie);
  }

  /** Sets the header fields that `writeHead` was given, by Node's rules: they take the place of those that are set. */
  #merge(given: Given): Given {
    const fields = given.at(-1);
    if (typeof fields !== 'object' || fields === null) return given;
    const seen = new Set<string>();
    for (const [name, value] of entriesOf(fields)) {
      const method = seen.has(name.toLowerCase()) ? 'appendHeader' : 'setHeader';
      this.#response[method](name, value as string);
      seen.add(name.toLowerCase());
    }
    return given.slice(0, -1);
  }
}

/** As an object, as a list of names and values in turn, or as a list of pairs. */
function entriesOf(fields: object): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(fields)) return Object.entries(fields);
  if (Array.isArray(fields[0])) return fields;
  return fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]] as const] : []));
}

function isMisused(method: Method, [chunk]: Given): boolean {
  if (method !== 'write' && method !== 'end') return false;
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return false;
  return method === 'write' || (Boolean(chunk) && typeof chunk !== 'function');
}

/** Removes the header fields that described an answer which is not sent. Nobody may keep the error in its place. */
export function forgetAnswer(response: ServerResponse): void {
  for (const name of OF_THE_ANSWER) if (response.hasHeader(name)) response.removeHeader(name);
}

const OF_THE_ANSWER = [
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'location',
  'trailer',
  'transfer-encoding',
] as const;

/** Makes a response look as it does when its header is out. @returns what undoes that */
function lock(response: ServerResponse, isEnded: () => boolean): () => void {
  const refuse = () => {
    throw headersSent('set');
  };
  const { statusCode, statusMessage } = response;
  const shadows: PropertyDescriptorMap = {
    headersSent: { get: () => true },
    writableEnded: { get: isEnded },
    setHeader: { value: refuse },
    setHeaders: { value: refuse },
    appendHeader: { value: refuse },
    removeHeader: { value: refuse },
  };
  const before = Object.keys(shadows).map(
    (name) => [name, Object.getOwnPropertyDescriptor(response, name)] as const,
  );
  for (const [name, shadow] of Object.entries(shadows))
    Object.defineProperty(response, name, { configurable: true, ...shadow });
  return () => {
    for (const [name, own] of before) {
      delete (response as unknown as Record<string, unknown>)[name];
      if (own !== undefined) Object.defineProperty(response, name, own);
    }
    // Setting these is allowed at any time, and changes nothing once the header is out.
    Object.assign(response, { statusCode, statusMessage });
  };
}

/** As Node words it: error handlers go by the code. */
function headersSent(what: 'set' | 'write'): Error {
  const error = new Error(`Cannot ${what} headers after they are sent to the client`);
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' });
}
