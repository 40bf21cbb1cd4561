// Rotation by itself: pure steps that are due or are not, so that any number of processes may take them at once.
//
// Off by default: frequent renewal is no defence against a break-in, since the attacker acts at once.
import { KeyturnError } from '../errors.js';
import type { Key, Material } from './key.js';
import type { Keyring } from './keyring.js';
import { applyScheduled } from './scheduled.js';
import type { TransitionFacts } from './step-facts.js';
import { retire, stage } from './transitions.js';
import { safeToRetireAt } from './waits.js';

/** When and how a ring rotates by itself. Seconds. */
export interface RotationPolicy {
  /** A new key signs so long after the last one began to. */
  readonly every: number;
  /** The longest that a replica goes on without hearing of the ring. */
  readonly lease: number;
}

type Waits = Pick<TransitionFacts, 'now' | 'maxLag' | 'skew' | 'lifetimes' | 'off' | 'replicas'>;

/**
 * Whether there is anything to do, by the ring alone: looking at the whole fleet costs more, and may say no.
 *
 * @param facts without replicas
 */
export function mayBeDue(ring: Keyring, { every }: RotationPolicy, facts: Waits): boolean {
  return isDue(ring, every, facts.now) || retirable(ring, facts).length > 0;
}

/**
 * The ring with what is due done: a new key that is scheduled to sign, and keys removed whose tokens have all expired.
 * The same ring where nothing is due. However many periods have passed, one key makes up for them.
 */
export function turn(
  ring: Keyring,
  policy: RotationPolicy,
  fresh: () => Material,
  facts: TransitionFacts,
): Keyring {
  const renewed = isDue(ring, policy.every, facts.now)
    ? stage(ring, fresh(), facts, signsFrom(policy, facts))
    : ring;
  return retirable(renewed, facts).reduce((present, kid) => retiredIfSafe(present, kid, facts), renewed);
}

/** When the next key is due, in milliseconds since 1970; undefined where the ring does not say since when one signs. */
export function nextKeyAt(
  { active }: { readonly active: Pick<Key, 'dates'> },
  every: number,
): number | undefined {
  return active.dates.active === undefined ? undefined : active.dates.active + every * 1000;
}

function isDue(published: Keyring, every: number, now: number): boolean {
  const ring = applyScheduled(published, now);
  if (ring.keys.some((key) => key.state === 'staged')) return false;
  return now >= (nextKeyAt(ring, every) ?? Number.POSITIVE_INFINITY);
}

/**
 * No replica is asked: the wait is long enough for one that is cut off. It goes on for a lease, then it is not ready
 * and signs no more, and when it comes back it reads the ring first.
 */
function signsFrom({ lease }: RotationPolicy, { now, maxLag, skew }: TransitionFacts): number {
  return now + (lease + maxLag + skew) * 1000;
}

function retirable(published: Keyring, facts: Waits): readonly string[] {
  return applyScheduled(published, facts.now)
    .keys.filter((key) => key.state === 'retiring' && key.dates.retiring !== undefined)
    .filter((key) => safeToRetireAt(key, facts) <= facts.now)
    .map((key) => key.id);
}

/** What a replica that reports still needs stays, until the next look. */
function retiredIfSafe(ring: Keyring, kid: string, facts: TransitionFacts): Keyring {
  try {
    return retire(ring, kid, facts);
  } catch (error) {
    if (error instanceof KeyturnError) return ring;
    throw error;
  }
}
