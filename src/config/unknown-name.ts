// What may be said of a name that is not known: it may be a secret, set by a slip of quotes or of the key beside it.
import { isSlipOf } from './nearest.js';

/** Letters alone, and fewer than a secret needs: a word that somebody took for a setting. */
const WORD = /^[A-Za-z_-]{1,20}$/;
const MOST_WORDS = 4;

/**
 * Whether an unknown name may be repeated.
 *
 * @param near the known name that it resembles
 */
export function mayBeShown(name: string, near: string | undefined): boolean {
  if (isSlipOf(name, near)) return true;
  // Beside the secret everything unknown may be one.
  if (/signing_secret/i.test(name)) return false;
  const words = name.split(/\.|(?<=[A-Z])__(?=[A-Z])/, MOST_WORDS + 1);
  return words.length <= MOST_WORDS && words.every((word) => WORD.test(word));
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
