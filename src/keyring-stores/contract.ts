// The contract of a place where a keyring is kept, and changed, for any number of processes: a file that they all see,
// or an engine. The steps of a key's life are the same everywhere.
import type { Fleet } from '../fleet/fleet.js';
import type { Keyring } from '../keyring/keyring.js';

/** Makes the next ring of the present one, or refuses by throwing; may look at facts meanwhile. */
export type RingChange = (ring: Keyring) => Keyring | Promise<Keyring>;

/** Keeps one keyring. Every implementation passes `test/keyring-stores/store-contract.ts`. */
export interface RingStore {
  /** What an operator calls the place. */
  readonly name: string;

  /** The processes that share the ring. */
  readonly fleet: Fleet;

  /**
   * The ring as it is kept.
   *
   * @throws KeyturnError `keyring_missing` where none is, and what keeps it from being read
   */
  read(): Promise<Keyring>;

  /**
   * Changes the ring, and nobody else meanwhile: `change` may be called more than once, each time with the newest
   * ring, and its last result is what is kept. Where it returns the ring that it was given, or throws, nothing is
   * changed.
   *
   * @returns the ring as it is kept now
   */
  change(change: RingChange): Promise<Keyring>;

  /**
   * By how many milliseconds the clock here is ahead of that of the place, behind it where negative; undefined where
   * nothing tells.
   *
   * @param ring by its keys, reports of its holders are told from others
   * @param skew the most by which clocks differ, in seconds
   * @param probes whether something may be written for it, and taken away; default: true
   */
  clockAhead(ring: Keyring, skew: number, probes?: boolean): Promise<number | undefined>;

  /** Keeps a first ring. False, and nothing is changed, where there is one already. */
  create(ring: Keyring): Promise<boolean>;
}
