// Sessions in this process: for development, tests and single-process apps that may forget on restart.
import { type OptionNames, requireCount, requireOptions } from '../../config/options.js';
import { systemClock } from '../../process/clock.js';
import type {
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './contract.js';
import {
  isName,
  keptUserOf,
  notesOf,
  requireId,
  requireMoment,
  requireRecord,
  requireUser,
} from './validate.js';

/** What `memoryStore()` takes. */
export interface MemoryStoreOptions {
  /** Milliseconds since 1970; default: `Date.now`. */
  readonly clock?: () => number;
  /**
   * The most sessions kept, and the most ids of ended ones; beyond it those go first that were written least
   * recently. Default: 100,000.
   */
  readonly limit?: number;
}

const OPTIONS: OptionNames<MemoryStoreOptions> = { clock: true, limit: true };

/** So many records are looked at with every write, round and round, so that expired ones go without a timer. */
const SWEEP = 4;

interface Tombstone {
  readonly at: number;
  readonly next: string | undefined;
  /** Until when it is remembered. */
  readonly until: number;
}

/** A {@link SessionStore} in memory. Answers at once, and never with a promise. */
export interface MemoryStore extends SessionStore {
  /** How much is held, expired entries included until they are swept. */
  readonly size: { readonly sessions: number; readonly tombstones: number };
  get(id: string): StoredSession | undefined;
  put(id: string, record: SessionRecord, expected: number): PutOutcome;
  touch(id: string, expiresAt: number, seenAt?: number): boolean;
  destroy(id: string, until: number, next?: string): boolean;
  ended(id: string): EndedSession | undefined;
  listUser(user: string | number): readonly UserSession[];
}

/**
 * Sessions in the memory of this process: gone with it, and not shared.
 *
 * @example
 * await app.register(keyturnFastify, { store: memoryStore({ limit: 10_000 }) });
 *
 * @throws KeyturnError `argument_invalid`
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  requireOptions(options, 'memoryStore(options)', OPTIONS);
  return new StoreInMemory(options);
}

class StoreInMemory implements MemoryStore {
  readonly #clock: () => number;
  readonly #limit: number;
  // In the order of the last write or touch. Which expires first this does not say: each may have a length of its own.
  readonly #sessions = new Map<string, StoredSession>();
  readonly #tombstones = new Map<string, Tombstone>();
  readonly #byUser = new Map<string, Set<string>>();
  readonly #sweepSessions = rounds(this.#sessions);
  readonly #sweepTombstones = rounds(this.#tombstones);

  constructor(options: MemoryStoreOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#limit = requireCount(
      options.limit ?? 100_000,
      'the option limit of memoryStore()',
      1,
      'write how many sessions are kept at most: limit: 10_000',
    );
  }

  get size(): { readonly sessions: number; readonly tombstones: number } {
    return { sessions: this.#sessions.size, tombstones: this.#tombstones.size };
  }

  get(id: string): StoredSession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    if (session.expiresAt > this.#clock()) return session;
    this.#drop(id, session);
    return undefined;
  }

  put(id: string, given: SessionRecord, expected: number): PutOutcome {
    requireId(id);
    const record = requireRecord(given, keptUserOf);
    this.#sweep();
    if (this.ended(id) !== undefined) return 'gone';
    const stored = this.get(id);
    if (stored === undefined && expected !== 0) return 'gone';
    if ((stored?.version ?? 0) !== expected) return 'conflict';
    if (stored !== undefined) this.#drop(id, stored);
    this.#sessions.set(id, Object.freeze({ ...record, version: expected + 1 }));
    if (record.user !== undefined) {
      const ids = this.#byUser.get(record.user) ?? new Set();
      this.#byUser.set(record.user, ids.add(id));
    }
    this.#keepWithinLimit();
    return 'saved';
  }

  touch(id: string, expiresAt: number, seenAt?: number): boolean {
    const session = this.get(id);
    if (session === undefined) return false;
    const later = Math.max(session.expiresAt, requireMoment(expiresAt));
    this.#sessions.delete(id);
    const moved = { ...session, ...notesOf(seenAt, undefined), expiresAt: later };
    this.#sessions.set(id, Object.freeze(moved));
    return true;
  }

  destroy(id: string, until: number, next?: string): boolean {
    requireMoment(until);
    if (!isName(id)) return false;
    const session = this.get(id);
    if (session !== undefined) this.#drop(id, session);
    const { at, next: first, until: before = 0 } = this.#tombstone(id) ?? { at: this.#clock(), next };
    this.#tombstones.delete(id);
    this.#tombstones.set(id, { at, next: first, until: Math.max(until, before) });
    this.#sweep();
    this.#keepWithinLimit();
    return session !== undefined;
  }

  ended(id: string): EndedSession | undefined {
    const { at, next } = this.#tombstone(id) ?? {};
    if (at === undefined) return undefined;
    return next === undefined ? { at } : { at, next };
  }

  listUser(user: string | number): readonly UserSession[] {
    const found: UserSession[] = [];
    for (const id of this.#byUser.get(requireUser(user, keptUserOf)) ?? []) {
      const session = this.get(id);
      if (session === undefined) continue;
      const { createdAt, expiresAt, seenAt, label } = session;
      found.push({ id, createdAt, expiresAt, ...notesOf(seenAt, label) });
    }
    return found;
  }

  #tombstone(id: string): Tombstone | undefined {
    const found = this.#tombstones.get(id);
    return found !== undefined && found.until > this.#clock() ? found : undefined;
  }

  #drop(id: string, session: StoredSession): void {
    this.#sessions.delete(id);
    if (session.user === undefined) return;
    const ids = this.#byUser.get(session.user);
    ids?.delete(id);
    if (ids?.size === 0) this.#byUser.delete(session.user);
  }

  #keepWithinLimit(): void {
    for (const [id, session] of this.#sessions) {
      if (this.#sessions.size <= this.#limit) break;
      this.#drop(id, session);
    }
    for (const id of this.#tombstones.keys()) {
      if (this.#tombstones.size <= this.#limit) break;
      this.#tombstones.delete(id);
    }
  }

  #sweep(): void {
    const now = this.#clock();
    for (const [id, session] of this.#sweepSessions()) if (session.expiresAt <= now) this.#drop(id, session);
    for (const [id, { until }] of this.#sweepTombstones()) if (until <= now) this.#tombstones.delete(id);
  }
}

/** Gives the next few entries at each call, and begins again behind the last: what is added meanwhile comes, too. */
function rounds<Value>(map: ReadonlyMap<string, Value>): () => (readonly [string, Value])[] {
  let entries = map.entries();
  return () => {
    const few: (readonly [string, Value])[] = [];
    while (few.length < Math.min(SWEEP, map.size)) {
      const { done, value } = entries.next();
      if (done) entries = map.entries();
      else few.push(value);
    }
    return few;
  };
}
