// Why a step is not taken because of what others report: somebody goes by other rules or secrets, or is further on.
import { KeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { offLine } from './diagnosis.js';
import { otherRingInWords } from './diagnosis-words.js';
import { nameOf, type ReplicaReport } from './report.js';

/** Who would take a step, and what it goes by. */
export interface StepTaker {
  readonly profile: string;
  /** Seals and opens a shared keyring; undefined where none is shared. */
  readonly roots: Keyring | undefined;
  /** An operator can go and do something else; a process that acts by itself can only say what is wrong. */
  readonly words: RefusalWords;
}

/** What it calls itself, and what it advises. */
export interface RefusalWords {
  readonly self: string;
  readonly otherProfile: (profile: string) => string;
  readonly outdated: string;
  readonly forked: string;
  readonly otherSecret: string;
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
  for (const replica of replicas) {
    refuseOtherLine(kept, words, replica);
    if (roots !== undefined && cannotOpen(replica, roots)) {
      throw new KeyturnError(
        'secret_differs',
        `${nameOf(replica)} has the signing secret ${replica.roots?.join(', ')}, and ${words.self} has ${roots.active.id}`,
        words.otherSecret,
        { replica: replica.instance },
      );
    }
  }
}

/** A step on a ring that does not come from the one that a process holds is one that it will not follow. */
function refuseOtherLine(kept: Keyring, words: RefusalWords, replica: ReplicaReport): void {
  const relation = offLine(kept, replica);
  if (relation === undefined) return;
  throw new KeyturnError(
    relation === 'forked' ? 'keyring_forked' : 'keyring_outdated',
    otherRingInWords(nameOf(replica), { ...replica, kept }),
    words[relation],
    { replica: replica.instance },
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

/** What was sealed under these roots. One that has no ring yet is at fault itself, and keeps nobody from going on. */
function cannotOpen({ signs, roots: its }: ReplicaReport, roots: Keyring): boolean {
  return signs !== undefined && its !== undefined && !its.some((kid) => roots.get(kid)?.live === true);
}
