// The keyring in force in this process: one place that changes, so that everything else can be immutable.
import { KeyturnError } from '../errors.js';
import type { Keyring } from './keyring.js';
import { effective, nextChangeAt } from './planned.js';

/** Told after the ring in force has changed; `former` is undefined when there was none before. Must not throw. */
export type RingListener = (keyring: Keyring, former: Keyring | undefined) => void;

/**
 * A moment by two clocks, in milliseconds: one shows the time since 1970 and can be put back; the other only goes on,
 * from any beginning, and stands still while the machine sleeps.
 */
export interface Moment {
  readonly now: number;
  readonly steady: number;
}

/** A clock that goes back by more than this, in milliseconds, was put back; by less it is only set right. */
const SET_RIGHT_MS = 1000;

export class LiveKeyring {
  readonly #clock: () => number;
  readonly #steady: () => number;
  readonly #listeners = new Set<RingListener>();
  /** As it was found, planned changes still to come. */
  #found: Keyring | undefined;
  #current: Keyring | undefined;
  #changesAt: number | undefined;
  /** Until when the ring may be relied on without hearing of it; undefined: without end. */
  #validUntil: Moment | undefined;
  /** The latest that the clock has shown. */
  #latest = 0;

  /**
   * @param keyring undefined: one that is found later
   * @param clock milliseconds since 1970; asked only while a change is planned, or a lease is held
   * @param steady milliseconds; never put back
   */
  constructor(
    keyring: Keyring | undefined,
    clock: () => number,
    steady: () => number = () => performance.now(),
  ) {
    this.#clock = clock;
    this.#steady = steady;
    this.#found = keyring;
    this.#current = keyring === undefined ? undefined : effective(keyring, clock());
    this.#changesAt = this.#current === undefined ? undefined : nextChangeAt(this.#current);
  }

  /** @throws KeyturnError `keyring_unavailable` before the first one was found */
  get current(): Keyring {
    if (this.#changesAt !== undefined && this.#clock() >= this.#changesAt) this.#settle(this.#found);
    return this.#current ?? notFound();
  }

  /** As it was found, planned changes still to come; undefined before the first one was. */
  get found(): Keyring | undefined {
    return this.#found;
  }

  /** Whether the ring is there and within its lease: then the process is ready. */
  get fresh(): boolean {
    if (this.#validUntil === undefined) return this.#current !== undefined;
    const now = this.#clock();
    // How much time has passed since nobody can tell then, and the lease of the others goes by another clock.
    if (now < this.#latest - SET_RIGHT_MS) this.#validUntil = { now: 0, steady: 0 };
    this.#latest = Math.max(this.#latest, now);
    return (
      this.#current !== undefined && now < this.#validUntil.now && this.#steady() < this.#validUntil.steady
    );
  }

  /** Now, by the clocks that a lease goes by. */
  get moment(): Moment {
    return { now: this.#clock(), steady: this.#steady() };
  }

  /**
   * Looked at before anything is signed: not by a timer, since a process that was stopped for an hour, and goes on,
   * has had none.
   *
   * @throws KeyturnError `keyring_unavailable`
   */
  requireFresh(): void {
    if (this.#validUntil === undefined || this.fresh) return;
    if (this.#current === undefined) notFound();
    tooOld();
  }

  /** The ring is relied on before that moment only, by whichever clock is there first. */
  holdUntil(until: Moment): void {
    this.#latest = this.#clock();
    this.#validUntil = until;
  }

  /**
   * Puts a ring in force that was found later.
   *
   * @returns false when it is the one in force already
   * @throws KeyturnError `keyring_outdated` for an older generation of the same ring, or another one of the same
   */
  replace(keyring: Keyring): boolean {
    if (this.#found !== undefined) refuseOlder(this.#found, keyring);
    if (keyring === this.#found || (this.#found !== undefined && isSame(this.#found, keyring))) return false;
    this.#found = keyring;
    this.#settle(keyring);
    return true;
  }

  /** @returns a function that stops listening */
  onChange(listener: RingListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #settle(found: Keyring | undefined): void {
    if (found === undefined) return;
    const former = this.#current;
    const current = effective(found, this.#clock());
    this.#current = current;
    this.#changesAt = nextChangeAt(current);
    for (const listener of this.#listeners) listener(current, former);
  }
}

function notFound(): never {
  throw new KeyturnError(
    'keyring_unavailable',
    'this process has no keyring yet: it could not be read from the store where replicas share it',
    'the log says why; send requests elsewhere until it is ready',
  );
}

function tooOld(): never {
  throw new KeyturnError(
    'keyring_unavailable',
    'this process has not heard of its shared keyring for longer than its lease, and signs nothing',
    'the log says why; send requests elsewhere until it is ready',
  );
}

/** A process never takes an older ring for a newer one: a restart is the way to say that it should. */
function refuseOlder(present: Keyring, found: Keyring): void {
  if (present.id === undefined) return;
  if (found.id === undefined) {
    throw new KeyturnError(
      'keyring_outdated',
      'the source holds no keyring document any more, and one is in force',
      'put the document back, or restart the process to go without one on purpose',
    );
  }
  if (found.id !== present.id) return;
  if (found.generation < present.generation) {
    throw new KeyturnError(
      'keyring_outdated',
      `the keyring found has generation ${found.generation}, and ${present.generation} is in force`,
      'put the newest document back, or restart the process to go back on purpose',
    );
  }
  if (found.generation === present.generation && !isSame(present, found)) {
    throw new KeyturnError(
      'keyring_outdated',
      `the keyring found differs from the one in force, and both are generation ${found.generation}`,
      'change it with keyturn commands, which raise the generation, or raise it by hand',
    );
  }
}

/** Whether one is a later generation of the same ring than the other. */
export function isNewer(one: Keyring, other: Keyring): boolean {
  return one.id !== undefined && one.id === other.id && one.generation > other.generation;
}

/**
 * Whether one is another ring that was begun after the other, and has only just begun: the store was empty for a
 * moment, and somebody took it for a new one.
 */
export function isLaterBeginning(one: Keyring, other: Keyring): boolean {
  const [beginning] = one.history;
  if (one.id === other.id || one.generation !== 1 || beginning === undefined) return false;
  return beginning.at > (other.history[0]?.at ?? 0);
}

/** @throws KeyturnError `keyring_outdated` unless the ring that was found may take the place of the present one */
export function requireNoOlder(present: Keyring | undefined, found: Keyring): void {
  if (present !== undefined) refuseOlder(present, found);
}

function isSame(one: Keyring, other: Keyring): boolean {
  return (
    one.id === other.id &&
    one.generation === other.generation &&
    one.fingerprint === other.fingerprint &&
    nextChangeAt(one) === nextChangeAt(other)
  );
}
