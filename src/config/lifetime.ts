// Lifetimes that code asks for.
import { KeyturnError } from '../errors.js';
import { meantMilliseconds, requireDuration } from './value.js';

/**
 * A lifetime that code asks for, in seconds; the longest where it asks for none. Code may only shorten one: commands see
 * settings, and not the program.
 *
 * @param longest seconds
 * @param what as in "a link"
 * @param cure how to lengthen it
 * @throws KeyturnError `duration_invalid`, `purpose_lifetime`
 */
export function requireLifetime(
  asked: number | string | undefined,
  longest: number,
  what: string,
  cure: string,
): number {
  if (asked === undefined) return longest;
  const seconds = requireDuration(asked, 'maxAge');
  if (seconds <= longest) return seconds;
  throw new KeyturnError(
    'purpose_lifetime',
    `${what} may live ${longest} s, and maxAge says ${seconds} s`,
    `code may only shorten a lifetime: ${cure}${meantMilliseconds(asked)}`,
  );
}
