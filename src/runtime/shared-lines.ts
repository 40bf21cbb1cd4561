// What a keeper needs where replicas share a keyring, and does not load elsewhere.
import { adopt, newRingId } from '../keyring/adopt.js';
import { type Lifetimes, Material } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import { merge } from '../keyring/merge.js';
import { generateSecret } from '../secret/generate.js';

export { SharedFollower } from './shared-follower.js';

/** A first ring, of the secrets that open the shared one. */
export function firstRing(roots: Keyring, now: number): Keyring {
  return adopt(roots.keys, { id: newRingId(), at: now, what: 'init', who: 'keyturn' });
}

/** One ring of two lines of it. */
export function mergeLines(mine: Keyring, other: Keyring, now: number, lifetimes: Lifetimes): Keyring {
  return merge(mine, other, {
    now,
    lifetimes,
    fresh: new Material(generateSecret()),
    who: 'keyturn',
    why: 'a key was revoked on another line of the keyring',
  });
}
