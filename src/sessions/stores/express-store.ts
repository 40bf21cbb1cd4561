// How stores of express-session are asked, whoever does so.
import { isThenable } from '../../signing/thenable.js';

/** Where a copy of this package finds the store that another copy has wrapped. */
export const BEHIND: unique symbol = Symbol.for('keyturn/express-store');

/** The store behind what `fromExpressStore()` has made; undefined for anything else. */
export function storeBehind(store: object): unknown {
  return (store as { readonly [BEHIND]?: unknown })[BEHIND];
}

/** What a store calls back with. A second call of the callback counts for nothing. */
export function answerOf(
  call: (done: (error?: unknown, value?: unknown) => void) => unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (error?: unknown, value?: unknown): void => {
      // That is how stores of files say that there is no session.
      const isMissing = (error as { readonly code?: unknown } | undefined)?.code === 'ENOENT';
      if (error && !isMissing) reject(error);
      else resolve(isMissing ? undefined : value);
    };
    const failed = (error: unknown) => done(error ?? new Error('the store has failed'));
    try {
      const promise = call(done);
      // Stores that are async functions, too, tell by the callback what they have found.
      if (isThenable(promise)) promise.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  });
}
