// Why a step is not taken because of what others report: somebody goes by other rules or secrets, or is further on.
// For steps that are taken by themselves; those of operators have their own words (rotation/refusals.ts).
import { KeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { nameOf, type ReplicaReport } from './report.js';

/** What a process that would take a step goes by. */
export interface StepTaker {
  readonly profile: string;
  /** Seals and opens a shared keyring; undefined where none is shared. */
  readonly roots: Keyring | undefined;
}

/**
 * @param kept the ring that the step would be about
 * @throws KeyturnError `profile_differs`, `secret_differs`, `keyring_outdated`
 */
export function refuseDisagreement(
  kept: Keyring,
  { profile, roots }: StepTaker,
  replicas: readonly ReplicaReport[],
): void {
  for (const replica of replicas) {
    const { generation } = replica;
    const instance = nameOf(replica);
    if (replica.profile !== profile) {
      throw new KeyturnError(
        'profile_differs',
        `${instance} runs by the ${replica.profile} profile, and this process by ${profile}`,
        'run all replicas by one profile: KEYTURN_ENV says which',
      );
    }
    if (replica.ring === kept.id && generation > kept.generation) {
      throw new KeyturnError(
        'keyring_outdated',
        `${instance} has generation ${generation} of the keyring, and what is kept is generation ${kept.generation}`,
        'whoever has the newest puts it back, as soon as it reaches the store',
      );
    }
    if (roots !== undefined && cannotOpen(replica, roots)) {
      throw new KeyturnError(
        'secret_differs',
        `${instance} has the signing secret ${replica.roots?.join(', ')}, and this process has ${roots.active.id}`,
        'give every replica the same signing secret; while it changes, the other one as a previous or next secret',
      );
    }
  }
}

/** What was sealed under these roots. One that has no ring yet is at fault itself, and keeps nobody from going on. */
function cannotOpen({ signs, roots: its }: ReplicaReport, roots: Keyring): boolean {
  return signs !== undefined && its !== undefined && !its.some((kid) => roots.get(kid)?.live === true);
}
