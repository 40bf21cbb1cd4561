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
  /** The tone in a few words. */
  readonly title: string;
  /** Short sentences, each with its full stop. */
  readonly parts: readonly string[];
}

const TITLES: Readonly<Record<Tone, string>> = {
  calm: 'All is calm',
  ready: 'Ready for the next step',
  wait: 'Waiting until it is safe',
  alarm: 'Something is wrong',
};

function sentence(tone: Tone, parts: readonly string[], title = TITLES[tone]): Sentence {
  return { tone, title, parts };
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
  if (wrong !== undefined) return sentence('alarm', [signs, `${capitalised(wrong)}.`]);
  if (silence !== undefined) return sentence('alarm', [signs, `Replicas cannot be asked: ${silence}.`]);
  const pending = keys.filter(({ state }) => state === 'staged' || state === 'retiring');
  const fewer = fewerInWords(status);
  if (pending.length === 0) {
    const parts = [signs, ...reporting(status), 'No rotation is under way.'];
    return fewer === undefined ? sentence('calm', parts) : sentence('wait', parts, fewer);
  }
  const left = leftInWords(status);
  if (!hasSteps(status)) return sentence('wait', [signs, ...left, ...byDeploys(pending, status)]);
  const tone = toneOf(pending, status);
  const isBack = tone === 'ready' && status.forward !== undefined && pending.length === 1;
  return sentence(
    tone,
    [signs, ...left, ...bySteps(pending, status, say)],
    isBack ? 'Rolled back' : undefined,
  );
}

/** After a rollback the newer key can be promoted again at once: it is known everywhere. */
function toneOf(pending: readonly KeyStatus[], status: Status): Tone {
  return status.forward !== undefined || pending.some((key) => canStep(key, status)) ? 'ready' : 'wait';
}

/** What is not as it was among the replicas, in a few words; undefined where nothing is. */
function fewerInWords({ replicas, silent, left = [], endedAt }: Status): string | undefined {
  const { length } = replicas;
  if (length === 0) return left.length > 0 || endedAt !== undefined ? 'No replica reports' : undefined;
  if (left.length > 0) return 'Fewer replicas report than before';
  const quiet = replicas.filter(({ instance }) => silent.has(instance)).length;
  return quiet === 0 ? undefined : quiet === 1 ? 'A replica is silent' : 'Replicas are silent';
}

/** "web-2 reported until 14:05:12 UTC (12 s ago), and does not any more: see whether it was to end." */
function leftInWords(status: Status): readonly string[] {
  const { left = [], replicas, now, endedAt } = status;
  const [last] = left;
  if (last === undefined)
    return replicas.length > 0 || endedAt === undefined
      ? []
      : [`The last process that has ended signed until ${moment(endedAt, now)}.`];
  const more = left.length - 1;
  const name = replicaName(last, status);
  const who = more === 0 ? name : `${name} and ${count(more, 'other')}`;
  const seen = `reported until ${moment(last.at, now)}, and ${more === 0 ? 'does' : 'do'} not any more`;
  return [`${who} ${seen}: see whether ${more === 0 ? 'it was' : 'they were'} meant to end.`];
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

function again({ forward }: Status): string {
  return forward === undefined ? '' : ' again';
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

function reporting(status: Status): readonly string[] {
  const { replicas, silent } = status;
  const { length } = replicas;
  const left = leftInWords(status);
  if (length === 0) return [`No replica reports${left.length > 0 ? ' any more' : ''}.`, ...left];
  const quiet = replicas.filter(({ instance }) => silent.has(instance)).length;
  const all = `${grouped(length)} ${length === 1 ? 'replica reports' : 'replicas report'}`;
  const some = quiet === 0 ? '' : `, of which ${grouped(quiet)} ${quiet === 1 ? 'is' : 'are'} silent`;
  return [`${all}${some}.`, ...left];
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
  // It is the newer of the two: who reads its id alone takes it for the old one.
  if (key.id === status.forward?.id) {
    const goes = canStep(key, status)
      ? ' can be promoted again or retired now'
      : ` can be promoted again now. ${notYet('It may go', 'It may not go yet', key, status, say)}`;
    return `${key.id}, which was rolled back,${goes}.`;
  }
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
