// A keyring in words, as status and every step tell it: its keys, what is safe when, and the command to run next.
import { join } from 'node:path';
import { shellQuote } from '../config/shell-quote.js';
import type { SayMoment } from '../errors.js';
import type { HeardReport } from '../fleet/authentic.js';
import { type UnheardOf, unheardOfInWords } from '../fleet/silent.js';
import { nextKeyAt } from '../keyring/automatic.js';
import { typed } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { Resolution } from '../resolve/resolve.js';
import type { HiddenDocument } from '../rotation/hidden-document.js';
import { importOf, takeAwayInWords } from '../rotation/refusals.js';
import type { KeyStatus, Status } from '../rotation/status.js';
import { replicaName } from './names.js';
import { silentInWords } from './replicas.js';
import { firstProblem } from './stops.js';
import { iso, moment } from './time.js';

/** What to do next. */
export interface Next {
  /** Undefined when there is nothing to run. */
  readonly command: string | undefined;
  /** What it does, or when it can be run. */
  readonly remark: string;
  /** When it is safe, where that is a matter of time; milliseconds since 1970. */
  readonly safeAt: number | undefined;
  /** Whether the command is refused as yet: then it is not shown as one to run. */
  readonly isRefused?: boolean | undefined;
  /** Then: one that waits until it is not, and takes the step. */
  readonly meanwhile?: string | undefined;
}

/** "K2 active, K1 retiring (generation 4)". @param madeUp a key that has no id to remember */
export function keyList({ keys, generation, id }: Keyring, madeUp?: string): string {
  const list = keys.map((key) => `${key.id === madeUp ? 'a fresh key' : key.id} ${key.state}`).join(', ');
  return id === undefined ? list : `${list} (generation ${generation})`;
}

/**
 * "safe to retire at 14:05 (in 2 h 10 min)": the next step of a key, and when it is safe. Empty when there is none.
 *
 * @param say how a moment is said that is waited for
 */
export function stepOf(
  key: KeyStatus,
  status: Status,
  say: SayMoment = (at) => moment(at, status.now),
): string {
  if (key.state === 'staged' && key.scheduledFor !== undefined) {
    return `signs by itself from ${say(key.scheduledFor)}`;
  }
  const obstacle = stepObstacle(key, status, say);
  const verb = key.state === 'staged' ? 'promote' : 'retire';
  // Where no step can be taken it is a deploy that is not everywhere yet.
  if (obstacle !== undefined && !hasSteps(status)) return obstacle;
  if (obstacle !== undefined) {
    const { safeAt } = key;
    const later = safeAt === undefined || safeAt <= status.now ? '' : `; not before ${say(safeAt)}`;
    return `not safe to ${verb}: ${obstacle}${later}`;
  }
  if (key.safeAt === undefined) return '';
  return `safe to ${verb} ${key.safeAt <= status.now ? 'now' : `at ${say(key.safeAt)}`}`;
}

/**
 * The names of the sources that the one in force hides, apart from the secret that an earlier start made for
 * development.
 */
export function hiddenNames({ hidden }: Resolution): readonly string[] {
  return hidden.filter(({ kind }) => kind !== 'development-file').map(({ name }) => name);
}

/** How the next command is to be run. */
export interface NextIn {
  /** The ring comes and goes through a pipe. */
  readonly piped?: boolean;
  /** The options that decide what a command sees: it sees something else without them. */
  readonly options: string;
  /** How a moment is said that is waited for. */
  readonly say?: SayMoment | undefined;
  /** What whoever asks is called; default: `this command`. */
  readonly asker?: string | undefined;
}

/** The last line of status and of every step. It never names a command that cannot work here. */
export function nextOf(status: Status, resolution: Resolution, how: NextIn): Next {
  const { piped = false, options, say = (at) => moment(at, status.now) } = how;
  const { source } = resolution;
  const run = (name: string, rest = '') => `keyturn ${name}${options}${rest}`;
  const wrong = piped ? undefined : firstProblem(status, how.asker);
  if (wrong !== undefined) return next(undefined, wrong);
  if (!piped && status.silence !== undefined)
    return next(
      undefined,
      `first make it possible to ask the replicas: until then no step is safe (${status.silence})`,
    );
  if (!piped && !hasSteps(status)) {
    const hidden = hiddenNames(resolution);
    if (hidden.length === 0) return nextWithoutDocument(status, resolution, run);
    return next(undefined, `take ${source?.name} away, if you mean ${hidden.join(', ')}, which it hides`);
  }
  // What a command prints is changed where it is kept, by way of a pipe.
  const inPipe = piped || status.place === undefined || !status.writable;
  const end = inPipe ? ' --ring -' : '';
  const staged = status.keys.find((key) => key.state === 'staged');
  if (staged?.scheduledFor !== undefined)
    return next(undefined, `nothing to do: ${staged.id} ${stepOf(staged, status, say)}`, staged.scheduledFor);
  if (staged !== undefined) {
    const promote = run('promote', end);
    const remark = stepOf(staged, status, say);
    if (isSafe(staged, status)) return next(promote, remark, staged.safeAt);
    return notYet(promote, remark, staged.safeAt, inPipe ? undefined : run('rotate', ' --wait'));
  }
  const itself = inPipe ? undefined : byItself(status, resolution, say);
  if (itself !== undefined) return itself;
  const { forward } = status;
  if (forward !== undefined) {
    const remark = `when the cause of the rollback is mended; or retire ${forward.id}: ${stepOf(forward, status, say)}`;
    return next(run('promote', `${end} ${typed(forward.id)}`), remark);
  }
  const retiring = status.keys
    .filter((key) => key.state === 'retiring')
    .sort((a, b) => (a.safeAt ?? 0) - (b.safeAt ?? 0));
  const [first] = retiring;
  if (first !== undefined) {
    const step = stepOf(first, status, say);
    const remark = retiring.length > 1 ? `${first.id} is ${step}` : step;
    const goes = isSafe(first, status) ? next : notYet;
    return goes(run('retire', end), remark, first.safeAt);
  }
  return next(run('rotate', inPipe ? end : ' --wait'), 'whenever a new key is due');
}

function next(command: string | undefined, remark: string, safeAt?: number): Next {
  return { command, remark, safeAt };
}

/** Of a command that is refused as yet. @param meanwhile one that waits for it */
function notYet(command: string, remark: string, safeAt?: number, meanwhile?: string): Next {
  return { command, remark, safeAt, isRefused: true, meanwhile };
}

/** What can be run now, and what is said beside it. */
export function toRun(next: Next): Pick<Next, 'command' | 'remark'> {
  const { command, remark, isRefused = false, meanwhile } = next;
  if (!isRefused) return next;
  return meanwhile === undefined
    ? { command: undefined, remark: `wait, then ${command}: ${remark}` }
    : { command: meanwhile, remark: `waits, and promotes it: ${remark}` };
}

/** Of those that hold up a step; the rest are counted: a fleet may have a thousand that are late. */
const MOST_NAMED = 5;

/** Where keys come and go by themselves: when the next one comes. */
function byItself({ keys, now }: Status, { settings }: Resolution, say: SayMoment): Next | undefined {
  const every = settings.get('security.rotation.every');
  const active = keys.find(({ state }) => state === 'active');
  const due = every === undefined || active === undefined ? undefined : nextKeyAt({ active }, every);
  if (due === undefined) return undefined;
  const when =
    due <= now
      ? `a new key is due since ${moment(due, now)}, and a running process stages it`
      : `the next key is staged by itself at ${say(due)}`;
  const old = keys.filter(({ state }) => state === 'retiring').map(({ id }) => id);
  const goes =
    old.length === 0 ? '' : `, and ${old.join(', ')} ${old.length === 1 ? 'is' : 'are'} retired when safe`;
  return next(undefined, `nothing to do: ${when}${goes}`);
}

/**
 * What comes next between `init` and the restart without the variable: a key can be staged in the document, and no
 * more.
 *
 * @param options those that the next command needs as well
 */
export function nextWhileHidden(
  { place, takeAway }: Pick<HiddenDocument<unknown>, 'place' | 'takeAway'>,
  options: string,
): Next {
  const rotate = `keyturn rotate${options} --wait`;
  return next(undefined, `${takeAwayInWords(takeAway)}: ${place} holds the same keys; then ${rotate}`);
}

/** What parts a command from what is said of it: whoever copies both runs the command alone. */
export const REMARK = '  # ';

export function nextLine(next: Next): string {
  const { command, remark } = toRun(next);
  return command === undefined ? `next: ${remark}` : `next: ${command}${REMARK}${remark}`;
}

/** The same for programs. */
export function nextJson({ command, remark, safeAt }: Next): object {
  return { command: command ?? null, remark, safeAt: iso(safeAt) };
}

/** Whether there are steps that change the ring, here or in a pipe. */
export function hasSteps({ place, format }: Status): boolean {
  return place !== undefined || format === 'document';
}

function isBehind({ id, state }: KeyStatus, { signs, verifies }: UnheardOf | HeardReport): boolean {
  return state === 'staged' ? !verifies.includes(id) : state === 'retiring' && signs === id;
}

/** The replicas that hold up the next step of a key. One that has no keyring yet holds up nothing. */
export function holdingUp(key: KeyStatus, { replicas }: Status): readonly HeardReport[] {
  return replicas.filter((replica) => replica.signs !== undefined && isBehind(key, replica));
}

/** What makes a step unsafe, time aside. */
export function stepObstacle(
  key: KeyStatus,
  status: Status,
  say: SayMoment = (at) => moment(at, status.now),
): string | undefined {
  const { silent, unheardOf } = status;
  const behind = holdingUp(key, status);
  if (behind.length === 0) {
    if (unheardOf !== undefined && isBehind(key, unheardOf)) return unheardOfInWords(say(unheardOf.until));
    // Where nothing tells since when a key is retiring, nothing tells what should have expired.
    const late =
      key.state === 'retiring' && key.safeAt !== undefined && (key.lastVerifiedAt ?? 0) > key.safeAt;
    return late ? 'a token of it was accepted that should have expired' : undefined;
  }
  const more = behind.length - MOST_NAMED;
  const names = behind
    .slice(0, more > 0 ? MOST_NAMED : behind.length)
    .map((replica) => {
      const until = silent.get(replica.instance);
      const name = replicaName(replica, status);
      return until === undefined ? name : `${name} (${silentInWords(until, say)})`;
    })
    .concat(more > 0 ? [`${more} more`] : [])
    .join(', ');
  return key.state === 'staged' ? `unknown to ${names}` : `still signed with by ${names}`;
}

/** Whether its next step can be taken now. */
export function isSafe(key: KeyStatus, status: Status): boolean {
  return stepObstacle(key, status) === undefined && (key.safeAt ?? 0) <= status.now;
}

function nextWithoutDocument(
  { deploy }: Status,
  resolution: Resolution,
  run: (name: string, rest?: string) => string,
): Next {
  const { source } = resolution;
  if (source?.kind === 'file') {
    const remark = 'turns it into a keyring document, which has safe steps';
    const { path = source.name } = source;
    if (path === join(resolution.dataDir, 'keyring.json'))
      return next(undefined, `${importOf(resolution)}: ${remark}`);
    return next(run('import', ` ${shellQuote(path)}`), remark);
  }
  if (deploy === undefined && source?.kind === 'command') {
    return next(run('rotate'), 'shows which deploys may come next');
  }
  if (deploy === undefined) return next(run('init'), 'starts a keyring document, which has safe steps');
  if (deploy === 0) return next(run('rotate'), 'prints the three deploys of a rotation');
  return next(run('rotate'), `shows deploy ${deploy + 1}, which comes next`);
}
