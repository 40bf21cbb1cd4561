// Refuses a step because of what other processes report: one goes by other rules or secrets, or has a newer keyring.
import { KeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { isOff } from './clock-difference.js';
import { cannotOpen, offLine } from './diagnosis.js';
import { type ClockOf, otherRingInWords, ownClockInWords } from './diagnosis-words.js';
import { nameOf, type ReplicaReport } from './report.js';

/** Who wants to take a step. */
export interface StepTaker {
  readonly profile: string;
  /** Seals and opens a shared keyring; undefined where none is shared. */
  readonly roots: Keyring | undefined;
  /** An operator can do something about it. A process that acts by itself can only say what is wrong. */
  readonly words: RefusalWords;
}

/** What it calls itself, and the hint for each refusal. */
export interface RefusalWords {
  readonly self: string;
  readonly otherProfile: (profile: string) => string;
  readonly outdated: string;
  readonly forked: string;
  readonly otherSecret: string;
  readonly clock: string;
}

/**
 * @param kept the ring that the step would be about
 * @throws KeyturnError `profile_differs`, `secret_differs`, `keyring_outdated`, `keyring_forked`
 */
export function refuseDisagreement(
  kept: Keyring,
  { profile, roots, words }: StepTaker,
  replicas: readonly ReplicaReport[],
): void {
  refuseOtherRules(profile, words, replicas);
  const liveRoots = roots?.live.map(({ id }) => id) ?? [];
  for (const replica of replicas) {
    const relation = offLine(kept, replica);
    if (relation !== undefined) {
      throw new KeyturnError(
        relation === 'forked' ? 'keyring_forked' : 'keyring_outdated',
        otherRingInWords(nameOf(replica), { ...replica, kept }),
        words[relation],
        { replica: replica.instance },
      );
    }
    if (roots !== undefined && cannotOpen(replica, liveRoots)) {
      throw new KeyturnError(
        'secret_differs',
        `${nameOf(replica)} has the signing secret ${replica.roots?.join(', ')}, and ${words.self} has ${roots.active.id}`,
        words.otherSecret,
        { replica: replica.instance },
      );
    }
  }
}

/**
 * The dates of a step would be wrong, and the waits that are counted from them too short: keys would be retired while
 * their tokens live.
 *
 * @param ahead by how many milliseconds the clock here is ahead of that of the place; undefined where nothing tells
 * @param skew the most by which clocks may differ, in seconds
 * @throws KeyturnError `clock_differs`
 */
export function refuseOwnClock(
  ahead: number | undefined,
  skew: number,
  { name, inEngine, words }: ClockOf & { readonly words: RefusalWords },
): void {
  if (!isOff(ahead, skew)) return;
  throw new KeyturnError(
    'clock_differs',
    ownClockInWords(words.self, { ahead, name, inEngine }),
    words.clock,
  );
}

/** Of another profile, whose waits are computed by other rules. @throws KeyturnError `profile_differs` */
export function refuseOtherRules(
  profile: string,
  words: RefusalWords,
  replicas: readonly ReplicaReport[],
): void {
  const other = replicas.find((replica) => replica.profile !== profile);
  if (other === undefined) return;
  throw new KeyturnError(
    'profile_differs',
    `${nameOf(other)} runs by the ${other.profile} profile, and ${words.self} by ${profile}`,
    words.otherProfile(other.profile),
    { replica: other.instance },
  );
}
