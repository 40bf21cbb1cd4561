// A store around a store: whatever keeps the inner one from answering becomes one typed error, so that every app
// answers 503 and goes on, and nothing of a client's own error, which may hold addresses, reaches a visitor.
import { setTimeout as sleep } from 'node:timers/promises';
import { engineUnavailable } from '../../engines/ask.js';
import { failureOf } from '../../engines/failure.js';
import { KeyturnError } from '../../errors.js';
import { andThen, isThenable } from '../../signing/thenable.js';
import type {
  Awaitable,
  EndedSession,
  PutOutcome,
  SessionRecord,
  SessionStore,
  StoredSession,
  UserSession,
} from './contract.js';
import { isName, requireId, requireMoment, requireRecord, requireUser } from './validate.js';

/**
 * - `away`: reading fails; `back`: it works again
 * - `read-only`: it answers and takes no writes (out of memory, a replica, a full disk); `writable`: it takes them again
 */
export type StoreChange = 'away' | 'back' | 'read-only' | 'writable';

/** Told once of each change. @param error why, where something begins to fail */
type StoreListener = (change: StoreChange, error?: unknown) => void;

/** How a store was when it was last asked. */
export type StoreState = 'ok' | 'read-only' | 'unreachable';

/** In milliseconds. Reads must have gone well for so long: one that answers every other time is not back. */
const STEADY = 1000;

/** In milliseconds: a client that has found its connection dead needs a moment to make another one. */
const AGAIN_EVERY = 50;
const AGAIN_FOR = 1000;

/** Answers as the inner store does, at once or later. Throws, or rejects with, `engine_unavailable`. */
export class ReachableStore implements SessionStore {
  readonly #inner: SessionStore;
  readonly #listener: StoreListener | undefined;
  readonly #onDestroy = new Set<(id: string) => void>();
  #up = true;
  #writable = true;
  #failedAt = 0;
  #backAt = 0;

  constructor(inner: SessionStore, listener?: StoreListener) {
    this.#inner = inner;
    this.#listener = listener;
  }

  /** Undefined where nobody listens. */
  get state(): StoreState | undefined {
    if (this.#listener === undefined) return undefined;
    return this.#up ? (this.#writable ? 'ok' : 'read-only') : 'unreachable';
  }

  get(id: string): Awaitable<StoredSession | undefined> {
    return isName(id) ? this.#read(() => this.#inner.get(id)) : undefined;
  }

  put(id: string, given: SessionRecord, expected: number): Awaitable<PutOutcome> {
    requireId(id);
    const record = requireRecord(given);
    return this.#write(() => this.#inner.put(id, record, expected));
  }

  begin(id: string, given: SessionRecord): Awaitable<unknown> {
    if (this.#inner.begin === undefined) return this.put(id, given, 0);
    requireId(id);
    const record = requireRecord(given);
    return this.#write(() => this.#inner.begin?.(id, record));
  }

  touch(id: string, expiresAt: number, seenAt?: number): Awaitable<boolean> {
    requireMoment(expiresAt);
    return isName(id) ? this.#write(() => this.#inner.touch(id, expiresAt, seenAt)) : false;
  }

  destroy(id: string, until: number, next?: string): Awaitable<boolean> {
    requireMoment(until);
    if (!isName(id)) return false;
    const destroyed = this.#write(() => this.#inner.destroy(id, until, next));
    if (this.#onDestroy.size === 0) return destroyed;
    return andThen(destroyed, (lived) => {
      for (const told of this.#onDestroy) told(id);
      return lived;
    });
  }

  ended(id: string): Awaitable<EndedSession | undefined> {
    return isName(id) ? this.#read(() => this.#inner.ended?.(id)) : undefined;
  }

  listUser(user: string | number): Awaitable<readonly UserSession[]> {
    const owner = requireUser(user);
    return this.#read(() => this.#inner.listUser(owner));
  }

  /** Tells of each session that is ended by way of this object. */
  onDestroy(told: (id: string) => void): void {
    this.#onDestroy.add(told);
  }

  /** A read has failed. */
  failed(error: unknown): void {
    this.#failedAt = performance.now();
    if (!this.#up) return;
    this.#up = false;
    this.#listener?.('away', error);
  }

  #read<T>(ask: () => Awaitable<T>): Awaitable<T> {
    if (this.#listener === undefined) return asked(ask);
    const began = performance.now();
    return asked(
      () => this.#twice(ask),
      () => {
        // Of reads that overlap, those from before the failure prove nothing.
        if (this.#up || began - this.#failedAt < STEADY) return;
        this.#up = true;
        this.#backAt = performance.now();
        this.#listener?.('back');
      },
      (error) => {
        if (began >= this.#backAt && failureOf(error).kind !== 'busy') this.failed(error);
      },
    );
  }

  /**
   * Reads once more, as soon as there is a connection, where the first time may have found one that had died long
   * before, as after a freeze. Not while nothing can be reached: whoever waits would wait for nothing.
   */
  #twice<T>(ask: () => Awaitable<T>): Awaitable<T> {
    const answer = ask();
    if (!isThenable(answer)) return answer;
    return Promise.resolve(answer).catch(async (error) => {
      for (const end = performance.now() + AGAIN_FOR; ; ) {
        const isLost = !(error instanceof KeyturnError) && failureOf(error).kind === 'unreached';
        if (!this.#up || !isLost || performance.now() > end) throw error;
        await sleep(AGAIN_EVERY);
        try {
          return await ask();
        } catch (again) {
          error = again;
        }
      }
    });
  }

  #write<T>(ask: () => Awaitable<T>): Awaitable<T> {
    if (this.#listener === undefined) return asked(ask);
    return asked(
      ask,
      () => {
        if (this.#writable) return;
        this.#writable = true;
        this.#listener?.('writable');
      },
      (error) => {
        if (!this.#writable || failureOf(error).kind !== 'refused') return;
        this.#writable = false;
        this.#listener?.('read-only', error);
      },
    );
  }
}

function asked<T>(
  ask: () => Awaitable<T>,
  answered: () => void = () => {},
  failed: (error: unknown) => void = () => {},
): Awaitable<T> {
  const refuse = (error: unknown): never => {
    // An error of Keyturn itself does not mean that the engine is away.
    if (!(error instanceof KeyturnError)) failed(error);
    // Visitors are shown this message: without a reason.
    throw engineUnavailable(error, () => 'the place where sessions are kept cannot be reached');
  };
  let answer: Awaitable<T>;
  try {
    answer = ask();
  } catch (error) {
    return refuse(error);
  }
  if (!isThenable(answer)) {
    answered();
    return answer;
  }
  return Promise.resolve(answer).then((value) => {
    answered();
    return value;
  }, refuse);
}
