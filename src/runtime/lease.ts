// How long a process relies on a shared ring that it cannot hear of. test/keyring/model explores it together with the
// transitions: it is one half of the promise that nobody ready refuses a token, and reports are the other.
import type { Moment } from '../keyring/live.js';

/** Seconds. */
export interface LeaseTimes {
  readonly maxLag: number;
  readonly lease: number;
}

const NEVER: Moment = { now: 0, steady: Number.NEGATIVE_INFINITY };

/**
 * Within `maxLag` of hearing of the ring nothing can have been decided that this process does not know. For longer than
 * that only while its report holds up whoever decides: without a gap from then on, until its lease or that of the
 * report ends.
 */
export class RingLease {
  readonly #times: LeaseTimes;
  #heard: Moment = NEVER;
  #reported: Moment = NEVER;
  /** Since then one report has followed the other before the former expired. */
  #reportedSince: Moment = NEVER;

  constructor(times: LeaseTimes) {
    this.#times = times;
  }

  /** The ring in force was the one in the store, at that moment or later. */
  heard(at: Moment): void {
    this.#heard = at;
  }

  /**
   * A report was written, which holds for a lease.
   *
   * @param begun it was written at that moment or later
   * @param done it was there by then
   */
  reported(begun: Moment, done: Moment): void {
    if (!within(this.#reported, done, this.#times.lease)) this.#reportedSince = done;
    this.#reported = begun;
  }

  /** There is no report any more. */
  silent(): void {
    this.#reported = NEVER;
  }

  /** Until when the ring is relied on. */
  get until(): Moment {
    const { maxLag, lease } = this.#times;
    const known = later(this.#heard, maxLag);
    // A report that came later holds up what is decided from then on, and not what was before.
    if (!within(this.#heard, this.#reportedSince, maxLag)) return known;
    return last(known, later(first(this.#heard, this.#reported), lease));
  }
}

// By both clocks each, and where they differ by the one that is more careful.

function within(from: Moment, to: Moment, seconds: number): boolean {
  return to.now - from.now <= seconds * 1000 && to.steady - from.steady <= seconds * 1000;
}

function later({ now, steady }: Moment, seconds: number): Moment {
  return { now: now + seconds * 1000, steady: steady + seconds * 1000 };
}

function first(one: Moment, other: Moment): Moment {
  return { now: Math.min(one.now, other.now), steady: Math.min(one.steady, other.steady) };
}

function last(one: Moment, other: Moment): Moment {
  return { now: Math.max(one.now, other.now), steady: Math.max(one.steady, other.steady) };
}
