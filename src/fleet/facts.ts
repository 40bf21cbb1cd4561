// Gathers what a step is decided by: what the processes of a fleet report, and what the configuration says.
import { larger } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { ReplicaFacts, TransitionFacts } from '../keyring/step-facts.js';
import type { HeardReport } from './authentic.js';
import type { Fleet } from './fleet.js';
import type { FleetTimes } from './fleet-times.js';
import { endedFacts, replicaFacts } from './replica-facts.js';

export interface FactParts extends Omit<TransitionFacts, 'maxLag' | 'lease' | 'skew' | 'replicas'> {
  readonly times: FleetTimes;
}

/** With the longest time for which any replica goes on without hearing of its ring, in seconds. */
export interface FleetFacts extends TransitionFacts {
  readonly lease: number;
}

/**
 * Lifetimes and waits are taken only from reports that a key of the ring vouches for.
 *
 * @param ended what processes that are gone have left behind; empty where nothing is known
 */
export function factsOf(
  replicas: readonly HeardReport[],
  ended: readonly ReplicaFacts[],
  { times, lifetimes, ...parts }: FactParts,
): FleetFacts {
  const known = replicas.filter(({ authentic }) => authentic);
  const lease = Math.max(times.lease, ...known.map((replica) => replica.lease ?? 0));
  const latest = parts.now + (lease + times.skew) * 1000;
  return {
    ...parts,
    maxLag: Math.max(times.maxLag, ...known.map((replica) => replica.maxLag)),
    lease,
    skew: times.skew,
    // Code may know purposes, and configuration lifetimes, that this environment does not.
    lifetimes: known.map((replica) => replica.lifetimes).reduce(larger, lifetimes),
    replicas: [
      ...replicas.map((replica) => replicaFacts(replica, { ...times, now: parts.now })),
      ...ended.map((one) => noLaterThan(latest, one)),
    ],
  };
}

/** Nobody can have signed later than its lease allows, whatever is told. */
function noLaterThan(latest: number, facts: ReplicaFacts): ReplicaFacts {
  const moments = Object.entries(facts.lastSigned ?? {}).map(([kid, at]) => [kid, Math.min(at, latest)]);
  return { ...facts, lastSigned: Object.fromEntries(moments) };
}

/** The same for a fleet as it is now, with the reports that it is made of. */
export async function gatherFacts(
  fleet: Fleet,
  ring: Keyring,
  parts: FactParts,
): Promise<{ readonly facts: FleetFacts; readonly replicas: readonly HeardReport[] }> {
  const replicas = await fleet.read(ring, true);
  return { replicas, facts: factsOf(replicas, [endedFacts(await fleet.ended(ring))], parts) };
}
