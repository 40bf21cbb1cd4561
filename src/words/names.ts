// What a replica is called: by the name that its operator gave it, where that tells it apart.
import type { Problem } from '../fleet/diagnosis.js';
import type { ReplicaReport } from '../fleet/report.js';
import type { Status } from '../rotation/status.js';

type Named = Pick<ReplicaReport, 'instance' | 'unit'>;

/** Of a pod: its own name, which is in that of the process, says more. */
const UID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** "replica-a", as `KEYTURN_INSTANCE` has it; otherwise the id of the process. */
export function replicaName({ instance, unit }: Named, { replicas }: Pick<Status, 'replicas'>): string {
  if (unit === undefined || UID.test(unit)) return instance;
  const isOnly = replicas.every((other) => other.instance === instance || other.unit !== unit);
  return isOnly ? unit : instance;
}

/** A problem that tells of replicas by their names. What an option takes stays the id of the process. */
export function withNames<P extends Problem>(problem: P, status: Pick<Status, 'replicas'>): P {
  if (problem.kind === 'unverified') return problem;
  const known = new Map(status.replicas.map((replica) => [replica.instance, replica]));
  const names = problem.instances.map((instance) => {
    const replica = known.get(instance);
    return replica === undefined ? instance : replicaName(replica, status);
  });
  return { ...problem, instances: names };
}
