// Sessions sealed at rest by the keys of a Keyturn.

import { type OptionNames, requireOptions } from './config/options.js';
import { KeyturnError } from './errors.js';
import { internalsOf, type Keyturn } from './keyturn.js';
import type { SessionStore } from './sessions/stores/contract.js';
import { requireStore } from './sessions/stores/require.js';
import { sealWith } from './sessions/stores/sealed.js';
import { longestSession } from './sessions/times.js';

/** What `sealedStore()` takes. */
export interface SealedStoreOptions {
  /** The sealed purpose whose keys are used; default: `session-at-rest`. */
  readonly purpose?: string;
  /**
   * The longest that a record lives: seconds, or a text such as `"30d"`. Default: the longest that a session may live,
   * by `session.max_age` and `session.remember`. For refresh tokens: theirs.
   */
  readonly maxAge?: number | string;
  /**
   * What to do about records that are not sealed, for moving there without signing anybody out.
   * - `refuse` (default): they count as gone
   * - `accept`: they are read, and sealed when they are next saved
   * - `write`: they are read, and new ones are written so; the first step where there are several replicas
   */
  readonly plain?: 'refuse' | 'accept' | 'write';
}

const OPTIONS: OptionNames<SealedStoreOptions> = { purpose: true, maxAge: true, plain: true };

/**
 * Seals what a store keeps. Ids, users, dates and versions stay readable: the engine goes by them.
 * What was sealed by a retiring key opens, and is sealed by the active one when it is next saved.
 *
 * @example
 * const store = sealedStore(redisStore({ client }), keyturn);
 * await app.register(keyturnFastify, { keyturn, store });
 *
 * @throws KeyturnError `sealer_unavailable`, `purpose_undeclared`, `purpose_sealed`, `purpose_lifetime`,
 * `store_invalid`
 */
export function sealedStore(
  store: SessionStore,
  keyturn: Keyturn,
  options: SealedStoreOptions = {},
): SessionStore {
  requireOptions(options, 'sealedStore(store, keyturn, options)', OPTIONS);
  const { purpose = 'session-at-rest', plain = 'refuse' } = options;
  if (!['refuse', 'accept', 'write'].includes(plain)) {
    throw new KeyturnError(
      'store_invalid',
      'the option plain of sealedStore() is not a known word',
      'set it to "refuse", "accept" or "write"',
    );
  }
  // Asked for with the longest life of a record, so that a purpose declared with less is found now, and a rotation
  // keeps the key until the last record that it has sealed is gone.
  const maxAge = options.maxAge ?? `${longestSession(internalsOf(keyturn).settings)}s`;
  const inner = requireStore(store, 'sealedStore(store, keyturn)');
  return sealWith(keyturn.sealer<string>(purpose, { maxAge }), inner, plain);
}
