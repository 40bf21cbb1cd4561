// The contract of a session store. Stores keep versioned records and never interpret what is in them.

/** A value, or a promise of one: a store in memory answers at once, and then no promise is made. */
export type Awaitable<T> = T | Promise<T>;

/** What users want to know of their sessions. A store may leave it out: then nobody is told. */
export interface SessionNotes {
  /** When it was last used, in milliseconds since 1970; noted now and then, and not with each request. */
  readonly seenAt?: number;
  /** What the app calls it, such as the browser; 256 characters at most. */
  readonly label?: string;
}

/** What a store keeps of a session. Times in milliseconds since 1970. */
export interface SessionRecord extends SessionNotes {
  /** JSON text of the session's data and bindings. */
  readonly text: string;
  /** When the session began. */
  readonly createdAt: number;
  /** The store forgets the record then. */
  readonly expiresAt: number;
  /** Whose session it is, where the app says so: for listing and "sign out everywhere". */
  readonly user?: string;
}

/** A record as it is stored: its version is 1 at first and grows with every `put`. */
export interface StoredSession extends SessionRecord {
  /** 1 at first, one more with every `put`. */
  readonly version: number;
}

/** One session of a user. */
export interface UserSession extends SessionNotes {
  readonly id: string;
  /** When it began, in milliseconds since 1970. */
  readonly createdAt: number;
  /** When it ends if it is not used before, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** That a session has been ended. */
export interface EndedSession {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** The id of the session that took its place, where it was not signed out but got a new id. */
  readonly next?: string;
}

/**
 * - `saved`: it is durable, as far as the store is
 * - `conflict`: somebody else wrote since the expected version; nothing was changed
 * - `gone`: the session was destroyed or has expired; nothing was changed, and nothing may bring it back
 */
export type PutOutcome = 'saved' | 'conflict' | 'gone';

/**
 * Keeps sessions. Adapters hand over only ids, users and texts that any engine can keep, and users always as texts. Every
 * implementation passes the suite `sessionStoreContract` of `keyturn/testing`.
 * Methods may throw (or reject) when the store is out of reach.
 */
export interface SessionStore {
  /**
   * How far a compare-and-set reaches. `in-process`: of two processes that write one session at the same moment the later
   * one wins, as where an engine's client has none; a start says so in the log. Default: everywhere.
   */
  readonly compareAndSet?: 'in-process';
  /** The session of an id; undefined for one that has ended, has expired or never was. */
  get(id: string): Awaitable<StoredSession | undefined>;
  /** Compare-and-set: writes only if the stored version is `expected`, 0 meaning that the id must be new. */
  put(id: string, record: SessionRecord, expected: number): Awaitable<PutOutcome>;
  /**
   * Keeps the first record, version 1, of an id that nobody can have used before, since it is random. For stores that would
   * have to ask first in `put`; without it that is called.
   */
  begin?(id: string, record: SessionRecord): Awaitable<unknown>;
  /**
   * Lets a session live longer without a new version: an expiry that is later already stays. False when the session is
   * gone.
   *
   * @param seenAt as {@link SessionNotes.seenAt}; undefined: what is kept stays
   */
  touch(id: string, expiresAt: number, seenAt?: number): Awaitable<boolean>;
  /**
   * Ends a session, or what could become one, and remembers its id until `until`, so that no slower request can bring
   * it back. Of one that has ended already the first `at` and `next` stay.
   *
   * @param next the session that takes its place
   * @returns true when it lived until now: of several that end it at once exactly one is told so
   */
  destroy(id: string, until: number, next?: string): Awaitable<boolean>;
  /**
   * What is remembered of an ended session; undefined for one that lives, has expired, or never was. Without it requests
   * that a sign-in has overtaken begin sessions of their own, and a sign-out that was sent with the id from before a
   * change of id ends nothing.
   */
  ended?(id: string): Awaitable<EndedSession | undefined>;
  /**
   * The live sessions of a user, in no particular order. Where one is saved and then another ended, a list that is
   * made meanwhile has at least one of the two.
   */
  listUser(user: string | number): Awaitable<readonly UserSession[]>;
}

/** A {@link SessionStore} that is asked over a network: every answer is a promise. */
export interface RemoteSessionStore extends SessionStore {
  get(id: string): Promise<StoredSession | undefined>;
  put(id: string, record: SessionRecord, expected: number): Promise<PutOutcome>;
  touch(id: string, expiresAt: number, seenAt?: number): Promise<boolean>;
  destroy(id: string, until: number, next?: string): Promise<boolean>;
  ended(id: string): Promise<EndedSession | undefined>;
  listUser(user: string | number): Promise<readonly UserSession[]>;
}
