// Which session of Keyturn stands for one of the old library that has an id.
import type { EndedSession } from '../sessions/stores/contract.js';
import { digest } from '../signing/digest.js';
import type { OldSession } from './old-library.js';

/** The form of ids that Keyturn gives: sessions that begin here have them in the old library, too. */
const OWN_ID = /^[\w-]{22}$/;

/**
 * Not under a key: it must stay the same over rotations, of Keyturn's keys and of old secrets, and it is worth nothing to
 * anybody: what is accepted is a signed cookie.
 */
export function idOf(ref: string): string {
  return OWN_ID.test(ref) ? ref : digest(`keyturn/v1/move-in/${ref}`);
}

/**
 * What a session of Keyturn that ended because the old library has ended its own is remembered with, in the place of the
 * session that came next; there is none. The old library leaves its cookie in the browser: a request that brings it may have
 * been sent long after, by somebody who goes on as a visitor. After a sign-out at Keyturn the browser has no such cookie.
 */
export function endedThere(id: string): string {
  return digest(`keyturn/v1/move-in/ended/${id}`);
}

/** Whether it was the old library that ended a session of Keyturn. @param ended what is remembered of it */
export function wasEndedThere(id: string, ended: EndedSession): boolean {
  return ended.next === endedThere(id);
}

/** Stands for what an old session holds: see {@link Counterpart.mark}. Never 0, which says that nobody knows. */
export function markOf({ data }: OldSession): number {
  return Buffer.from(digest(JSON.stringify(data)), 'base64url').readUIntBE(0, 6) || 1;
}

/**
 * Under which id it is remembered that an old session was left behind as it was then. It must not be taken over again when
 * Keyturn's has ended.
 */
export function leftBehind(ref: string, mark: number): string {
  return digest(`keyturn/v1/move-in/left/${mark}/${ref}`);
}
