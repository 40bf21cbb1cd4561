// The session as an app sees it, in types: an object whose own properties are the data, with a few methods beside them.
import type { Json } from '../signing/json.js';

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
  /** When it ends, unless it is used again. One that there is not yet: when it would end. After `destroy` it is past. */
  readonly expiresAt: Date;
  /**
   * Starts a session with a new id and ends the present one: call it when somebody signs in, so that an id
   * planted before (fixation) is worth nothing after. It is done when it returns.
   *
   * @param options what the new session takes over: `{ keep: ['cart'] }`, or the names alone; default: nothing
   */
  regenerate(options?: RegenerateOptions | readonly SessionName[]): void;
  /**
   * Gives this session a longer life: call it after `regenerate` where somebody ticks "remember me". It ends so long from
   * now, however seldom it is used, and the cookie outlives the closing of the browser. What takes its place by
   * `regenerate({ keep: true })` ends at the same moment; with a list of names, or none, nobody is remembered.
   * Without an argument: as long as `session.remember` of the settings says.
   *
   * @throws KeyturnError `purpose_lifetime` where that is not set
   */
  remember(): void;
  /**
   * The same for a length of its own, or takes it back.
   *
   * @param maxAge how long it lives from now on: seconds, or a text such as `"14d"`; true: as long as
   * `session.remember` of the settings says. False: it is a session like any other again
   * @throws KeyturnError `purpose_lifetime` where that is longer, or `session.remember` is not set; `duration_invalid`;
   * `argument_invalid` for undefined, null and `""`, as of a box that is not ticked
   */
  remember(maxAge: number | string | boolean): void;
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
