// Moments within a text that a page makes countdowns of: what the words say stays one text until it is drawn.
import type { SayMoment } from '../errors.js';
import { clockTime, moment } from '../words/time.js';

/** Around a moment within a text. Whoever forges one from outside makes a countdown of it, and nothing else. */
const MARK = '\u0001';

/** Splits a text into what is marked, what may be the id of a key, and the rest. */
export const MARKED_OR_ID: RegExp = /([\w-]{8,}|\u0001\d{1,15}\u0001)/;

/** "14:05 UTC (in 2 h 10 min)", in which the distance can be drawn as a countdown. */
export function markedMoment(at: number, now: number): string {
  return at > now ? `${clockTime(at, now)} (${MARK}${at}${MARK})` : moment(at, now);
}

export function sayMarked(now: number): SayMoment {
  return (at) => markedMoment(at, now);
}

/** The moment of a part that is marked; undefined for any other. */
export function markedIn(part: string): number | undefined {
  const isMarked = part.length > 2 && part.startsWith(MARK) && part.endsWith(MARK);
  return isMarked ? Number(part.slice(1, -1)) : undefined;
}
