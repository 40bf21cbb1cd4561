// The first line of status and of the console: which key signs, what may be done when, and whether anybody would notice.
import type { SayMoment } from '../errors.js';
import { count, grouped } from '../printable.js';
import type { KeyStatus, Status } from '../rotation/status.js';
import { firstProblem, isSafe, stepObstacle } from './next-step.js';
import { momentAhead } from './time.js';

/**
 * - `calm`: nothing is under way
 * - `ready`: a step can be taken, and nobody would notice
 * - `wait`: a step is under way that is not safe yet
 * - `alarm`: something has to be put right first
 */
export type Tone = 'calm' | 'ready' | 'wait' | 'alarm';

/** What one glance is to answer. */
export interface Sentence {
  readonly tone: Tone;
  /** Short sentences, each with its full stop. */
  readonly parts: readonly string[];
}

/** "Key x signs. 3 of 3 replicas know y: it can take over now. w may go at 14:05 (in 2 h 10 min). Nobody would be signed out." @param say how a moment is said that is waited for */
export function sentenceOf(status: Status, say: SayMoment = (at) => momentAhead(at, status.now)): Sentence {
  const { keys, replicas, silence } = status;
  const active = keys.find(({ state }) => state === 'active');
  const staged = keys.filter(({ state }) => state === 'staged');
  const retiring = keys
    .filter(({ state }) => state === 'retiring')
    .sort((one, other) => (one.safeAt ?? 0) - (other.safeAt ?? 0));
  const signs = active === undefined ? 'No key signs.' : `Key ${active.id} signs.`;
  const wrong = firstProblem(status);
  if (wrong !== undefined) return { tone: 'alarm', parts: [signs, `${upper(wrong)}.`] };
  if (silence !== undefined)
    return { tone: 'alarm', parts: [signs, `Replicas cannot be asked: ${silence}.`] };
  const pending = [...staged, ...retiring];
  if (pending.length === 0)
    return { tone: 'calm', parts: [signs, known(replicas.length), 'No rotation is under way.'] };
  const [last, ...others] = retiring;
  const parts = [
    signs,
    ...staged.map((key) => takesOver(key, status, say)),
    ...(last === undefined ? [] : [mayGo(last, status, others.length, say)]),
  ];
  const safe = pending.filter((key) => canStep(key, status));
  if (safe.length === 0) return { tone: 'wait', parts: [...parts, 'Until then Keyturn refuses the step.'] };
  return { tone: 'ready', parts: [...parts, 'Nobody would be signed out.'] };
}

function known(replicas: number): string {
  return replicas === 0
    ? 'No replica reports.'
    : `${grouped(replicas)} ${replicas === 1 ? 'replica reports' : 'replicas report'}.`;
}

/** Whether its next step is a person's to take, and can be taken now. */
function canStep(key: KeyStatus, status: Status): boolean {
  return key.scheduledFor === undefined && key.safeAt !== undefined && isSafe(key, status);
}

function takesOver(key: KeyStatus, status: Status, say: SayMoment): string {
  const { replicas } = status;
  const knows =
    replicas.length === 0
      ? `No replica reports that it knows ${key.id}`
      : `${grouped(key.knownBy)} of ${grouped(replicas.length)} ${replicas.length === 1 ? 'replica knows' : 'replicas know'} ${key.id}`;
  if (key.scheduledFor !== undefined) return `${knows}: it takes over by itself at ${say(key.scheduledFor)}.`;
  if (canStep(key, status)) return `${knows}: it can take over now.`;
  return `${knows}. ${notYet('It may take over', 'It may not take over yet', key, status, say)}.`;
}

function mayGo(key: KeyStatus, status: Status, others: number, say: SayMoment): string {
  const more = others === 0 ? '' : ` ${count(others, 'other key')} may go later.`;
  if (canStep(key, status)) return `${key.id} may go now.${more}`;
  return `${notYet(`${key.id} may go`, `${key.id} may not go yet`, key, status, say)}.${more}`;
}

/** By the clock, or because of somebody. */
function notYet(may: string, mayNot: string, key: KeyStatus, status: Status, say: SayMoment): string {
  const obstacle = stepObstacle(key, status);
  if (obstacle !== undefined) return `${mayNot}: ${obstacle}`;
  return key.safeAt === undefined ? mayNot : `${may} at ${say(key.safeAt)}`;
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
