// By how much two clocks differ, and how that is told.

/**
 * By how many milliseconds one clock is ahead of another, behind it where negative: at least by so much.
 *
 * @param shows what the other one showed
 * @param before, after what the one showed before it was asked for that, and afterwards
 */
export function aheadOf(shows: number, before: number, after: number): number {
  if (shows < before) return before - shows;
  return shows > after ? after - shows : 0;
}

/** Milliseconds. */
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** "3 h ahead of", "40 d behind" */
export function aheadInWords(ahead: number): string {
  const length = Math.abs(ahead);
  const [unit, size] = UNITS.find(([, one]) => length >= 2 * one) ?? ['s', 1000];
  return `${Math.round(length / size)} ${unit} ${ahead > 0 ? 'ahead of' : 'behind'}`;
}

/** @param skew the most by which clocks may differ, in seconds */
export function isOff(ahead: number | undefined, skew: number): ahead is number {
  return ahead !== undefined && Math.abs(ahead) > skew * 1000;
}
