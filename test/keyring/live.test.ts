// The ring in force, held by a lease: nothing is signed once either clock says that it has run out.
import { describe, expect, test } from 'vitest';
import { LiveKeyring } from '../../src/keyring/live.js';
import { ringOf, SECRET } from '../support/keyturn.js';

const START = Date.UTC(2026, 0, 1);
const unavailable = expect.objectContaining({ code: 'keyring_unavailable' });

function setUp(ring: ReturnType<typeof ringOf> | undefined = ringOf([SECRET, 'active'])) {
  const clocks = { now: START, monotonic: 5000 };
  const live = new LiveKeyring(
    ring,
    () => clocks.now,
    () => clocks.monotonic,
  );
  return { clocks, live };
}

describe('what must be fresh before anything is signed', () => {
  test('is, where no lease holds it', () => {
    const { clocks, live } = setUp();
    clocks.now += 1e12;
    clocks.monotonic += 1e12;
    expect(() => live.requireFresh()).not.toThrow();
    expect(live.fresh).toBe(true);
  });

  test.each([
    'now',
    'monotonic',
  ] as const)('is until the lease ends by the clock "%s", to the millisecond', (clock) => {
    const { clocks, live } = setUp();
    live.holdUntil({ now: START + 1000, monotonic: 6000 });
    clocks[clock] += 999;
    expect(() => live.requireFresh()).not.toThrow();
    expect(live.fresh).toBe(true);
    clocks[clock] += 1;
    expect(() => live.requireFresh()).toThrow(unavailable);
    expect(live.fresh).toBe(false);
    // It still verifies.
    expect(live.current.active.id).toBe(ringOf([SECRET, 'active']).active.id);
  });

  test('is again once the lease is renewed', () => {
    const { clocks, live } = setUp();
    live.holdUntil({ now: START + 1000, monotonic: 6000 });
    clocks.now += 2000;
    clocks.monotonic += 2000;
    expect(() => live.requireFresh()).toThrow(unavailable);
    live.holdUntil({ now: clocks.now + 1000, monotonic: clocks.monotonic + 1000 });
    expect(() => live.requireFresh()).not.toThrow();
  });

  test('is not, after a clock was set back: how much time has passed nobody can tell', () => {
    const { clocks, live } = setUp();
    live.holdUntil({ now: START + 900_000, monotonic: 905_000 });
    clocks.now -= 3_600_000;
    expect(live.fresh).toBe(false);
    clocks.now += 3_600_000;
    expect(() => live.requireFresh()).toThrow(unavailable);
  });

  test('is not before the first ring was found, and says that none was', () => {
    const clocks = { now: START, monotonic: 0 };
    const live = new LiveKeyring(
      undefined,
      () => clocks.now,
      () => clocks.monotonic,
    );
    expect(live.fresh).toBe(false);
    expect(() => live.current).toThrow(unavailable);
    live.holdUntil({ now: START + 1000, monotonic: 1000 });
    expect(() => live.requireFresh()).toThrow(unavailable);
    expect(live.fresh).toBe(false);
  });
});
