// The keyring in force in this process: one place that changes, so that everything else can be immutable.
import type { Keyring } from './keyring.js';

/** Told after the ring in force has changed. */
export type RingListener = (keyring: Keyring, former: Keyring) => void;

export class LiveKeyring {
  #current: Keyring;
  readonly #listeners = new Set<RingListener>();

  constructor(keyring: Keyring) {
    this.#current = keyring;
  }

  get current(): Keyring {
    return this.#current;
  }

  replace(keyring: Keyring): void {
    const former = this.#current;
    if (keyring === former) return;
    this.#current = keyring;
    for (const listener of this.#listeners) listener(keyring, former);
  }

  /** @returns a function that stops listening */
  onChange(listener: RingListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
