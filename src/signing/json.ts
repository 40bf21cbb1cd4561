// What JSON carries, as the compiler sees it: types alone, of sessions and of what tokens hold. JSON changes the rest in
// silence: a date comes back as a text, a map as an empty object, a function not at all.

declare const carried: unique symbol;

/**
 * Stands in the place of a type that JSON cannot carry, and takes no value at all. Instead of a `Date` keep
 * `date.getTime()` or `date.toISOString()`; instead of a `Map` or `Set` an array; instead of a `bigint` a text.
 */
export interface JsonCannotCarry<T> {
  readonly [carried]: T;
}

/** Built into JavaScript, and not into JSON. What has a `toJSON` comes back as something else than it was. */
type Other =
  | bigint
  | symbol
  | ((...given: never[]) => unknown)
  | { toJSON(...given: never[]): unknown }
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | RegExp
  | Error
  | PromiseLike<unknown>
  | ArrayBuffer
  | ArrayBufferView;

// `any` and `unknown` say nothing, and stay what they are.
type Checked<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends Other
      ? JsonCannotCarry<T>
      : T extends object
        ? { [Name in keyof T]: Checked<T[Name]> }
        : T;

// What is fine keeps the name that the app gave it.
/** `T` as JSON carries it: the same type, with {@link JsonCannotCarry} in each place that it cannot carry. */
export type Json<T> = [T] extends [Checked<T>] ? T : Checked<T>;

/** The same for what a sealer holds, which may be bytes. */
export type JsonOrBytes<T> = unknown extends T ? T : T extends Uint8Array ? T : Json<T>;
