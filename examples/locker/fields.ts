// What forms and programs send.
import { LONGEST_NAME } from './accounts.js';

/** A field of a form or of JSON; empty when it is missing, or no text. */
export function field(body: unknown, name: string): string {
  const value = (body as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

/** Names stand in logs and pages, where these would rearrange or hide what is around them. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** What is wrong with a user name, if anything. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Please enter a name.';
  if (name.length > LONGEST_NAME) return `Please choose a name of at most ${LONGEST_NAME} characters.`;
  if (!name.isWellFormed() || UNSEEN.test(name)) return 'Please choose a name without control characters.';
  return undefined;
}
