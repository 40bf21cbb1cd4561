// Which session of Keyturn stands for one of the old library that has an id.
import { digest } from '../signing/digest.js';

/** The form of ids that Keyturn gives: sessions that begin here have them in the old library, too. */
const OWN_ID = /^[\w-]{22}$/;

/**
 * Not under a key: it must stay the same over rotations, of Keyturn's keys and of old secrets, and it is worth nothing to
 * anybody: what is accepted is a signed cookie.
 */
export function idOf(ref: string): string {
  return OWN_ID.test(ref) ? ref : digest(`keyturn/v1/move-in/${ref}`);
}
