// What an error says to whoever sees the console: its message and its hint, with moments as people speak of them.
import { type KeyturnError, textsOf, toIso } from '../errors.js';
import { moment } from '../words/time.js';

/** @param now milliseconds since 1970; undefined where nobody knows */
export function troubleOf(
  error: KeyturnError,
  now: number | undefined,
): { readonly message: string; readonly hint: string } {
  return textsOf(error, (at) => (now === undefined ? toIso(at) : moment(at, now)));
}
