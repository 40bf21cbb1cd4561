// What is there at once or later. Where everything is there at once no promise is made: the hot path makes none.

/** Database clients return thenables that are not a `Promise`. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Goes on with a value now, or when it is there. */
export function andThen<T, U>(value: T | PromiseLike<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}
