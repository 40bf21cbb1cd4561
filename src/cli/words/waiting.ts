// What keyturn rotate --wait shows on a terminal while it waits, and says when it gives up.
import type { KeyturnError } from '../../errors.js';
import { unheardOfInWords } from '../../fleet/silent.js';
import { count, grouped } from '../../printable.js';
import { isOver, type Waiting, type WaitOptions } from '../../rotation/wait.js';
import { lengthOfTime, moment } from '../../words/time.js';
import { endOf, missingNames, whoKnows } from '../../words/waiting.js';
import { cut, type Line, styled } from '../line.js';
import type { Screen } from '../screen.js';
import { notYet } from '../stop.js';
import { bar } from './bar.js';
import { columns } from './layout.js';

/** Longer bars are no easier to read. */
const WIDEST_BAR = 40;
/** So many of those that are missing are named. */
const MOST_NAMED = 4;

/** The fleet while it gets to know a key: drawn anew, as often as something is known. */
export function converging(
  waiting: Waiting,
  expected: number | undefined,
  now: number,
  { width, unicode }: Screen,
): readonly Line[] {
  const { knowing, replicas, missing, silent } = waiting;
  const all = Math.max(replicas.length, expected ?? 0);
  const known =
    all === 0 ? [] : [bar(knowing / all, Math.min(WIDEST_BAR, all * 10, width - 20), { unicode })];
  const named = missingNames(waiting)
    .slice(0, MOST_NAMED)
    .map((name, at) => {
      const shown = cut(name, Math.round(width / 2), unicode ? '…' : '...');
      return silent.has(missing[at] as string) ? `${shown} (silent)` : shown;
    });
  const others = missing.length - named.length;
  const rest = others === 0 ? '' : ` and ${grouped(others)} more`;
  const unheard = Math.max(0, (expected ?? 0) - replicas.length);
  return [
    styled('bold', `waiting: ${whoKnows(waiting, expected)}`),
    ...known.map((drawn) => `  ${drawn}  ${grouped(knowing)} of ${grouped(all)}`),
    ...columns([
      ...(named.length === 0 ? [] : [['missing', `${named.join(', ')}${rest}`] as const]),
      ...(unheard === 0
        ? []
        : [
            [
              'unheard',
              `${count(unheard, 'replica')} of ${grouped(expected ?? 0)} ${unheard === 1 ? 'does' : 'do'} not report`,
            ] as const,
          ]),
      ['safe', whenItIs(waiting, now)],
    ]),
    styled('dim', '  Ctrl-C ends the wait: the key stays staged'),
  ];
}

/** The missing ones have been named. */
function whenItIs(waiting: Waiting, now: number): string {
  const { safeAt, missing, unheardOfUntil } = waiting;
  if (isOver(waiting)) return 'trying again';
  if (safeAt !== undefined) return `in ${lengthOfTime(Math.max(1, (safeAt - now) / 1000))}`;
  if (missing.length === 0 && unheardOfUntil !== undefined)
    return unheardOfInWords(moment(unheardOfUntil, now));
  const end = endOf(waiting);
  const many = missing.length > 1;
  const known = `when ${many ? 'they know' : 'it knows'} the key`;
  if (end === undefined) return known;
  return `${known}, or at ${moment(end, now)}: ${many ? 'they are' : 'it is'} silent, and may be gone`;
}

/** The engine has: the same command can succeed when it is back. @param options to repeat in the next command */
export function wentAway({ code, message }: KeyturnError, kid: string, options: string): Error {
  return notYet(
    `${message}, and the key ${kid} stays staged`,
    `when it answers again, go on with keyturn rotate${options} --wait; keyturn status shows the key`,
    { code },
  );
}

export function gaveUp(
  waiting: Waiting,
  { patience, replicas: expected }: WaitOptions,
  { code, safeAt: wasSafeAt }: KeyturnError,
  now: number,
): Error {
  const { kid, missing, safeAt, replicas, silent, unheardOfUntil } = waiting;
  const unheard = Math.max(0, (expected ?? 0) - replicas.length);
  const names = missingNames(waiting).map((name, at) =>
    silent.has(missing[at] as string) ? `${name} (silent)` : name,
  );
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
