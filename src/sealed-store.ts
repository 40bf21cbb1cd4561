// Sessions sealed at rest: a store around a store that encrypts the text of every record and ties it to the session's
// id and user, so that nobody who can write to the engine can give one session the content of another.

import { type OptionNames, requireOptions } from './config/options.js';
import { KeyturnError } from './errors.js';
import { internalsOf, type Keyturn } from './keyturn.js';
import { andThen } from './sessions/kind.js';
import type {
  Awaitable,
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './sessions/stores/contract.js';
import { requireStore } from './sessions/stores/require.js';
import { requireRecord } from './sessions/stores/validate.js';
import type { Sealer } from './signing/sealer.js';
import { SEALED } from './signing/token.js';

/** What `sealedStore()` takes. */
export interface SealedStoreOptions {
  /** The sealed purpose whose keys are used; default: `session-at-rest`. */
  readonly purpose?: string;
  /**
   * The longest that a record lives: seconds, or a text such as `"30d"`. Default: `session.max_age`. For refresh
   * tokens: theirs.
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
      'plain says something else than what sealedStore knows',
      'set it to "refuse", "accept" or "write"',
    );
  }
  // Asked for with the longest life of a record, so that a purpose declared with less is found now, and a rotation
  // keeps the key until the last record that it has sealed is gone.
  const maxAge = options.maxAge ?? `${internalsOf(keyturn).settings.get('session.max_age')}s`;
  const inner = requireStore(store, 'sealedStore(store, keyturn)');
  return new SealedStore(inner, keyturn.sealer<string>(purpose, { maxAge }), plain);
}

class SealedStore implements SessionStore {
  readonly #store: SessionStore;
  readonly #sealer: Sealer<string>;
  readonly #plain: 'refuse' | 'accept' | 'write';

  constructor(store: SessionStore, sealer: Sealer<string>, plain: 'refuse' | 'accept' | 'write') {
    this.#store = store;
    this.#sealer = sealer;
    this.#plain = plain;
  }

  get(id: string): Awaitable<StoredSession | undefined> {
    return andThen(this.#store.get(id), (stored) => stored && this.#open(id, stored));
  }

  put(id: string, given: SessionRecord, expected: number): Awaitable<PutOutcome> {
    const record = requireRecord(given);
    if (this.#plain === 'write') return this.#store.put(id, record, expected);
    const text = this.#sealer.seal(record.text, { bind: bindOf(id, record.user) });
    return this.#store.put(id, { ...record, text }, expected);
  }

  touch(id: string, expiresAt: number): Awaitable<boolean> {
    return this.#store.touch(id, expiresAt);
  }

  destroy(id: string, until: number, next?: string): Awaitable<boolean> {
    return this.#store.destroy(id, until, next);
  }

  ended(id: string): Awaitable<EndedSession | undefined> {
    return this.#store.ended?.(id);
  }

  listUser(user: string): Awaitable<readonly UserSession[]> {
    return this.#store.listUser(user);
  }

  /** Undefined when it does not open: a session that nobody vouches for is none. */
  #open(id: string, stored: StoredSession): StoredSession | undefined {
    if (!stored.text.startsWith(SEALED)) return this.#plain === 'refuse' ? undefined : stored;
    const opened = this.#sealer.open(stored.text, { bind: bindOf(id, stored.user) });
    return opened.ok ? { ...stored, text: opened.payload } : undefined;
  }
}

function bindOf(id: string, user: string | undefined): string {
  return JSON.stringify(user === undefined ? [id] : [id, user]);
}
