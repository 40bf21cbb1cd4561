// How often a process reports.
const LONGEST_PAUSE_MS = 10_000;

/** Milliseconds. @param lease seconds */
export function pauseOf(lease: number): number {
  return Math.min(LONGEST_PAUSE_MS, (lease * 1000) / 3);
}
