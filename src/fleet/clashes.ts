// Replicas that have other secrets than the rest, so that some requests fail. They are found by their key ids alone.
import type { Keyring } from '../keyring/keyring.js';
import type { ReplicaReport } from './report.js';

/** Replicas that have the same secrets. */
export interface Holders {
  readonly instances: readonly string[];
  /** Whether whoever asks is one of them. */
  readonly here: boolean;
  /** The id of the secret that they go by. */
  readonly kid: string;
}

/** Two groups of replicas where what one signs the other refuses, or what one seals the other cannot open. */
export interface Clash {
  readonly shared: boolean;
  readonly one: Holders;
  readonly other: Holders;
}

interface Group extends Holders {
  readonly instances: string[];
  /** What they accept, or open, by key id. */
  readonly knows: readonly string[];
}

/**
 * Where replicas share a keyring, their root secrets are compared. Where each has its own, the keys themselves are.
 * Replicas that follow a document are not compared: they all read the same file.
 *
 * @param roots the ids of the secrets that whoever asks seals a shared keyring with; undefined where none is shared
 */
export function clashesIn(
  ring: Keyring,
  roots: readonly string[] | undefined,
  replicas: readonly ReplicaReport[],
): readonly Clash[] {
  const shared = roots !== undefined;
  const knows = roots ?? ring.live.map(({ id }) => id);
  const kid = (shared ? roots[0] : ring.active.id) ?? '';
  const groups: Group[] = [{ instances: [], here: true, kid, knows }];
  for (const replica of replicas) join(groups, replica, shared);
  const clashes = new Map<string, Clash>();
  for (const [at, one] of groups.entries()) {
    for (const other of groups.slice(at + 1)) {
      const otherKnows = (kid: string) => other.knows.includes(kid);
      if (shared ? one.knows.some(otherKnows) : otherKnows(one.kid) && one.knows.includes(other.kid))
        continue;
      // Told once for each pair of secrets, even if the replicas differ in further keys.
      const [first, second] = one.kid < other.kid ? [one, other] : [other, one];
      const names = `${first.kid} ${second.kid}`;
      const known = clashes.get(names);
      clashes.set(names, { shared, one: both(known?.one, first), other: both(known?.other, second) });
    }
  }
  return [...clashes.values()];
}

function both(known: Holders | undefined, { instances, here, kid }: Holders): Holders {
  const all = new Set([...(known?.instances ?? []), ...instances]);
  return { instances: [...all], here: here || known?.here === true, kid };
}

function join(groups: Group[], { instance, roots, signs, verifies }: ReplicaReport, shared: boolean): void {
  const knows = shared ? roots : verifies;
  const kid = shared ? roots?.[0] : signs;
  if (knows === undefined || kid === undefined) return;
  const same = groups.find(
    (group) => group.kid === kid && [...group.knows].sort().join() === [...knows].sort().join(),
  );
  if (same === undefined) groups.push({ instances: [instance], here: false, kid, knows });
  else same.instances.push(instance);
}

/** Which of the two is the odd one: the smaller group, and never the one of whoever asks. */
export function oddOne({ one, other }: Clash): readonly [odd: Holders, rest: Holders] {
  return one.here || (!other.here && one.instances.length > other.instances.length)
    ? [other, one]
    : [one, other];
}

/** Whether both groups live. One whose replicas are all silent may just have been stopped. */
export function isLiveClash({ one, other }: Clash, silent: ReadonlyMap<string, number>): boolean {
  return [one, other].every(({ here, instances }) => here || instances.some((name) => !silent.has(name)));
}

/** The replicas that clash with whoever asks, by instance. */
export function strangers(clashes: readonly Clash[]): ReadonlySet<string> {
  return new Set(
    clashes.flatMap(({ one, other }) => (one.here ? other.instances : other.here ? one.instances : [])),
  );
}
