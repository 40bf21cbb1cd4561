// What the steps of a key's life have in common: the ring they work on, and what they say at the end.
import { KeyturnError, textsOf } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { NOTHING_TO_DO } from '../keyring/step-refusals.js';
import { printable } from '../printable.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Rotation } from '../rotation/rotation.js';
import type { KeyStatus, Status } from '../rotation/status.js';
import type { Outcome } from '../rotation/step.js';
import type { Context } from './command.js';
import { noteRules, openRotation, sameOptions } from './open.js';
import { isForNow, notYet, refused, wrongUsage } from './stop.js';
import type { Ui } from './ui.js';
import { hiddenNames, keyList, type Next, nextJson, nextLine, nextOf } from './words/next-step.js';
import { problemLine } from './words/replicas.js';
import { iso, moment } from './words/time.js';

/** Whether the ring comes and goes through a pipe. */
export function isPiped({ value }: Context): boolean {
  return value('ring') !== undefined;
}

/** The ring that a step works on: the one in force, or the document on standard input. */
export async function openRing(context: Context): Promise<Rotation> {
  const { json, surroundings } = context;
  if (!isPiped(context)) return await openedToChange(context);
  if (json) {
    throw wrongUsage(
      '--json and --ring - both want standard output',
      'leave out --json: the document is JSON',
    );
  }
  const document = await surroundings.readInput();
  if (document.trim() === '') {
    throw refused('standard input is empty, where --ring - wants a keyring document', 'pipe the document in');
  }
  return await openedToChange(context, { document });
}

async function openedToChange(
  context: Context,
  more: { readonly document?: string } = {},
): Promise<Rotation> {
  const rotation = await openRotation(context, more);
  noteRules(context, rotation.assumed, rotation.resolution.settings);
  return rotation;
}

/** Runs a step. A refusal for now says when it is safe in the words of everything else here. */
export async function attempt<T>({ machine }: Context, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!isForNow(error)) throw error;
    const { message, hint } = inWords(error, machine);
    throw notYet(message, hint, { code: error.code, safeAt: error.safeAt, cause: error });
  }
}

function inWords(error: KeyturnError, { now }: Context['machine']): ReturnType<typeof textsOf> {
  return textsOf(error, (at) => moment(at, now()));
}

/**
 * The same, of what may be done already: then that is said, and there is nothing more to say.
 *
 * @param kid the key that was named
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
    await conclude(context, rotation, {
      step,
      outcome: { ring, former: ring, kid: kid ?? ring.active.id },
      unchanged: true,
      says: () => [
        `nothing is changed: ${inWords(error, context.machine).message}${error.hint === NOTHING_TO_DO ? '' : `; ${error.hint}`}`,
      ],
    });
    return undefined;
  }
}

/** What a step has to say when it is done. */
export interface Conclusion {
  readonly step: string;
  readonly outcome: Outcome;
  /** What changed: the first line is a sentence that begins with the step. */
  readonly says: (ring: Keyring, status: Status) => readonly string[];
  /** Further fields for programs. */
  readonly json?: object;
  /** The key that a dry run has made up: another one would come of the step itself, so it is not named. */
  readonly madeUp?: string | undefined;
  /** What was asked for was so before. */
  readonly unchanged?: boolean;
  /** What comes next, where it is no step. */
  readonly next?: Next;
}

/** Beside a document in a pipe nobody reports. */
const COUNTED_HERE =
  'retiring is counted by the lifetimes that variables and files say here: run this with those of the service';

const FOR_REAL: Next = { command: undefined, remark: 'the same without --dry-run', safeAt: undefined };

/** Says what changed, the state of the keys, and the next command. */
export async function conclude(
  context: Context,
  rotation: Rotation,
  { step, outcome, says, json = {}, madeUp, unchanged = false, next: said }: Conclusion,
): Promise<0> {
  const { ui, has } = context;
  const piped = isPiped(context);
  // The step is done, whether replicas can be asked or not.
  const status = await rotation.status(outcome.ring, true);
  const dryRun = has('dry-run');
  // Of what a dry run has shown nothing is there: what comes next is the step itself.
  const next =
    dryRun && !unchanged
      ? FOR_REAL
      : (said ?? nextOf(status, rotation.resolution, { piped, options: sameOptions(context) }));
  const [first = '', ...further] = says(outcome.ring, status);
  const lines = [
    dryRun && !unchanged ? `dry run, nothing is changed: ${first}` : first,
    ...further,
    `keys: ${keyList(outcome.ring, madeUp)}`,
    nextLine(next),
  ];
  if (piped) {
    const retiring = outcome.ring.keys.some(({ state }) => state === 'retiring');
    ui.tell(...lines, ...(retiring ? [COUNTED_HERE] : []));
    // As JSON would escape it: the document is the same.
    ui.raw(printable(rotation.document ?? ''));
  } else if (context.json) {
    ui.json({
      step,
      dryRun,
      changed: !dryRun && !unchanged,
      kid: outcome.kid === madeUp ? null : outcome.kid,
      ...json,
      generation: outcome.ring.generation,
      keys: status.keys.map((key) => ({ ...keyJson(key), ...(key.id === madeUp ? { kid: null } : {}) })),
      next: nextJson(next),
    });
  } else ui.print(...lines);
  if (!piped) {
    noteHidden(rotation.resolution, ui);
    for (const problem of status.problems)
      if (problem.kind === 'other_config') ui.note(problemLine(problem, String));
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

function keyJson({ id, state, safeAt, scheduledFor }: KeyStatus): object {
  return { kid: id, state, safeAt: iso(safeAt), scheduledFor: iso(scheduledFor) };
}

/** What was changed may not be what the operator thinks of. */
export function noteHidden(resolution: Resolution, ui: Ui): void {
  const names = hiddenNames(resolution);
  if (names.length > 0) {
    ui.note(`${resolution.source?.name} is in force, and hides ${names.join(', ')}`);
  }
}
