// The keyring in force where nothing takes its place while the process lives, as far as anybody can foresee. What is
// scheduled in it comes into force all the same.
import type { KeyturnError } from '../errors.js';
import type { Keyring } from './keyring.js';
import { applyScheduled, nextScheduledAt } from './scheduled.js';

/** Told after the ring in force has changed; `former` is undefined when there was none before. Must not throw. */
type RingListener = (keyring: Keyring, former: Keyring | undefined) => void;

export class SteadyRing {
  readonly #clock: () => number;
  readonly #listeners = new Set<RingListener>();
  /** As it was found, scheduled changes still to come. */
  #found: Keyring | undefined;
  #current: Keyring | undefined;
  /** What comes into force by the clock alone, and when. */
  #due: { readonly at: number; readonly found: Keyring } | undefined;
  /** What has taken its place, for whoever holds this one. */
  #heir: SteadyRing | undefined;

  /**
   * @param keyring undefined: one that is found later
   * @param clock milliseconds since 1970; asked only while a change is scheduled
   */
  constructor(keyring: Keyring | undefined, clock: () => number) {
    this.#clock = clock;
    if (keyring !== undefined) this.#put(keyring, applyScheduled(keyring, clock()));
  }

  /** @throws KeyturnError `keyring_unavailable` before the first one was found */
  get current(): Keyring {
    if (this.#heir !== undefined) return this.#heir.current;
    if (this.#due !== undefined && this.#clock() >= this.#due.at) this.settle(this.#due.found);
    return this.#current ?? this.missing();
  }

  /** As it was found, scheduled changes still to come; undefined before the first one was. */
  get found(): Keyring | undefined {
    return this.#heir === undefined ? this.#found : this.#heir.found;
  }

  /** Whether the ring is there, and may sign: then the process is ready. */
  get fresh(): boolean {
    return this.#heir === undefined ? this.#current !== undefined : this.#heir.fresh;
  }

  /** Why nothing is signed. */
  get stopped(): KeyturnError | undefined {
    return this.#heir?.stopped;
  }

  /** Looked at before anything is signed. @throws KeyturnError `keyring_unavailable` */
  requireFresh(): void {
    this.#heir?.requireFresh();
  }

  /** From now on it is what the other one is, one that can change; whoever listens to this one hears of it. */
  giveWayTo(heir: SteadyRing): void {
    this.#heir = heir;
    heir.onChange((current, former) => {
      for (const listener of this.#listeners) listener(current, former);
    });
  }

  /** @returns a function that stops listening */
  onChange(listener: RingListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  protected missing(): never {
    throw new TypeError('there is no keyring');
  }

  /** What is in force of a ring that was found. */
  protected effective(found: Keyring, now: number): Keyring {
    return applyScheduled(found, now);
  }

  protected settle(found: Keyring): void {
    const former = this.#current;
    const current = this.effective(found, this.#clock());
    this.#put(found, current);
    for (const listener of this.#listeners) listener(current, former);
  }

  #put(found: Keyring, current: Keyring): void {
    this.#found = found;
    this.#current = current;
    const at = nextScheduledAt(current);
    this.#due = at === undefined ? undefined : { at, found };
  }
}
