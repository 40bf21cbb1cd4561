// How often a process reports.
const LONGEST_PAUSE_MS = 10_000;

/** How often a process that goes by a secret looks whether a document is there by now. The look is cheap. */
export const DOCUMENT_POLL_MS = 1000;

/**
 * By when every process that was running before the document was made has reported beside it: it looks once a second,
 * and writes its report again after a pause where the first try has failed. Milliseconds after the document was made.
 *
 * @param lease seconds
 */
export function heardAfter(lease: number): number {
  return DOCUMENT_POLL_MS + reportIntervalMs(lease);
}

/** Milliseconds. @param lease seconds */
export function reportIntervalMs(lease: number): number {
  return Math.min(LONGEST_PAUSE_MS, (lease * 1000) / 3);
}
