// keyturn status --watch: redraws the status every second or, where there is no terminal, prints what changes.
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError, orKeyturnError } from '../errors.js';
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

/** Goes on until Ctrl-C. */
export async function watch(context: Context): Promise<void> {
  const { ui, machine, surroundings, json } = context;
  const ended = surroundings.interrupted();
  const drawn = ui.redraws && !json;
  let told: ReadonlyMap<string, string> = new Map();
  /** The code of the error that keeps the status from being read; undefined while it can be read. */
  let away: string | undefined;
  let rotation: Rotation | undefined;
  const lookAgain = async () => {
    // Reads everything again, over the same connections.
    rotation = rotation === undefined ? await openRotation(context) : await rotation.again();
    return await look(rotation, sameOptions(context));
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
      const facts = factsOf(seen, told);
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
 */
function factsOf(view: View, told: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const { status: now, hidden, deploy, sealedUnder } = view;
  const { source, ring, keys, replicas, problems, silence } = now;
  return new Map([
    ['source', `source: ${source}${hidden.length === 0 ? '' : `, hides ${hidden.join(', ')}`}`],
    ...(deploy === undefined ? [] : [['deploy', `deploy: ${deploy}`] as const]),
    ['ring', `ring: generation ${ring.generation}, fingerprint ${ring.fingerprint}`],
    ...keys.map((key) => [`key ${key.id}`, `key ${key.id}: ${key.state}${safeNow(key, now)}`] as const),
    ...(now.shared ? [['sealed', `sealed: under ${sealedUnder.join(', ')}`] as const] : []),
    ...(silence === undefined
      ? []
      : [['silence', told.get('silence') ?? `replicas cannot be asked: ${silence}`] as const]),
    ...[...told].filter(([about]) => silence !== undefined && about.startsWith('replica')),
    ...replicas.map((replica) => {
      const about = `replica ${replica.instance}`;
      const signs = `signs with ${replica.signs ?? 'nothing'}`;
      return [about, `${about}: ${ringOf(replica)}, ${signs}, ${conditionOf(replica, now)}`] as const;
    }),
    ...problems.map((problem) => problemLine(problem)).map((line) => [line, line] as const),
  ]);
}

function safeNow(key: KeyStatus, now: Status): string {
  const isNow = key.scheduledFor === undefined && key.safeAt !== undefined && isSafe(key, now);
  return isNow ? `, ${stepOf(key, now)}` : '';
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [
    ...[...after].filter(([about, line]) => before.get(about) !== line).map(([, line]) => line),
    ...[...before.keys()]
      .filter((about) => !after.has(about))
      .map((about) => (about === 'silence' ? 'replicas can be asked again' : `${about}: gone`)),
  ];
}
