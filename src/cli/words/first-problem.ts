// What is to be put right before any step: somebody goes by another secret, another keyring or other rules.
import type { Resolution } from '../../resolve/resolve.js';
import {
  besideDocument,
  clashesOf,
  isLiveClash,
  oddInstances,
  takesKeysFrom,
  withoutShared,
} from '../../rotation/differences.js';
import type { Status } from '../../rotation/status.js';

/**
 * Undefined where nothing is wrong. One that is silent may have been stopped to put it right, and counts for none.
 *
 * @param resolution what this command goes by
 */
export function firstProblem(status: Status, resolution: Resolution): string | undefined {
  const { replicas, silent, shared } = status;
  const profile = ruling(status);
  const live = replicas.filter(({ instance }) => !silent.has(instance));
  const otherRules = live.find((replica) => replica.profile !== profile);
  if (otherRules !== undefined) {
    const { instance, profile: other } = otherRules;
    return `first see to it that all go by one profile: ${instance} runs by ${other} and this command by ${profile} (--env ${other} is for this command)`;
  }
  // Silent or not: no key is promoted over the head of one.
  const [beside] = besideDocument(status);
  if (beside !== undefined) {
    const { what, cure } = takesKeysFrom(beside);
    return `first see to it that all go by this ring: ${beside.instance} ${what}; ${cure}`;
  }
  const roots = shared ? (resolution.keyring?.live ?? []).map(({ id }) => id) : [];
  const clash = clashesOf(status, roots).find((found) => isLiveClash(found, silent));
  if (clash !== undefined) {
    return `first give every replica the same signing secret: ${odd(oddInstances(clash))} another one`;
  }
  const alone = withoutShared(status).filter(({ instance }) => !silent.has(instance));
  if (alone.length === 0) return undefined;
  const names = alone.map(({ instance }) => instance);
  return `first give every replica the same settings under [security.keyring]: ${names.join(', ')} ${names.length === 1 ? 'runs' : 'run'} without the shared keyring`;
}

/** By which profile steps are taken: the one that was said, or else that of the replicas. */
export function ruling({ profile, profileSaid, replicas }: Status): string {
  return profileSaid ? profile : (replicas[0]?.profile ?? profile);
}

function odd(instances: readonly string[]): string {
  return `${instances.join(', ')} ${instances.length === 1 ? 'has' : 'have'}`;
}
