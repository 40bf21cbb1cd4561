// The contract of a session store. Stores keep versioned records and never interpret what is in them.

/** A value, or a promise of one: a store in memory answers at once, and then no promise is made. */
export type Awaitable<T> = T | Promise<T>;

/** What a store keeps of a session. Times in milliseconds since 1970. */
export interface SessionRecord {
  /** JSON text of the session's data and bindings. */
  readonly text: string;
  readonly createdAt: number;
  /** The store forgets the record then. */
  readonly expiresAt: number;
  /** Whose session it is, where the app says so: for listing and "sign out everywhere". */
  readonly user?: string;
}

/** A record as it is stored: its version is 1 at first and grows with every `put`. */
export interface StoredSession extends SessionRecord {
  readonly version: number;
}

/** One session of a user. */
export interface UserSession {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/**
 * - `saved`: it is durable, as far as the store is
 * - `conflict`: somebody else wrote since the expected version; nothing was changed
 * - `gone`: the session was destroyed or has expired; nothing was changed, and nothing may bring it back
 */
export type PutOutcome = 'saved' | 'conflict' | 'gone';

/**
 * Keeps sessions. Every implementation passes the suite `sessionStoreContract` of `keyturn/testing`.
 * Methods may throw (or reject) when the store is out of reach.
 */
export interface SessionStore {
  get(id: string): Awaitable<StoredSession | undefined>;
  /** Compare-and-set: writes only if the stored version is `expected`, 0 meaning that the id must be new. */
  put(id: string, record: SessionRecord, expected: number): Awaitable<PutOutcome>;
  /** Moves the expiry without a new version. False when the session is gone. */
  touch(id: string, expiresAt: number): Awaitable<boolean>;
  /** Ends a session and remembers its id until `until`, so that no slower request can bring it back. */
  destroy(id: string, until: number): Awaitable<void>;
  /** The live sessions of a user, in no particular order. */
  listUser(user: string): Awaitable<readonly UserSession[]>;
}
