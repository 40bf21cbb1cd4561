// The scale of the model: everything that a duration can be compared with, in ticks.
import type { ClockReadings, Lifetimes } from '../../../src/keyring/key.js';

/** The longest time from publishing a ring until every ready replica has it. */
export const LAG = 1;
/** The most by which two clocks differ. Every clock shows the true time plus 0 to this many ticks. */
export const SKEW = 1;
/** How long a token lives. */
export const LIFETIME = 2;

/** What a clock may be ahead of the true time. */
export const CLOCKS: readonly number[] = Array.from({ length: SKEW + 1 }, (_, ahead) => ahead);

const TICK_SECONDS = 1000;
/** Any moment will do: what happens is relative to it. */
const PRESENT = Date.parse('2026-11-20T12:00:00Z');

/** The moment so many ticks from now, for the transition functions: milliseconds since 1970. */
export function moment(ticks: number): number {
  return PRESENT + ticks * TICK_SECONDS * 1000;
}

/** What the clock of an operator's machine shows that nobody sets: true time has passed by it. */
export const STEADY: ClockReadings = { machine: moment(0) };

/** The inverse of {@link moment}. */
export function ticksUntil(date: number): number {
  return (date - PRESENT) / (TICK_SECONDS * 1000);
}

/** The durations as the transition functions want them: in seconds. */
export const FACTS: {
  readonly maxLag: number;
  readonly skew: number;
  readonly lifetimes: Lifetimes;
} = {
  maxLag: LAG * TICK_SECONDS,
  skew: SKEW * TICK_SECONDS,
  lifetimes: { session: LIFETIME * TICK_SECONDS },
};
