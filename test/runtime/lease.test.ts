// How long a shared ring is relied on: against what others can know of this process, and by clocks that lie.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LiveKeyring, type Moment } from '../../src/keyring/live.js';
import { RingLease } from '../../src/runtime/lease.js';
import { ringOf } from '../support/keyturn.js';
import { STRONG } from '../support/machine.js';

const MAX_LAG = 3;
const LEASE = 10;

/** Both clocks agree. @param seconds since the beginning */
const at = (seconds: number): Moment => ({
  now: 1_800_000_000_000 + seconds * 1000,
  monotonic: seconds * 1000,
});
/** One that things happen to. */
class Lease {
  is = new RingLease({ maxLag: MAX_LAG, lease: LEASE });

  heard(moment: Moment): void {
    this.is = this.is.heard(moment);
  }

  reported(begun: Moment, done: Moment): void {
    this.is = this.is.reported(begun, done);
  }

  silent(): void {
    this.is = this.is.silent();
  }

  get until(): Moment {
    return this.is.until;
  }
}
const lease = () => new Lease();
const secondsOf = ({ until }: Lease) => until.monotonic / 1000;

describe('a shared ring is relied on', () => {
  test('not at all before it was heard of', () => {
    const never = lease();
    expect(never.until.monotonic).toBe(Number.NEGATIVE_INFINITY);
    never.reported(at(0), at(0));
    expect(never.until.monotonic).toBe(Number.NEGATIVE_INFINITY);
  });

  test('for `max_lag` without a report, and for a lease with one', () => {
    const one = lease();
    one.heard(at(0));
    expect(secondsOf(one)).toBe(MAX_LAG);
    one.reported(at(1), at(2));
    expect(secondsOf(one)).toBe(LEASE);
    one.heard(at(5));
    expect(secondsOf(one)).toBe(1 + LEASE);
    one.reported(at(6), at(7));
    expect(secondsOf(one)).toBe(5 + LEASE);
  });

  test('no longer than `max_lag` for a report that came later: what it would have held up may have happened', () => {
    const one = lease();
    one.heard(at(0));
    one.reported(at(1), at(MAX_LAG));
    expect(secondsOf(one)).toBe(MAX_LAG);
    one.heard(at(2));
    expect(secondsOf(one)).toBe(1 + LEASE);
  });

  test('no longer than `max_lag` after a gap between two reports', () => {
    const one = lease();
    one.reported(at(0), at(0));
    one.heard(at(6));
    one.reported(at(9), at(LEASE));
    expect(secondsOf(one)).toBe(6 + LEASE);
    const other = lease();
    other.reported(at(0), at(0));
    other.heard(at(6));
    other.reported(at(9), at(LEASE + 1));
    expect(secondsOf(other)).toBe(6 + MAX_LAG);
  });

  test('for `max_lag` after the goodbye', () => {
    const one = lease();
    one.heard(at(0));
    one.reported(at(0), at(0));
    one.silent();
    expect(secondsOf(one)).toBe(MAX_LAG);
  });

  test('no longer than `max_lag` with a ring that has not been reported, nor when it is reported too late', () => {
    for (const [done, until] of [
      [2, 1 + LEASE],
      [1 + MAX_LAG, 1 + MAX_LAG],
    ] as const) {
      const one = lease();
      one.heard(at(0));
      one.reported(at(0), at(0));
      one.heard(at(1));
      one.silent();
      expect(secondsOf(one)).toBe(1 + MAX_LAG);
      one.reported(at(1), at(done));
      expect(secondsOf(one)).toBe(until);
    }
  });

  test('by the more careful of two clocks', () => {
    const one = lease();
    const slept = (seconds: number, by: number): Moment => ({
      ...at(seconds + by),
      monotonic: seconds * 1000,
    });
    one.reported(at(0), at(0));
    one.heard(at(6));
    // The machine slept for 5 s: the report had expired.
    one.reported(slept(8, 5), slept(8, 5));
    expect(secondsOf(one)).toBe(6 + MAX_LAG);
  });

  test('whatever happens in whatever order: nobody can have decided anything in between', () => {
    const event = fc.record({
      what: fc.constantFrom('hears', 'reports'),
      pause: fc.integer({ min: 0, max: LEASE + 2 }),
      takes: fc.integer({ min: 0, max: LEASE + 2 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const one = lease();
        let heard: number | undefined;
        const covered = new Set<number>();
        let time = 0;
        for (const { what, pause, takes } of events) {
          if (what === 'hears') {
            // It may have begun before the report of before was done.
            time += pause;
            heard = Math.max(heard ?? 0, time - takes);
            one.heard(at(heard));
          } else {
            const begun = time + pause;
            time = begun + takes;
            one.reported(at(begun), at(time));
            // It was written at some moment in between: certain is what it holds up in any case.
            for (let moment = time; moment < begun + LEASE; moment++) covered.add(moment);
          }
          if (heard === undefined) continue;
          // Whoever decides at a moment may have published, a lag before, what this process has not heard of.
          for (let decided = heard + MAX_LAG; decided < secondsOf(one); decided++)
            expect(covered.has(decided)).toBe(true);
          expect(secondsOf(one)).toBeLessThanOrEqual(heard + LEASE);
          expect(secondsOf(one)).toBeGreaterThanOrEqual(heard + MAX_LAG);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the lease of a ring in force', () => {
  const clocks = () => {
    const time = { now: 1_800_000_000_000, monotonic: 5000 };
    const live = new LiveKeyring(
      ringOf([STRONG, 'active']),
      () => time.now,
      () => time.monotonic,
    );
    const pass = (seconds: number) => {
      time.now += seconds * 1000;
      time.monotonic += seconds * 1000;
    };
    const hold = (seconds: number) =>
      live.holdUntil({ now: time.now + seconds * 1000, monotonic: time.monotonic + seconds * 1000 });
    return { time, live, pass, hold };
  };
  const expired = expect.objectContaining({ code: 'keyring_unavailable', status: 503 });

  test('is looked at whenever something is to be signed', () => {
    const { live, pass, hold } = clocks();
    hold(10);
    pass(9.999);
    live.requireFresh();
    pass(0.001);
    expect(live.requireFresh.bind(live)).toThrow(expired);
    expect(live.current.active.live).toBe(true);
    hold(10);
    live.requireFresh();
  });

  test('ends at once when the clock has jumped', () => {
    const { live, time, hold } = clocks();
    hold(10);
    time.now += 11_000;
    expect(live.fresh).toBe(false);
  });

  test('ends at once when the clock was put back, until the ring is heard of', () => {
    const { live, time, hold } = clocks();
    hold(10);
    expect(live.fresh).toBe(true);
    time.now -= 600_000;
    expect(live.fresh).toBe(false);
    time.now += 600_000;
    expect(live.fresh).toBe(false);
    hold(10);
    expect(live.fresh).toBe(true);
  });

  test('is not a moment longer where the clock is put back little by little, or unseen', () => {
    for (const step of [100, 900, 300_000]) {
      const { live, time, pass, hold } = clocks();
      hold(10);
      for (let second = 0; second < 10; second++) {
        pass(1);
        time.now -= step;
      }
      pass(0.001);
      expect(live.fresh).toBe(false);
    }
  });

  test('is without end where there is none', () => {
    const { live, pass } = clocks();
    pass(1e9);
    expect(live.fresh).toBe(true);
    live.requireFresh();
    const none = new LiveKeyring(undefined, () => 0);
    expect(none.fresh).toBe(false);
  });
});
