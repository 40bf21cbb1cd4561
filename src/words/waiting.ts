// What is said while a rotation waits for its replicas.
import { unheardOfInWords } from '../fleet/silent.js';
import { replicaInWords } from '../keyring/step-facts.js';
import { isOver, type Waiting } from '../rotation/wait.js';
import { lengthOfTime, moment } from './time.js';

/** When the last of them counts no longer; undefined unless all of them are silent. */
export function endOf({ missing, silent }: Waiting): number | undefined {
  const ends = missing.map((instance) => silent.get(instance));
  return ends.length === 0 || ends.includes(undefined) ? undefined : Math.max(...(ends as number[]));
}

/** "2 of 3 replicas know key x" */
export function whoKnows({ kid, knowing, replicas }: Waiting, expected: number | undefined): string {
  const all = Math.max(replicas.length, expected ?? 0);
  return all === 0
    ? `no replica reports that it knows key ${kid}`
    : `${knowing} of ${all} replicas know key ${kid}`;
}

/** Those that do not know the key: the name that their operator gave them, and the id that commands take. */
export function missingNames({ missing, replicas }: Waiting): readonly string[] {
  return missing.map((instance) => {
    const report = replicas.find((replica) => replica.instance === instance);
    return report === undefined ? instance : replicaInWords(report);
  });
}

export function whenSafe(waiting: Waiting, now: number): string {
  const { safeAt, missing, unheardOfUntil } = waiting;
  // Whoever was missing has reported between the refusal and this line.
  if (isOver(waiting)) return 'trying again';
  if (safeAt !== undefined) return `safe in ${lengthOfTime(Math.max(1, (safeAt - now) / 1000))}`;
  if (missing.length === 0 && unheardOfUntil !== undefined)
    return unheardOfInWords(moment(unheardOfUntil, now));
  const many = missing.length !== 1;
  const before = `not safe before ${missingNames(waiting).join(', ')} ${many ? 'do' : 'does'}`;
  const end = endOf(waiting);
  if (end === undefined) return before;
  return `${before}, or at ${moment(end, now)}: ${many ? 'they are' : 'it is'} silent, and may be gone`;
}
