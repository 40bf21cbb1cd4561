// Limits for reports that nobody vouches for: anybody can write any number of them where reports lie. Reports that a
// key of the ring vouches for are not counted here, so they cannot be crowded out.

/** The most that are read: one alone holds up a step as well as all of them do. */
const MOST_HINTS = 1000;
/** The length of all of them together, in characters. */
const LONGEST_HINTS = 4 * 1024 * 1024;

/** The most old ones that one reader clears away; the next reader goes on. */
const MOST_CLEARED = 10_000;

/** What one reader of a fleet has left for the reports that nobody vouches for. */
export class UnverifiedLimits {
  #reports = MOST_HINTS;
  #length = LONGEST_HINTS;
  #cleared = MOST_CLEARED;

  /** Whether one more is read. @param text as it was found */
  admits({ length }: string): boolean {
    if (this.#reports === 0 || length > this.#length) return false;
    this.#reports -= 1;
    this.#length -= length;
    return true;
  }

  /** Those of them that this reader clears away. */
  toClear<T>(over: readonly T[]): readonly T[] {
    const taken = over.slice(0, this.#cleared);
    this.#cleared -= taken.length;
    return taken;
  }
}
