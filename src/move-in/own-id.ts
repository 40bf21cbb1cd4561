// Which session of Keyturn stands for one of the old library that has an id, and the reverse.
import { digest } from '../signing/digest.js';

/** Ids that the old library is given for sessions that begin here. */
const GIVEN = /^kt-([\w-]{22})$/;

/**
 * The id of the session that stands for an old one. Not under a key: it must stay the same over rotations, of Keyturn's keys
 * and of old secrets, and it is worth nothing to anybody: what is accepted is a signed cookie.
 */
export function idOf(ref: string): string {
  return GIVEN.exec(ref)?.[1] ?? digest(`keyturn/v1/move-in/${ref}`);
}

/** The old id of a session that begins here. Another one than its own: both may be kept in one store. */
export function refFor(id: string): string {
  return `kt-${id}`;
}
