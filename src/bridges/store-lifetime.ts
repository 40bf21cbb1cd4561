// How long a session of express-session's kind lives, as far as its options tell: its keys are kept for so long.
import { LONGEST_LIFETIME } from '../config/value.js';

const DAY = 86_400;

/** What is read of the options. */
export interface LifetimeOptions {
  /** `maxAge` in milliseconds. */
  // biome-ignore lint/suspicious/noExplicitAny: the library's own, or a function of the request
  readonly cookie?: any;
  // biome-ignore lint/suspicious/noExplicitAny: any store of express-session
  readonly store?: any;
}

/** Seconds. A day where nothing is said: stores keep a session for so long whose cookie has no end. */
export function lifetimeOf({ cookie, store }: LifetimeOptions): number {
  const ofCookie = typeof cookie?.maxAge === 'number' ? Math.ceil(cookie.maxAge / 1000) : 0;
  return Math.max(ofCookie, ttlOf(store?.ttl), ttlOf(store?.options?.ttl)) || DAY;
}

/** Stores say it in seconds, some in milliseconds. What is more than any session may live is in those. */
function ttlOf(ttl: unknown): number {
  if (typeof ttl !== 'number' || !(ttl > 0)) return 0;
  return Math.ceil(ttl > LONGEST_LIFETIME ? ttl / 1000 : ttl);
}
