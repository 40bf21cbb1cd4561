// keyturn status --watch: redraws the status every second or, where there is no terminal, prints what changes.
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError, orKeyturnError } from '../errors.js';
import { problemText } from '../fleet/diagnosis-words.js';
import type { Rotation } from '../rotation/rotation.js';
import type { KeyStatus, Status } from '../rotation/status.js';
import { isSafe, stepOf } from '../words/next-step.js';
import { conditionOf, problemLine } from '../words/replicas.js';
import { look, ringOf, type View } from '../words/view.js';
import type { Context } from './command.js';
import { type Line, styled } from './line.js';
import { openRotation, sameOptions } from './open.js';
import type { Screen } from './screen.js';
import type { Ui } from './ui.js';
import { picture } from './words/picture.js';
import { lookAtVerified, type Verified } from './words/picture-verified.js';
import { forPrograms } from './words/status.js';

const LOOK_EVERY_MS = 1000;
/** What a problem begins with, as {@link problemLine} writes it. */
const PROBLEM = 'replicas: ';
const ASKER = 'this command';
/** So many looks replicas may take to follow a step: nobody is told of what is always so. */
const LOOKS_TO_FOLLOW = 2;

/** Goes on until Ctrl-C. */
export async function watch(context: Context): Promise<void> {
  const { ui, machine, surroundings, json } = context;
  const ended = surroundings.interrupted();
  const drawn = ui.redraws && !json;
  let told: ReadonlyMap<string, string> = new Map();
  let behindSince = { generation: 0, looks: 0 };
  /** The code of the error that keeps the status from being read; undefined while it can be read. */
  let away: string | undefined;
  let rotation: Rotation | undefined;
  const lookAgain = async () => {
    // Reads everything again, over the same connections.
    rotation = rotation === undefined ? await openRotation(context) : await rotation.again();
    return await look(rotation, { options: sameOptions(context) });
  };
  const say = (news: readonly string[], object: object) => {
    if (news.length === 0) return;
    const time = new Date(machine.now()).toISOString();
    if (json) ui.json(object);
    else ui.print(...news.map((line) => `${time} ${line}`));
  };
  while (!ended.aborted) {
    // Neither a file that is broken for a while nor an engine that is away ends the watch.
    const seen = await orKeyturnError(lookAgain);
    if (drawn) {
      const verified =
        seen instanceof KeyturnError || rotation === undefined
          ? undefined
          : await lookAtVerified(rotation, seen.status);
      ui.redraw(...drawing(seen, verified, ui.screen as Screen, machine.now()));
    } else if (seen instanceof KeyturnError) {
      // Said once. What was known stays, and is compared with what there is when it answers again.
      if (away !== seen.code) say([cannotBeAsked(seen)], { error: `${seen.message}; ${seen.hint}` });
      away = seen.code;
    } else {
      behindSince = oneLookMore(behindSince, seen.status);
      const facts = factsOf(seen, told, behindSince.looks <= LOOKS_TO_FOLLOW);
      say([...(away === undefined ? [] : ['answers again']), ...changes(told, facts)], forPrograms(seen));
      away = undefined;
      told = facts;
    }
    await pause(ended, ui);
  }
  ui.drawn();
}

/** Until it is time to look again, or the terminal has another size. */
async function pause(ended: AbortSignal, ui: Ui): Promise<void> {
  let forget = () => {};
  const resized = new Promise<void>((done) => {
    forget = ui.onResize(done);
  });
  await Promise.race([sleep(LOOK_EVERY_MS, undefined, { signal: ended }), resized]).catch(() => {});
  forget();
}

function drawing(
  seen: View | KeyturnError,
  verified: Verified | undefined,
  screen: Screen,
  now: number,
): readonly Line[] {
  const foot = styled('dim', `${new Date(now).toTimeString().slice(0, 8)}  Ctrl-C ends`);
  if (seen instanceof KeyturnError) return [cannotBeAsked(seen), '', foot];
  return picture(seen, verified, screen, screen.height, foot);
}

function cannotBeAsked({ message, hint }: KeyturnError): string {
  return `cannot be asked: ${message}; ${hint}`;
}

/**
 * What can change, by what it is about. Without moments, which would change every second.
 *
 * @param told what was known before: it stays while replicas cannot be asked
 * @param following whether replicas that are behind are given time yet: of them, too, what was known stays
 */
export function factsOf(
  view: View,
  told: ReadonlyMap<string, string>,
  following: boolean,
): ReadonlyMap<string, string> {
  const { status: now, hidden, deploy, sealedUnder } = view;
  const { source, ring, keys, replicas, silence } = now;
  const late = following ? now.problems.filter(({ kind }) => kind === 'behind') : [];
  const lateOnes = late.flatMap(({ instances }) => instances);
  const problems = now.problems.filter((problem) => !late.includes(problem));
  return new Map([
    ['source', `source: ${source}${hidden.length === 0 ? '' : `, hides ${hidden.join(', ')}`}`],
    ...(deploy === undefined ? [] : [['deploy', `deploy: ${deploy}`] as const]),
    ['ring', `keyring: generation ${ring.generation}, fingerprint ${ring.fingerprint}`],
    ...keys.map((key) => [`key ${key.id}`, `key ${key.id}: ${key.state}${safeNow(key, now)}`] as const),
    ...(now.shared ? [['sealed', `sealed: under ${sealedUnder.join(', ')}`] as const] : []),
    ...(silence === undefined
      ? []
      : [['silence', told.get('silence') ?? `replicas cannot be asked: ${silence}`] as const]),
    ...[...told].filter(([about]) => silence !== undefined && about.startsWith('replica')),
    ...replicas.map((replica) => {
      const about = `replica ${replica.instance}`;
      const signs = `signs with ${replica.signs ?? 'nothing'}`;
      const line = `${about}: ${ringOf(replica)}, ${signs}, ${conditionOf(replica, now)}`;
      return [about, (lateOnes.includes(replica.instance) && told.get(about)) || line] as const;
    }),
    ...problems.map(
      (problem) => [`${PROBLEM}${problemText(problem, ASKER).what}`, problemLine(problem)] as const,
    ),
  ]);
}

function safeNow(key: KeyStatus, now: Status): string {
  const isNow = key.scheduledFor === undefined && key.safeAt !== undefined && isSafe(key, now);
  return isNow ? `, ${stepOf(key, now)}` : '';
}

/** How many looks in a row have found replicas behind one generation. */
function oneLookMore(before: { readonly generation: number; readonly looks: number }, now: Status) {
  const { generation } = now.ring;
  const isSame = before.generation === generation;
  const isBehind = now.problems.some(({ kind }) => kind === 'behind');
  return { generation, looks: isBehind ? (isSame ? before.looks : 0) + 1 : 0 };
}

/** The lines about what is new, or another than before. */
export function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [
    ...[...after].filter(([about, line]) => before.get(about) !== line).map(([, line]) => line),
    ...[...before.keys()].filter((about) => !after.has(about)).map(endOf),
  ];
}

/** Of a problem without the advice, which would read as if it were a new one. */
function endOf(about: string): string {
  if (about === 'silence') return 'replicas can be asked again';
  return about.startsWith(PROBLEM) ? `resolved: ${about}` : `${about}: gone`;
}
