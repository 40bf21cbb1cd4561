// What nobody vouches for is heard as far as it may matter, and no further: anybody can write any number of such reports
// where reports lie. What a key of the ring vouches for is never counted here, and so never crowded out.

/** So many are shown: each holds a step up as well as all of them. */
const MOST_HINTS = 1000;
/** The length of all of them. */
const LONGEST_HINTS = 4 * 1024 * 1024;

/** So many that are over are cleared away by one reader; the next one goes on. */
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
