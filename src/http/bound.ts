// Where a request leads to the Keyturn that it has passed through, for what stands beside an adapter: the console.
import type { Keyturn } from '../keyturn.js';

/**
 * Under a name that every copy of this package knows: the adapter may be there by `require`, and the console by `import`.
 * On the request itself: in a WeakMap a value that leads to its own key stays in memory until a full collection, since V8
 * takes values for alive in all others.
 */
export const BINDING: unique symbol = Symbol.for('keyturn/binding@0.1.0') as never;

/** What an adapter leaves there has at least this. */
export interface Bound {
  readonly opened: { readonly keyturn: Keyturn };
}
