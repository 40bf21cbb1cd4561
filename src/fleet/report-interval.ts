// How often a process reports.
const LONGEST_PAUSE_MS = 10_000;

/** How often a process that goes by a secret looks whether there is a document by now: one cheap look at the disk. */
export const DOCUMENT_POLL_MS = 1000;

/**
 * When whoever was running before there was a document has said beside it what it goes by: it looks once a second, and
 * writes a report anew after a pause where the first try has failed. Milliseconds after the document was made.
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
