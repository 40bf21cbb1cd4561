// How long a process relies on a shared ring that it cannot hear of. test/keyring/model explores it together with the
// transitions: it is one half of the promise that nobody ready refuses a token, and reports are the other.
import type { Moment } from '../keyring/live.js';

/** Seconds. */
interface LeaseTimes {
  readonly maxLag: number;
  readonly lease: number;
}

const NEVER: Moment = { now: 0, monotonic: Number.NEGATIVE_INFINITY };

/** What is known of when. */
interface LeaseFacts {
  readonly heard: Moment;
  readonly reported: Moment;
  /** Since then one report has followed the other before the former expired. */
  readonly reportedSince: Moment;
}

/**
 * Within `maxLag` of hearing of the ring nothing can have been decided that this process does not know. For longer than
 * that only while its report holds up whoever decides, and says what it signs with: without a gap from then on, until
 * its lease or that of the report ends. A value: each event makes another one.
 */
export class RingLease {
  readonly facts: LeaseFacts;
  readonly #times: LeaseTimes;

  constructor(times: LeaseTimes, facts: Partial<LeaseFacts> = {}) {
    this.#times = times;
    this.facts = { heard: NEVER, reported: NEVER, reportedSince: NEVER, ...facts };
  }

  /** The ring in force was the one in the store, at that moment or later. */
  heard(at: Moment): RingLease {
    return new RingLease(this.#times, { ...this.facts, heard: at });
  }

  /**
   * A report of the ring in force was written, which holds for a lease.
   *
   * @param begun it was written at that moment or later
   * @param done it was there by then
   */
  reported(begun: Moment, done: Moment): RingLease {
    const { reported, reportedSince } = this.facts;
    const followed = within(reported, done, this.#times.lease);
    return new RingLease(this.#times, {
      ...this.facts,
      reported: begun,
      reportedSince: followed ? reportedSince : done,
    });
  }

  /** There is no report any more, or another ring is in force. Nobody knows what is signed with it until it is reported. */
  silent(): RingLease {
    return new RingLease(this.#times, { ...this.facts, reported: NEVER });
  }

  /** The moment from which on the ring is relied on no more. */
  get until(): Moment {
    const { maxLag, lease } = this.#times;
    const { heard, reported, reportedSince } = this.facts;
    const known = later(heard, maxLag);
    // A report that came later holds up what is decided from then on, and not what was before.
    if (!isBefore(reportedSince, known)) return known;
    return last(known, later(first(heard, reported), lease));
  }
}

// By both clocks each, and where they differ by the one that is more careful.

function within(from: Moment, to: Moment, seconds: number): boolean {
  return to.now - from.now <= seconds * 1000 && to.monotonic - from.monotonic <= seconds * 1000;
}

function isBefore(one: Moment, other: Moment): boolean {
  return one.now < other.now && one.monotonic < other.monotonic;
}

function later({ now, monotonic }: Moment, seconds: number): Moment {
  return { now: now + seconds * 1000, monotonic: monotonic + seconds * 1000 };
}

function first(one: Moment, other: Moment): Moment {
  return { now: Math.min(one.now, other.now), monotonic: Math.min(one.monotonic, other.monotonic) };
}

function last(one: Moment, other: Moment): Moment {
  return { now: Math.max(one.now, other.now), monotonic: Math.max(one.monotonic, other.monotonic) };
}
