// What keyturn rotate --wait says when it gives up.
import type { KeyturnError } from '../../errors.js';
import { unheardOfInWords } from '../../fleet/silent.js';
import { isOver, type Waiting, type WaitOptions } from '../../rotation/wait.js';
import { lengthOfTime, moment } from '../../words/time.js';
import { endOf } from '../../words/waiting.js';
import { notYet } from '../stop.js';

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
