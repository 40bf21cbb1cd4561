// The first line of status and of the console: which key signs, what may be done when, and whether anybody would notice.
import type { SayMoment } from '../errors.js';
import { capitalised, count, grouped } from '../printable.js';
import type { KeyStatus, Status } from '../rotation/status.js';
import { replicaName } from './names.js';
import { hasSteps, holdingUp, isSafe, stepObstacle } from './next-step.js';
import { refusal, stepInWords } from './steps.js';
import { firstProblem } from './stops.js';
import { moment } from './time.js';

/**
 * - `calm`: nothing is under way
 * - `ready`: a step can be taken, and nobody would notice
 * - `wait`: a step is under way that is not safe yet
 * - `alarm`: somebody would be signed out, or no step can be taken before something is put right
 */
export type Tone = 'calm' | 'ready' | 'wait' | 'alarm';

/** What one glance is to answer. */
export interface Sentence {
  readonly tone: Tone;
  /** Short sentences, each with its full stop. */
  readonly parts: readonly string[];
}

/**
 * "Key x signs. 3 of 3 replicas know y: it can take over now. w may go at 14:05 (in 2 h 10 min). Nobody would be signed
 * out."
 *
 * @param say how a moment is said that is waited for
 * @param asker what whoever asks is called; default: `this command`
 */
export function sentenceOf(
  status: Status,
  say: SayMoment = (at) => moment(at, status.now),
  asker?: string,
): Sentence {
  const { keys, silence } = status;
  const active = keys.find(({ state }) => state === 'active');
  const signs = active === undefined ? 'No key signs.' : `Key ${active.id} signs${again(status)}.`;
  const wrong = firstProblem(status, asker);
  if (wrong !== undefined) return { tone: 'alarm', parts: [signs, `${capitalised(wrong)}.`] };
  if (silence !== undefined)
    return { tone: 'alarm', parts: [signs, `Replicas cannot be asked: ${silence}.`] };
  const pending = keys.filter(({ state }) => state === 'staged' || state === 'retiring');
  if (pending.length === 0)
    return { tone: 'calm', parts: [signs, reporting(status), 'No rotation is under way.'] };
  if (!hasSteps(status)) return { tone: 'wait', parts: [signs, ...byDeploys(pending, status)] };
  return { tone: toneOf(pending, status), parts: [signs, ...bySteps(pending, status, say)] };
}

function toneOf(pending: readonly KeyStatus[], status: Status): Tone {
  return pending.some((key) => canStep(key, status)) ? 'ready' : 'wait';
}

/** Where keys change by steps. */
function bySteps(pending: readonly KeyStatus[], status: Status, say: SayMoment): readonly string[] {
  const staged = pending.filter(({ state }) => state === 'staged');
  const [next, ...others] = pending
    .filter(({ state }) => state === 'retiring')
    .sort((one, other) => goesAt(one, status) - goesAt(other, status));
  return [
    ...staged.map((key) => takesOver(key, status, say)),
    ...(next === undefined ? [] : [mayGo(next, status, say), ...goLater(others, status)]),
    toneOf(pending, status) === 'ready' ? 'Nobody would be signed out.' : untilThen(staged, next, status),
  ];
}

/** What may go now comes first; then what only has to wait. */
function goesAt(key: KeyStatus, status: Status): number {
  if (canStep(key, status)) return 0;
  return stepObstacle(key, status) === undefined ? (key.safeAt ?? 0) : Number.MAX_SAFE_INTEGER;
}

/** After a rollback: a key that waits for nothing more than a person. */
function again({ forward }: Status): string {
  return forward === undefined ? '' : ` again: ${forward.id} was rolled back`;
}

/** Which steps are refused, and for how long. Whatever takes over by itself asks nothing of anybody. */
function untilThen(staged: readonly KeyStatus[], retiring: KeyStatus | undefined, status: Status): string {
  const byHand = staged.filter(({ scheduledFor }) => scheduledFor === undefined);
  const steps = [
    ...byHand.map((key) => ({ key, step: 'promote' as const })),
    ...(retiring === undefined ? [] : [{ key: retiring, step: 'retire' as const }]),
  ];
  const [first] = steps;
  if (first === undefined) return 'Nothing has to be done for it.';
  if (steps.length === 1)
    return refusal(stepInWords(first.step, first.key.id), { until: endOf(first.key, status) ?? 'then' });
  return refusal(steps.map(({ step, key }) => stepInWords(step, key.id)).join(' and to '), {
    until: 'each is safe',
  });
}

/** More would fill the line once more: it stands there already. */
const LONGEST_NAME = 24;

/** "web-2 knows it": the end of what is waited for; undefined where that is a moment. */
function endOf(key: KeyStatus, status: Status): string | undefined {
  const behind = holdingUp(key, status);
  const [first] = behind;
  if (first === undefined) return undefined;
  const verb = key.state === 'staged' ? 'know' : 'sign';
  const end = key.state === 'staged' ? 'it' : 'with another key';
  if (behind.length > 1) return `they ${verb} ${end}`;
  const name = replicaName(first, status);
  return `${name.length > LONGEST_NAME ? 'that replica' : name} ${verb}s ${end}`;
}

/** Where only a deploy changes keys. Nothing here tells when a deploy is everywhere, but the replicas that report. */
function byDeploys(pending: readonly KeyStatus[], status: Status): readonly string[] {
  const { deploy } = status;
  const ids = pending.map(({ id }) => id).join(', ');
  const verify = pending.length === 1 ? 'verifies' : 'verify';
  const [staged] = pending.filter(({ state }) => state === 'staged');
  if (deploy === 1 && staged !== undefined)
    return [`${knows(staged, status)}.`, 'Deploy 1 of 3 is in force here: with deploy 2 it signs.'];
  if (deploy === 2)
    return [
      `${ids} still ${verify}.`,
      'Deploy 2 of 3 is in force here: with deploy 3 the old secret is taken away.',
    ];
  return [`${ids} ${verify} too.`, 'An array of secrets does not show how far a rotation has got.'];
}

function reporting({ replicas, silent }: Status): string {
  const { length } = replicas;
  if (length === 0) return 'No replica reports.';
  const quiet = replicas.filter(({ instance }) => silent.has(instance)).length;
  const all = `${grouped(length)} ${length === 1 ? 'replica reports' : 'replicas report'}`;
  return quiet === 0 ? `${all}.` : `${all}, of which ${grouped(quiet)} ${quiet === 1 ? 'is' : 'are'} silent.`;
}

/** Whether its next step is a person's to take, and can be taken now. */
function canStep(key: KeyStatus, status: Status): boolean {
  return key.scheduledFor === undefined && key.safeAt !== undefined && isSafe(key, status);
}

/** "3 of 3 replicas know y" */
function knows({ id, knownBy }: KeyStatus, { replicas: { length } }: Status): string {
  if (length === 0) return `No replica reports that it knows ${id}`;
  const noun = length === 1 ? 'replica' : 'replicas';
  return `${grouped(knownBy)} of ${grouped(length)} ${noun} ${length === 1 ? 'knows' : 'know'} ${id}`;
}

function takesOver(key: KeyStatus, status: Status, say: SayMoment): string {
  const known = knows(key, status);
  const { scheduledFor } = key;
  if (scheduledFor !== undefined) return `${known}: it takes over by itself at ${say(scheduledFor)}.`;
  if (canStep(key, status)) return `${known}: it can take over now.`;
  return `${known}. ${notYet('It may take over', 'It may not take over yet', key, status, say)}.`;
}

function mayGo(key: KeyStatus, status: Status, say: SayMoment): string {
  if (canStep(key, status)) return `${key.id} may go now.`;
  return `${notYet(`${key.id} may go`, `${key.id} may not go yet`, key, status, say)}.`;
}

function goLater(others: readonly KeyStatus[], status: Status): readonly string[] {
  const now = others.filter((key) => canStep(key, status)).length;
  const later = others.length - now;
  return [
    ...(now === 0 ? [] : [`So may ${count(now, 'other key')}.`]),
    ...(later === 0 ? [] : [`${count(later, 'other key')} may go later.`]),
  ];
}

/** By the clock, or because of somebody. */
function notYet(may: string, mayNot: string, key: KeyStatus, status: Status, say: SayMoment): string {
  const obstacle = stepObstacle(key, status, say);
  if (obstacle !== undefined) return `${mayNot}: ${obstacle}`;
  return key.safeAt === undefined ? mayNot : `${may} at ${say(key.safeAt)}`;
}
