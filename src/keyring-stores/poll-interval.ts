// How often whoever holds a shared ring looks at where it is kept: who begins one there goes by it too.

const LONGEST_PAUSE_MS = 5000;
/** The first look may have begun just before, and one that fails is followed by another. */
const LOOKS = 3;

/** Milliseconds. @param maxLag seconds */
export function pollInterval(maxLag: number): number {
  return Math.min(LONGEST_PAUSE_MS, (maxLag * 1000) / 4);
}

/** So long after a store was emptied it has its ring back, where anybody holds it: 15 s by default. Milliseconds. */
export function putBackWithin(maxLag: number): number {
  return LOOKS * pollInterval(maxLag);
}
