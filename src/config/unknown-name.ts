// What may be said of a name that is not known: it may be a secret, set by a slip of quotes or of the key beside it.
import { isSlipOf } from './nearest.js';

/** Letters alone, and fewer than a secret needs: a word that somebody took for a setting. */
const WORD = /^[A-Za-z_-]{1,20}$/;
const MOST_WORDS = 4;
/** Of all words together that no known name begins with: what is cut into words may still be one secret. */
const MOST_UNKNOWN = 24;

/**
 * Whether an unknown name may be repeated.
 *
 * @param near the known name that it resembles
 * @param known names with beginnings that say nothing new; none of them was typed
 */
export function mayBeShown(name: string, near: string | undefined, known: readonly string[] = []): boolean {
  if (isSlipOf(name, near)) return true;
  // Beside the secret everything unknown may be one.
  if (/signing_secret/i.test(name)) return false;
  const words = wordsOf(name);
  if (words.length > MOST_WORDS || !words.every((word) => WORD.test(word))) return false;
  const beginning = knownBeginning(name, known) || (/^KEYTURN_/.exec(name)?.[0] ?? '');
  return wordsOf(name.slice(beginning.length)).join('').length <= MOST_UNKNOWN;
}

function wordsOf(name: string): readonly string[] {
  return name.split(/\.|(?<=[A-Z])__(?=[A-Z])/, MOST_WORDS + 1);
}

/** The longest beginning of it that is one of a known name, up to a whole word. */
export function knownBeginning(name: string, known: readonly string[]): string {
  let longest = '';
  for (const candidate of known) {
    for (const part of candidate.matchAll(/\.|__|$/g)) {
      const beginning = candidate.slice(0, part.index);
      if (beginning.length > longest.length && name.startsWith(beginning)) longest = beginning;
    }
  }
  return longest;
}
