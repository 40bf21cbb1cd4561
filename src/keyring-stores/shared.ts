// A keyring in an engine that all replicas reach: sealed under the root secret, changed by compare-and-set.

import { ask } from '../engines/ask.js';
import type { LineListener } from '../engines/watch.js';
import { KeyturnError } from '../errors.js';
import { aheadOf } from '../fleet/clock-difference.js';
import { randomName } from '../keyring/begin.js';
import type { ClockReadings } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import { openRing, type RingPlace, type Seal, sealRing, sealUnder } from '../keyring/sealed-ring.js';
import type { RingChange, RingStore } from './contract.js';
import { SharedFleet } from './shared-fleet.js';
import type { RingTable, Slot } from './table.js';

/** Under so many writers at once something is wrong, and an error helps more than patience. */
const ATTEMPTS = 100;
/** A write whose answer was lost is asked for again: it is the same write, so that twice does no harm. */
const ASK_AGAIN = 3;

/** The shared ring as it was found. */
export interface StoredRing extends Slot {
  readonly ring: Keyring;
  /** The ids of the roots that it is sealed under. */
  readonly roots: readonly string[];
}

interface SharedRingParts {
  readonly table: RingTable;
  /** What the secret in force and its companions make: all its live keys open the ring and seal it. */
  readonly roots: Keyring;
  /** Seconds. */
  readonly lease: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class SharedRingStore implements RingStore {
  readonly name: string;
  readonly fleet: SharedFleet;
  /** The root secrets as they are now: they can be rotated too. */
  roots: Keyring;
  readonly #table: RingTable;
  readonly #now: () => number;

  constructor({ table, roots, lease, now }: SharedRingParts) {
    this.#table = table;
    this.#now = now;
    this.roots = roots;
    this.name = table.name;
    this.fleet = new SharedFleet(table, lease, now);
  }

  /** @throws KeyturnError `engine_unavailable` */
  async prepare(): Promise<void> {
    await ask(this.name, () => this.#table.prepare());
  }

  /** The version of what is there; undefined when nothing is. @throws KeyturnError `engine_unavailable` */
  async version(): Promise<string | undefined> {
    return await ask(this.name, () => this.#table.version());
  }

  /**
   * What is there; undefined when nothing is.
   *
   * @throws KeyturnError `engine_unavailable`, `keyring_sealed`, `document_invalid`, `document_version`
   */
  async find(): Promise<StoredRing | undefined> {
    const slot = await ask(this.name, () => this.#table.read());
    return slot === undefined ? undefined : this.#open(slot);
  }

  async read(): Promise<Keyring> {
    return (await this.#findOne()).ring;
  }

  async change(change: RingChange): Promise<Keyring> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.#findOne();
      const next = await change(found.ring);
      if (next === found.ring || (await this.put(next, found))) return next;
    }
    throw new KeyturnError(
      'keyring_locked',
      `other writers keep changing the keyring in ${this.name}`,
      'try again',
    );
  }

  async create(ring: Keyring): Promise<boolean> {
    await this.prepare();
    return await this.put(ring, undefined);
  }

  /**
   * Writes a ring, sealed under all roots of this process, and under those that it was sealed under.
   *
   * @param over what was found there; undefined: nothing
   * @returns false when something else is there
   * @throws KeyturnError `engine_unavailable`, and what reading it would throw: whatever is wrong, what is kept stays
   */
  async put(ring: Keyring, over: StoredRing | undefined): Promise<boolean> {
    return await this.#write(sealRing(ring, this.#seal(over?.place), over?.text), over);
  }

  /**
   * Seals what was found under the roots of this process alone: whoever has no other secret opens it no more.
   *
   * @returns false when something else is there by now
   * @throws KeyturnError as {@link put}
   */
  async sealAnew(found: StoredRing): Promise<boolean> {
    return await this.#write(sealRing(found.ring, this.#seal(found.place)), found);
  }

  /**
   * Seals what was found under all roots of this process too. Those that it is sealed under stay.
   *
   * @returns false when something else is there by now
   * @throws KeyturnError `engine_unavailable`
   */
  async sealToo(found: StoredRing): Promise<boolean> {
    return await this.#write(sealUnder(found.text, this.name, this.#seal(found.place)), found);
  }

  /** Whether the ring is kept for the app without a name, and this process has one. */
  isToMove({ place }: StoredRing): boolean {
    return this.#table.move !== undefined && place !== undefined && place.app === undefined;
  }

  /**
   * Keeps what was found under the name of the app from now on.
   *
   * @returns false when something else is there by now
   * @throws KeyturnError `secret_differs` where others hold a secret that this process does not, `engine_unavailable`
   */
  async move({ ring, roots }: StoredRing): Promise<boolean> {
    const missing = roots.filter((kid) => this.roots.get(kid)?.live !== true);
    if (missing.length > 0) {
      throw new KeyturnError(
        'secret_differs',
        `the keyring in ${this.name} is sealed under ${missing.join(', ')} too, which is not here`,
        'run it with all secrets that replicas hold: previous and next ones belong to them',
      );
    }
    const slot = this.#newSlot(sealRing(ring, this.#seal()), undefined);
    return await ask(this.name, async () => (await this.#table.move?.(slot)) === true);
  }

  #newSlot(text: string, place: RingPlace | undefined): Slot {
    openRing(text, `what was to be written to ${this.name}`, this.#seal(place));
    return { version: randomName(), text, place };
  }

  async #write(text: string, over: StoredRing | undefined): Promise<boolean> {
    const slot = this.#newSlot(text, over?.place);
    for (let asked = 1; ; asked++) {
      try {
        return await ask(this.name, () => this.#table.write(slot, over?.version));
      } catch (error) {
        if (asked === ASK_AGAIN) throw error;
      }
    }
  }

  /** What the clock of the engine shows, by its name; nothing where it has none. @throws KeyturnError `engine_unavailable` */
  async clocks(): Promise<ClockReadings> {
    const found = await ask(this.name, () => this.#table.clock());
    return found === undefined ? {} : { [found.server]: found.shows };
  }

  /** @throws KeyturnError `engine_unavailable` */
  async clockAhead(): Promise<number | undefined> {
    const before = this.#now();
    const [shows] = Object.values(await this.clocks());
    return shows === undefined ? undefined : aheadOf(shows, before, this.#now());
  }

  /** See {@link RingTable.watch}. */
  async watch(told: () => void, onLoss?: LineListener): Promise<() => Promise<void>> {
    return await this.#table.watch(told, onLoss);
  }

  async #findOne(): Promise<StoredRing> {
    const found = await this.find();
    if (found !== undefined) return found;
    throw new KeyturnError(
      'keyring_missing',
      `there is no keyring in ${this.name} yet`,
      'make the first one with keyturn init; where replicas run that hold one, they put it back',
    );
  }

  #open(slot: Slot): StoredRing {
    return { ...slot, ...openRing(slot.text, this.name, this.#seal(slot.place)) };
  }

  #seal(place: RingPlace = this.#table.place): Seal {
    const roots = this.roots.live.flatMap(({ material }) => material ?? []);
    return { place, roots };
  }
}
