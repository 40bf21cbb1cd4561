// Why a step is not taken because of what others report: somebody goes by other rules or secrets, or is further on.
import { KeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
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
        about(replica),
      );
    }
  }
}

/** A step on a ring that does not come from the one that a process holds is one that it will not follow. */
function refuseOtherLine(kept: Keyring, words: RefusalWords, replica: ReplicaReport): void {
  const { ring, generation, mark } = replica;
  // One that goes by an array or a line has no steps, and takes a document that holds all its keys.
  if (ring === undefined || kept.id === undefined) return;
  if (ring !== kept.id) {
    throw new KeyturnError(
      'keyring_forked',
      `${nameOf(replica)} holds the keyring ${ring}, and what is kept is ${kept.id}`,
      words.forked,
      about(replica),
    );
  }
  if (generation > kept.generation) {
    // Put back to an older one, which processes refuse: a step would build on what is past.
    throw new KeyturnError(
      'keyring_outdated',
      `${nameOf(replica)} has generation ${generation} of the keyring in force, and what is kept is generation ${kept.generation}`,
      words.outdated,
      about(replica),
    );
  }
  if (mark === undefined || kept.passesThrough({ generation, mark })) return;
  throw new KeyturnError(
    'keyring_forked',
    `${nameOf(replica)} has a generation ${generation} of the keyring that what is kept, generation ${kept.generation}, has not come from`,
    words.forked,
    about(replica),
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
    about(other),
  );
}

/** What was sealed under these roots. One that has no ring yet is at fault itself, and keeps nobody from going on. */
function cannotOpen({ signs, roots: its }: ReplicaReport, roots: Keyring): boolean {
  return signs !== undefined && its !== undefined && !its.some((kid) => roots.get(kid)?.live === true);
}

function about({ instance }: ReplicaReport): { readonly replica: string } {
  return { replica: instance };
}
