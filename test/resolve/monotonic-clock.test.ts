// The clock that nobody sets: which one it is, and that it goes on.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { thisMachine } from '../../src/resolve/machine.js';
import { monotonicClock, privateClock } from '../../src/resolve/monotonic-clock.js';

test('goes on, in whole milliseconds', () => {
  const before = monotonicClock();
  const after = monotonicClock();
  expect(after.clock).toBe(before.clock);
  expect(after.shows).toBeGreaterThanOrEqual(before.shows);
  expect(Number.isSafeInteger(after.shows)).toBe(true);
});

test.runIf(process.platform === 'linux')(
  'is that of this boot, which every process of the machine finds',
  () => {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    expect([`boot ${id}`, expect.stringMatching(/^process /)]).toContainEqual(monotonicClock().clock);
  },
);

describe('where a clock is given for the time of day', () => {
  test('it goes by that, under a name that nobody else finds', () => {
    let now = 5;
    const machine = thisMachine({ now: () => now });
    const { clock } = machine.monotonic();
    now = 7.9;
    expect(machine.monotonic()).toEqual({ clock, shows: 7 });
    expect(privateClock(() => 1)().clock).not.toBe(privateClock(() => 1)().clock);
    expect(thisMachine({ now: () => now }).monotonic().clock).not.toBe(clock);
  });
});
