// What keyturn rotate --wait says while it waits, and when it gives up.
import type { KeyturnError } from '../../errors.js';
import { unheardOfInWords } from '../../fleet/silent.js';
import { isOver, type Waiting, type WaitOptions } from '../../rotation/wait.js';
import { notYet } from '../stop.js';
import { lengthOfTime, moment } from './time.js';

/** When the last of them counts no longer; undefined unless all of them are silent. */
function endOf({ missing, silent }: Waiting): number | undefined {
  const ends = missing.map((instance) => silent.get(instance));
  return ends.length === 0 || ends.includes(undefined) ? undefined : Math.max(...(ends as number[]));
}

/** "2 of 3 replicas know key x" */
export function whoKnows({ kid, knowing, replicas }: Waiting, expected: number | undefined): string {
  const all = Math.max(replicas, expected ?? 0);
  return all === 0
    ? `no replica reports that it knows key ${kid}`
    : `${knowing} of ${all} replicas know key ${kid}`;
}

export function whenSafe(waiting: Waiting, now: number): string {
  const { safeAt, missing, unheardOfUntil } = waiting;
  // Whoever was missing has reported between the refusal and this line.
  if (isOver(waiting)) return 'trying again';
  if (safeAt !== undefined) return `safe in ${lengthOfTime(Math.max(1, (safeAt - now) / 1000))}`;
  if (missing.length === 0 && unheardOfUntil !== undefined)
    return unheardOfInWords(moment(unheardOfUntil, now));
  const many = missing.length !== 1;
  const before = `not safe before ${missing.join(', ')} ${many ? 'do' : 'does'}`;
  const end = endOf(waiting);
  if (end === undefined) return before;
  return `${before}, or at ${moment(end, now)}: ${many ? 'they are' : 'it is'} silent, and may be gone`;
}

export function gaveUp(
  waiting: Waiting,
  { patience, replicas: expected }: WaitOptions,
  { code, safeAt: wasSafeAt }: KeyturnError,
  now: number,
): Error {
  const { kid, missing, safeAt, replicas, silent, unheardOfUntil } = waiting;
  const unheard = Math.max(0, (expected ?? 0) - replicas);
  const names = missing.map((instance) => (silent.has(instance) ? `${instance} (silent)` : instance));
  const who = [
    ...(missing.length === 0 ? [] : [`${names.join(', ')} cannot verify with it yet`]),
    ...(unheardOfUntil === undefined ? [] : [unheardOfInWords(moment(unheardOfUntil, now))]),
    ...(unheard === 0 ? [] : [`${unheard} of ${expected} do not report`]),
  ];
  const why = isOver(waiting)
    ? 'the last replica has told only now that it knows it'
    : who.length === 0
      ? 'no replica is known to lack it, but not all are known to have it'
      : who.join('; ');
  const end = endOf(waiting);
  const when = safeAt === undefined ? '' : `it is safe at ${moment(safeAt, now)}; `;
  const gone = end === undefined ? '' : `whoever is silent counts until ${moment(end, now)}; `;
  return notYet(
    `gave up after ${lengthOfTime(patience)}, and the key ${kid} stays staged: ${why}`,
    `${when}${gone}go on with keyturn rotate --wait; keyturn status shows all replicas`,
    { code, safeAt: wasSafeAt },
  );
}
