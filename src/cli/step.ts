// What the steps of a key's life have in common: the ring they work on, and what they say at the end.
import { KeyturnError, textsOf } from '../errors.js';
import { NOTHING_TO_DO } from '../keyring/step-refusals.js';
import { printable } from '../printable.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Rotation } from '../rotation/rotation.js';
import type { Status } from '../rotation/status.js';
import type { Outcome, StepOptions } from '../rotation/step.js';
import { hiddenNames, keyList, type Next, nextJson, nextLine, nextOf } from '../words/next-step.js';
import { problemLine } from '../words/replicas.js';
import { iso, moment } from '../words/time.js';
import type { Context } from './command.js';
import type { Line } from './line.js';
import { noteRules, openRotation, sameOptions } from './open.js';
import { stepOptions } from './step-options.js';
import { isForNow, notYet, refused, wrongUsage } from './stop.js';
import type { Ui } from './ui.js';
import { nextLines } from './words/next.js';

/** Whether the ring comes and goes through a pipe. */
export function isPiped({ value }: Context): boolean {
  return value('ring') !== undefined;
}

/** The ring that a step works on: the one in force, or the document on standard input. */
export async function openForStep(context: Context): Promise<Rotation> {
  const document = isPiped(context) ? await readDocument(context) : undefined;
  const rotation = await openRotation(context, document === undefined ? {} : { document });
  noteRules(context, rotation.assumed, rotation.resolution.settings);
  return rotation;
}

async function readDocument({ json, surroundings }: Context): Promise<string> {
  if (json)
    throw wrongUsage(
      '--json and --ring - both want standard output',
      'leave out --json: the document is JSON',
    );
  const document = await surroundings.readInput();
  if (document.trim() !== '') return document;
  throw refused('standard input is empty, where --ring - wants a keyring document', 'pipe the document in');
}

/** Runs a step. A refusal that passes says when it is safe, as the command line says moments. */
export async function attempt<T>({ machine }: Context, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!isForNow(error)) throw error;
    const { message, hint } = textsOf(error, (at) => moment(at, machine.now()));
    throw notYet(message, hint, { code: error.code, safeAt: error.safeAt, cause: error });
  }
}

/**
 * The same of a step that may have been taken already. Then it says so.
 *
 * @param kid the key that was named
 * @returns undefined where it had been taken already
 */
export async function unlessDone(
  context: Context,
  rotation: Rotation,
  { step, kid }: { readonly step: string; readonly kid: string | undefined },
  take: () => Promise<Outcome>,
): Promise<Outcome | undefined> {
  try {
    return await attempt(context, take);
  } catch (error) {
    if (!(error instanceof KeyturnError) || error.code !== 'done_already') throw error;
    const ring = await rotation.ring();
    const { message, hint } = textsOf(error, (at) => moment(at, context.machine.now()));
    await conclude(context, rotation, {
      step,
      outcome: { ring, former: ring, kid: kid ?? ring.active.id },
      unchanged: true,
      says: () => [`nothing is changed: ${message}${hint === NOTHING_TO_DO ? '' : `; ${hint}`}`],
    });
    return undefined;
  }
}

/** Takes a step that has only the options of every step, and says what changed. */
export async function takeStep(
  context: Context,
  step: string,
  take: (rotation: Rotation, options: StepOptions) => Promise<Outcome>,
  words: (outcome: Outcome, rotation: Rotation) => Pick<Conclusion, 'says' | 'json'>,
): Promise<0> {
  const options = stepOptions(context);
  const rotation = await openForStep(context);
  const [kid] = context.words;
  const outcome = await unlessDone(context, rotation, { step, kid }, () => take(rotation, options));
  if (outcome === undefined) return 0;
  return await conclude(context, rotation, { step, outcome, ...words(outcome, rotation) });
}

/** Whether the secret of a key is one that the keyring is sealed under, as that of the first key is. */
export function isSealedUnder({ shared, resolution }: Rotation, kid: string): boolean {
  return shared && resolution.keyring?.get(kid)?.live === true;
}

/** What a step has to say when it is done. */
export interface Conclusion {
  readonly step: string;
  readonly outcome: Outcome;
  /** What changed: the first line is a sentence that begins with the step. */
  readonly says: (status: Status) => readonly [string, ...Line[]];
  /** Further fields for programs. */
  readonly json?: (status: Status) => object;
  /** The key that a dry run has made. It is not named: the step itself would make another one. */
  readonly madeUp?: string | undefined;
  /** The step had been taken already. */
  readonly unchanged?: boolean;
  /** What comes next, where that is not a step. */
  readonly next?: Next | undefined;
}

/** Nobody reports beside a document that comes through a pipe. */
const COUNTED_HERE =
  'when a key can be retired depends on the lifetimes in the variables and files here: run this with those of the service';

const FOR_REAL: Next = { command: undefined, remark: 'the same without --dry-run', safeAt: undefined };

/** Says what changed, the state of the keys, and the next command. */
export async function conclude(
  context: Context,
  rotation: Rotation,
  { step, outcome, says, json, madeUp, unchanged = false, next: said }: Conclusion,
): Promise<0> {
  const { ui, has } = context;
  const piped = isPiped(context);
  // The step has been taken, whether replicas can be asked or not.
  const status = await rotation.status(outcome.ring, true);
  const dryRun = has('dry-run');
  // A dry run has changed nothing: what comes next is the step itself.
  const next =
    dryRun && !unchanged
      ? FOR_REAL
      : (said ?? nextOf(status, rotation.resolution, { piped, options: sameOptions(context) }));
  const [first, ...further] = says(status);
  const lines: readonly Line[] = [
    dryRun && !unchanged ? `dry run, nothing is changed: ${first}` : first,
    ...further,
    `keys: ${keyList(outcome.ring, madeUp)}`,
  ];
  if (piped) {
    const retiring = outcome.ring.keys.some(({ state }) => state === 'retiring');
    ui.tell(...lines, nextLine(next), ...(retiring ? [COUNTED_HERE] : []));
    // As JSON would escape it: the document is the same.
    ui.raw(printable(rotation.document ?? ''));
  } else if (context.json) {
    ui.json({
      step,
      dryRun,
      changed: !dryRun && !unchanged,
      kid: outcome.kid === madeUp ? null : outcome.kid,
      ...json?.(status),
      generation: outcome.ring.generation,
      keys: status.keys.map(({ id, state, safeAt, scheduledFor }) => ({
        kid: id === madeUp ? null : id,
        state,
        safeAt: iso(safeAt),
        scheduledFor: iso(scheduledFor),
      })),
      next: nextJson(next),
    });
  } else ui.print(...lines, nextLines(next));
  if (!piped) {
    noteHidden(rotation.resolution, ui);
    for (const problem of status.problems) if (problem.kind === 'other_config') ui.note(problemLine(problem));
  }
  return 0;
}

/** "K1 turned retiring, safe to retire at 14:05 (in 2 h)": what became of the key that signed before. */
export function turnedRetiring({ former, ring }: Outcome, status: Status): string {
  const key = status.keys.find(({ id }) => id === former.active.id);
  if (key?.state !== 'retiring' || ring.active.id === key.id) return '';
  const safe = key.safeAt === undefined ? '' : `, safe to retire at ${moment(key.safeAt, status.now)}`;
  return `; ${key.id} turned retiring${safe}`;
}

/** The operator may have meant another source than the one that was changed. */
export function noteHidden(resolution: Resolution, ui: Ui): void {
  const names = hiddenNames(resolution);
  if (names.length > 0) {
    ui.note(`${resolution.source?.name} is in force, and hides ${names.join(', ')}`);
  }
}
