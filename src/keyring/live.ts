// The keyring in force in this process: one place that changes, so that everything else can be immutable.
import { KeyturnError } from '../errors.js';
import type { Keyring } from './keyring.js';
import { effective, nextChangeAt } from './transitions.js';

/** Told after the ring in force has changed. Must not throw. */
export type RingListener = (keyring: Keyring, former: Keyring) => void;

export class LiveKeyring {
  readonly #clock: () => number;
  readonly #listeners = new Set<RingListener>();
  /** As it was found, planned changes still to come. */
  #found: Keyring;
  #current: Keyring;
  #changesAt: number | undefined;

  /** @param clock milliseconds since 1970; asked only while a change is planned */
  constructor(keyring: Keyring, clock: () => number) {
    this.#clock = clock;
    this.#found = keyring;
    this.#current = effective(keyring, clock());
    this.#changesAt = nextChangeAt(this.#current);
  }

  get current(): Keyring {
    if (this.#changesAt !== undefined && this.#clock() >= this.#changesAt) this.#settle();
    return this.#current;
  }

  /**
   * Puts a ring in force that was found later.
   *
   * @returns false when it is the one in force already
   * @throws KeyturnError `keyring_outdated` for an older generation of the same ring, or another one of the same
   */
  replace(keyring: Keyring): boolean {
    refuseOlder(this.#found, keyring);
    if (keyring === this.#found || isSame(this.#found, keyring)) return false;
    this.#found = keyring;
    this.#settle();
    return true;
  }

  /** @returns a function that stops listening */
  onChange(listener: RingListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #settle(): void {
    const former = this.#current;
    this.#current = effective(this.#found, this.#clock());
    this.#changesAt = nextChangeAt(this.#current);
    for (const listener of this.#listeners) listener(this.#current, former);
  }
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

function isSame(one: Keyring, other: Keyring): boolean {
  return (
    one.id === other.id &&
    one.generation === other.generation &&
    one.fingerprint === other.fingerprint &&
    nextChangeAt(one) === nextChangeAt(other)
  );
}
