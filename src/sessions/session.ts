// The session as an app sees it: an object whose own properties are the data, with a few methods beside them.
import { type OptionNames, requireFunction, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { Json } from '../signing/json.js';
import { randomId } from '../signing/random.js';
import type { EndedSession } from './stores/contract.js';

/**
 * What the app keeps in a session. Empty here, and then a session takes any property; an app may say what it keeps, and
 * then a name that is misspelt, and what JSON cannot carry, do not compile:
 *
 *     declare module 'keyturn' {
 *       interface SessionData { userId: string; cart: string[] }
 *     }
 */
export interface SessionData {}

/** Stands in the place of data under the name of a method, and takes no value at all: choose another name. */
export interface NameOfAMethod<Name> {
  readonly [taken]: Name;
}
declare const taken: unique symbol;

/** Names that no data can have: those of methods, and those that other libraries give to theirs. */
type ReservedName =
  | keyof SessionControls
  | 'save'
  | 'touch'
  | 'reload'
  | 'resetMaxAge'
  | 'cookie'
  | 'sessionId'
  | 'toJSON'
  | '__proto__'
  | 'constructor';

/** Data as the session holds it: what {@link SessionData} declares, each of which may be missing; else anything. */
export type SessionValues = keyof SessionData extends never
  ? { [name: string]: unknown }
  : {
      [Name in keyof SessionData]?:
        | (Name extends ReservedName ? NameOfAMethod<Name> : Json<SessionData[Name]>)
        | undefined;
    };

/** The names of what a session holds: those of {@link SessionData}, or any. */
export type SessionName = Extract<keyof SessionValues, string>;

/** What `session.regenerate()` takes. */
export interface RegenerateOptions {
  /**
   * Data that the new session takes over: names of properties, or true for all. Default: none. Where the former session
   * has been signed out meanwhile none of them is taken over, whatever the request has put there since.
   */
  readonly keep?: boolean | readonly SessionName[];
  /**
   * The epoch of the user that this request has begun, to sign out everywhere else: what is kept stays under it. Without
   * it a new epoch ends this session too.
   */
  readonly epoch?: string | number;
}

/** The methods of a session. Their names cannot be used for data. */
export interface SessionControls {
  /** Random; changes with `regenerate`. */
  readonly id: string;
  /** Whether the request came without a (valid) session. */
  readonly isNew: boolean;
  /**
   * Starts a session with a new id and ends the present one: call it when somebody signs in, so that an id
   * planted before (fixation) is worth nothing after. It is done when it returns.
   *
   * @param options what the new session takes over: `{ keep: ['cart'] }`, or the names alone; default: nothing
   */
  regenerate(options?: RegenerateOptions | readonly SessionName[]): void;
  /** Ends the session: call it when somebody signs out. It is done when it returns. */
  destroy(): void;
  /**
   * Changes the data with a function that is called again on newer data when another request was faster.
   * For sessions in a store it is saved when the promise resolves; for those in the cookie the last response wins.
   *
   * @throws KeyturnError `session_ended` when the session has been signed out meanwhile
   */
  update(change: (data: SessionValues) => void | Promise<void>): Promise<void>;
  /** What it holds under a name: the same as `session.name`. */
  get<Name extends SessionName>(name: Name): SessionValues[Name] | undefined;
  /** The same as `session.name = value`. */
  set<Name extends SessionName>(name: Name, value: SessionValues[Name]): void;
  /** Takes one property out. The session itself ends with {@link destroy}. */
  delete(name: SessionName): void;
}

/** A session: `session.cart = […]`, `session.userId`, `session.regenerate()`. */
export type Session = SessionControls & SessionValues;

/** How a session in a store is changed at once; sessions in the cookie have none. */
export type Updater = (
  state: SessionState,
  change: (data: SessionValues) => void | Promise<void>,
) => Promise<void>;

/** Where a session stands, kept beside the object that the app holds. Times in seconds since 1970. */
export class SessionState {
  /** What the app holds. */
  readonly session: Session;
  id: string;
  /** When the session began; undefined: it begins when it is saved. */
  createdAt: number | undefined;
  /** The data as JSON text, as it was loaded; `{}` for a new one. */
  base: string;
  /** The id that CSRF tokens were bound to before there was a session, until `regenerate`. */
  csrf: string | undefined;
  /** The user's epoch when the session was saved. */
  epoch: string | undefined;
  /** Present when the request carried a valid session. */
  readonly carried: Carried | undefined;
  /** The id that CSRF tokens of that session are bound to. */
  readonly carriedBinding: string | undefined;
  /** The id of an ended session, where the request carried the cookie of one. */
  readonly former: string | undefined;
  /** Present when it ended a moment ago: see {@link SessionState.willBe}. */
  readonly overtaken: EndedSession | undefined;
  /** The id of a session that `regenerate` has replaced. */
  replaced: string | undefined = undefined;
  /** Names of data that `regenerate` has taken over from it. */
  kept: readonly string[] = [];
  /** The user's epoch that the request says it has begun. */
  ownEpoch: string | number | undefined = undefined;
  /** `regenerate` was called: there will be a session, even an empty one. */
  regenerated = false;
  fresh: boolean;
  ended = false;
  /** `destroy` was called: what the request carried ends, whatever comes after. */
  destroyed = false;
  /** That it has been ended, as a `Set-Cookie` header: for an answer, too, that tells of an error. */
  cleared: string | undefined = undefined;
  /** The data as JSON text, as it was last saved. */
  saved: string | undefined = undefined;
  /** Saving it has failed, or is still going on: the browser keeps the one it has. */
  unsaved = false;
  /** The request carries a session from the future: that is none, and no other takes its place before a sign-in. */
  early = false;
  /** Told of changes that come after the response, and so to nothing. */
  late: (() => void) | undefined = undefined;

  private constructor(
    from: LoadedSession,
    carried: Carried | undefined,
    update: Updater | undefined,
    former?: string,
    overtaken?: EndedSession,
  ) {
    this.id = from.id;
    this.createdAt = from.createdAt;
    this.base = from.base;
    this.csrf = from.csrf;
    this.epoch = from.epoch;
    this.carried = carried;
    this.carriedBinding = carried && (from.csrf ?? carried.id);
    this.fresh = carried === undefined;
    this.former = former;
    this.overtaken = overtaken;
    this.session = new SessionObject(this, from.data, update) as unknown as Session;
  }

  /** A session that the request did not carry, or only the cookie of one that has ended. */
  static fresh(former?: string, overtaken?: EndedSession): SessionState {
    return new SessionState({ ...NOTHING, id: newSessionId() }, undefined, undefined, former, overtaken);
  }

  /** The session that the request carried. */
  static loaded(from: LoadedSession, carried: Carried, update?: Updater): SessionState {
    return new SessionState(from, carried, update);
  }

  /** When the clock is right again the visitor is signed in as before: only a new sign-in is worth that. */
  get keepsCookie(): boolean {
    return this.early && !this.regenerated;
  }

  /**
   * Whether there will be a session after the response. What a request merely writes that was overtaken by a sign-in,
   * or a sign-out, begins none: its cookie would take the place of the newer one.
   */
  get willBe(): boolean {
    if (this.ended) return false;
    return !this.fresh || this.regenerated || (this.overtaken === undefined && !isEmpty(this.session));
  }
}

/** A session as it was kept. */
export interface LoadedSession {
  readonly id: string;
  /** Seconds since 1970. */
  readonly createdAt: number | undefined;
  readonly csrf: string | undefined;
  readonly epoch: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  /** `data` as JSON text. */
  readonly base: string;
}

const NOTHING: Omit<LoadedSession, 'id'> = {
  createdAt: undefined,
  csrf: undefined,
  epoch: undefined,
  data: {},
  base: '{}',
};

/** The session that the request carried. Times in seconds since 1970. */
export interface Carried {
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Signed by a retiring key. */
  readonly stale: boolean;
  /** Version in the store; 0 for sessions in the cookie. */
  version: number;
}

const ID_BYTES = 16;

/** A random session id: 128 bits, 22 characters. */
export function newSessionId(): string {
  return randomId(ID_BYTES);
}

/** The class behind {@link Session}. Data stands in own properties; everything else is private or on the prototype. */
class SessionObject {
  readonly #state: SessionState;
  readonly #update: Updater | undefined;

  constructor(state: SessionState, data: Readonly<Record<string, unknown>>, update: Updater | undefined) {
    this.#state = state;
    this.#update = update;
    fill(this as unknown as Record<string, unknown>, data);
  }

  get id(): string {
    return this.#state.id;
  }

  set id(_: unknown) {
    throw wrong('session.id cannot be set', 'write session.regenerate() for a new one');
  }

  get isNew(): boolean {
    return this.#state.fresh;
  }

  set isNew(_: unknown) {
    throw wrong('session.isNew cannot be set', 'keep data under another name');
  }

  regenerate(...given: readonly unknown[]): void {
    const options = regenerateOptions(given);
    const state = this.#state;
    state.late?.();
    const data = this as unknown as Record<string, unknown>;
    const before = state.regenerated ? state.kept : Object.keys(data);
    const { keep = false } = options;
    if (keep !== true) {
      for (const key of Object.keys(data)) if (keep === false || !keep.includes(key)) delete data[key];
    }
    state.kept = before.filter((key) => Object.hasOwn(data, key));
    state.ownEpoch = options.epoch;
    state.replaced ??= state.carried?.id ?? state.former;
    state.regenerated = true;
    state.id = newSessionId();
    state.createdAt = undefined;
    state.csrf = undefined;
    if (state.kept.length === 0) state.epoch = undefined;
    state.fresh = true;
    state.ended = false;
  }

  destroy(...given: readonly unknown[]): void {
    if (given.length > 0) throw misread(given, 'destroy');
    const state = this.#state;
    state.late?.();
    const data = this as unknown as Record<string, unknown>;
    for (const key of Object.keys(data)) delete data[key];
    state.ended = true;
    state.destroyed = true;
  }

  async update(change: (data: SessionValues) => void | Promise<void>): Promise<void> {
    requireFunction(change ?? null, 'what update() was given', 'write await session.update((data) => { … })');
    const state = this.#state;
    if (state.overtaken !== undefined && !state.regenerated && !state.ended) throw endedMeanwhile();
    if (this.#update === undefined || state.carried === undefined || state.regenerated || state.ended) {
      state.late?.();
      await change(state.session);
    } else {
      await this.#update(state, change);
    }
  }

  get(key: string): unknown {
    requireName(
      key,
      'get(name)',
      'one property is session.name or session.get(name); all of them are { ...session }',
    );
    return Object.hasOwn(this, key) ? (this as unknown as Record<string, unknown>)[key] : undefined;
  }

  set(...given: readonly [key: string, value: unknown]): void {
    const [key, value] = given;
    requireName(key, 'set(name, value)', 'write Object.assign(session, values) for several at once');
    if ((given as readonly unknown[]).length !== 2)
      throw wrong(
        'set() takes a name and a value',
        'write session.set(name, value), or session.name = value',
      );
    refuseReserved(key);
    this.#state.late?.();
    (this as unknown as Record<string, unknown>)[key] = value;
  }

  delete(key: string): void {
    requireName(key, 'delete(name)', 'to end the session write session.destroy()');
    this.#state.late?.();
    if (Object.hasOwn(this, key)) delete (this as unknown as Record<string, unknown>)[key];
  }
}

/** What other libraries call so. Each says what to write here, and none can be the name of data. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  save: 'what has changed is saved before the response goes out; await session.update(fn) saves at once',
  touch: 'a session in use is extended by itself',
  reload: 'await session.update(fn) works on what is stored by then',
  resetMaxAge: 'a session in use is extended by itself',
};
const NOT_HERE: Readonly<Record<string, string>> = {
  cookie:
    'how the cookie is made is set under [session.cookie], and how long it lives by idle and max_age under [session]',
  sessionId: 'write session.id',
};
for (const [name, hint] of Object.entries(ELSEWHERE)) {
  const value = () => {
    throw wrong(`session.${name}() is not needed: ${hint}`, hint);
  };
  Object.defineProperty(SessionObject.prototype, name, { value, writable: true, configurable: true });
}
for (const [name, hint] of Object.entries(NOT_HERE)) {
  const refuse = () => {
    throw wrong(`there is no session.${name}: ${hint}`, hint);
  };
  Object.defineProperty(SessionObject.prototype, name, { get: refuse, set: refuse, configurable: true });
}

const REGENERATE_OPTIONS: OptionNames<RegenerateOptions> = { keep: true, epoch: true };

/** @throws KeyturnError `argument_invalid` */
function regenerateOptions(given: readonly unknown[]): RegenerateOptions {
  const [options, ...more] = given;
  if (typeof options === 'function' || more.length > 0) throw misread(given, 'regenerate');
  if (isNames(options)) return { keep: options };
  if (Array.isArray(options))
    throw wrong('regenerate() was given a list of something else than names', KEEP_HINT);
  requireOptions(options, 'regenerate(options)', REGENERATE_OPTIONS);
  const { keep } = (options ?? {}) as RegenerateOptions;
  if (keep === undefined || typeof keep === 'boolean' || isNames(keep))
    return (options ?? {}) as RegenerateOptions;
  throw wrong('keep is no list of names, and neither true nor false', KEEP_HINT);
}

const KEEP_HINT = 'write regenerate({ keep: ["cart"] }), or keep: true for all';

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

/** A callback, as express-session takes one: it would never be called. */
function misread(given: readonly unknown[], method: 'regenerate' | 'destroy'): KeyturnError {
  return given.some((each) => typeof each === 'function')
    ? wrong(
        `session.${method}() takes no callback: it is done when it returns`,
        `write session.${method}(), and go on in the next line`,
      )
    : wrong(
        `${method}() was given more than it takes`,
        method === 'destroy' ? 'write session.destroy()' : KEEP_HINT,
      );
}

/** @throws KeyturnError `argument_invalid` */
function requireName(name: unknown, call: string, hint: string): void {
  if (typeof name !== 'string') throw wrong(`session.${call} was called without a name: ${hint}`, hint);
}

function wrong(message: string, hint: string): KeyturnError {
  return new KeyturnError('argument_invalid', message, hint);
}

const RESERVED: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(SessionObject.prototype),
  'toJSON',
  '__proto__',
]);

/** Puts data into a session object, replacing what it has. */
export function fill(session: Record<string, unknown>, data: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(session)) delete session[key];
  for (const key of Object.keys(data)) if (!RESERVED.has(key)) session[key] = data[key];
}

/**
 * The data as JSON text.
 *
 * @throws KeyturnError `session_invalid` when it holds what JSON cannot carry, or a reserved name
 */
export function dataText(session: SessionValues): string {
  for (const key of Object.keys(session)) refuseReserved(key);
  try {
    return JSON.stringify(session);
  } catch (error) {
    throw new KeyturnError(
      'session_invalid',
      'the session holds what JSON cannot carry',
      'keep plain values in it: no BigInt, no object that holds itself',
      { cause: error },
    );
  }
}

function refuseReserved(key: string): void {
  if (!RESERVED.has(key)) return;
  throw new KeyturnError(
    'session_invalid',
    `"${key}" cannot be the name of data in a session`,
    'choose another name: methods of the session are called so',
  );
}

export function endedMeanwhile(): KeyturnError {
  return new KeyturnError(
    'session_ended',
    'the session was signed out while it was being changed',
    'treat the request as signed out',
  );
}

/** Whether there is anything to keep. */
export function isEmpty(session: Session): boolean {
  for (const key in session) if (Object.hasOwn(session, key)) return false;
  return true;
}
