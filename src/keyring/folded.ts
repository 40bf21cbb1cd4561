// The line of a history that stands for many.
import type { HistoryEntry } from './keyring.js';

/** What the line is called that stands for those that were folded. */
export const FOLDED = 'folded';

/** Whether a line stands for others that were later than a moment. */
export function foldsLaterThan({ what, at }: HistoryEntry, moment: number): boolean {
  return what === FOLDED && at > moment;
}
