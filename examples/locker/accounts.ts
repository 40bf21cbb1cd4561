// Who may sign in: anybody who knows the one password. A real app has users here.
import { createHash, timingSafeEqual } from 'node:crypto';

/** In characters, as `maxlength` counts. The name goes into the session, and that may be a cookie. */
export const LONGEST_NAME = 64;

/** Compares in constant time; the digests make the lengths equal. */
export function isPassword(given: string, password: string): boolean {
  return timingSafeEqual(digest(given), digest(password));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
