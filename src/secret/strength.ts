// The verdict on a secret: how many bytes of it count, and none where it can be guessed.
import { counted, type Judge, type Strength } from './counted.js';
import { whyGuessable } from './guessable.js';
import { hasVocabulary, vocabularyMissing } from './vocabulary.js';

/** Judges a secret: of what is long enough nothing counts that can be guessed. */
export function judge(secret: string): Strength {
  const { strength, unit } = counted(secret);
  if (!strength.enough) return strength;
  const why = whyGuessable(secret) ?? (unit === secret ? undefined : whyGuessable(unit));
  return why === undefined ? strength : { enough: false, bytes: 0, why };
}

/** By everything that is known of secrets. */
export const THOROUGH: Judge = {
  judge,
  lacking: () => (hasVocabulary() ? undefined : vocabularyMissing()),
};
