// The same app, replicas and visitors with a keyring: a whole rotation, with a replica that is late, a step that is taken
// back, and an old key that goes when nothing of it is left. Every step is the one that the command of that name takes.
import { KeyturnError, textsOf } from '../errors.js';
import { systemClock } from '../process/clock.js';
import { type Machine, thisMachine } from '../resolve/machine.js';
import { initRing } from '../rotation/init/init.js';
import { Rotation } from '../rotation/rotation.js';
import type { Waiting } from '../rotation/wait.js';
import { clockTime, lengthOfTime } from '../words/time.js';
import { whenSafe, whoKnows } from '../words/waiting.js';
import { NAMES, type ReplicaName, unitOf } from './farm.js';
import { DemoFault } from './fault.js';
import type { Step } from './scene.js';
import type { Stage } from './stage.js';
import type { Counted } from './tally.js';

const LATE: ReplicaName = 'c';
const LATE_UNIT = unitOf(LATE);
const WHO = 'demo';
const SECRET = 'KEYTURN_SECURITY__SIGNING_SECRET';
const run = 'with-keyturn';
/** One try of a promotion lasts so long, in seconds: nothing is to go on for long when the demo ends. */
const TRY = 1;
const LOOK_EVERY = 250;

/** A step as it was taken, or refused. */
export interface Taken {
  readonly step: 'init' | 'stage' | 'promote' | 'rollback' | 'retire';
  /** The code of the refusal; null where it was done. */
  readonly refused: string | null;
  /** The replica that it names. */
  readonly because: string | null;
}

export interface KeyturnRun {
  readonly counted: Counted;
  readonly taken: readonly Taken[];
}

/** Shows a rotation while it lasts. */
export type Shows = (rotation: Rotation, machine: Machine) => Promise<Shown>;

export interface Shown {
  readonly url: string;
  /** Told when there is nothing more to come, before anything is taken away. */
  over(): void;
  close(): Promise<void>;
}

/** @param secret the one in force: nobody is signed out by moving it into a keyring */
export async function withKeyturn(
  stage: Stage,
  secret: string,
  shows: Shows | undefined,
): Promise<KeyturnRun> {
  const { farm, place } = stage;
  const variables = { ...place.settings, ...place.keyring(secret) };
  const machine = thisMachine({ cwd: place.folder, env: variables });
  const tally = stage.visitors.countAnew();
  stage.begin({
    run,
    title: 'The same with Keyturn: the secret moves into a keyring',
    command: 'keyturn init',
    says: [
      `The secret in force becomes the first key of a keyring ${place.store === 'redis' ? 'in Redis' : 'in a document'}.`,
      'Then the replicas restart with it, one after another.',
    ],
    look: 'who is signed out with Keyturn. It stays 0: the key is the same.',
  });
  await stage.going(init(machine, secret));
  const rotation = await Rotation.open({ machine, profile: 'prod' });
  stage.defer(() => rotation.close());
  const shown = await shows?.(rotation, machine);
  if (shown !== undefined) {
    stage.defer(() => shown.close());
    stage.whenOver(() => shown.over());
  }
  stage.console = shown && { link: shown.url };
  for (const name of NAMES) await stage.going(farm.restart(name, variables));
  await stage.look();
  const taken = await rotate(stage, rotation);
  return { counted: tally.counted, taken: [{ step: 'init', refused: null, because: null }, ...taken] };
}

async function init(machine: Machine, secret: string): Promise<void> {
  await initRing({
    machine: { ...machine, env: { ...machine.env, [SECRET]: secret } },
    profile: 'prod',
    placeSaid: true,
    who: WHO,
    imported: [],
  });
}

async function rotate(stage: Stage, rotation: Rotation): Promise<Taken[]> {
  const { farm, pace, visitors } = stage;
  const taken: Taken[] = [];
  const done = (step: Taken['step']) => taken.push({ step, refused: null, because: null });

  // A replica is late.
  await stage.going(farm.replica(LATE).standStill(LATE));
  const stagedAt = performance.now();
  const { kid } = await stage.going(rotation.stage({ who: WHO }));
  done('stage');
  stage.begin({
    run,
    title: 'A new key is staged, and one replica does not hear of it',
    command: 'keyturn stage',
    says: [
      `The new key ${kid} is there to verify. It does not sign yet.`,
      `${LATE_UNIT} stands still, as a process does whose machine is overloaded or being moved.`,
    ],
    look: `who accepts ${kid}: the others within a second, ${LATE_UNIT} does not.`,
  });
  const others = NAMES.filter((name) => name !== LATE);
  await stage.until(() => others.every((name) => farm.replica(name).keys?.verifies.includes(kid) === true));
  // Time alone would let it pass by now.
  await stage.holdUntil(stagedAt, Math.max(0.7 * pace.look, (pace.maxLag + pace.clockSkew) * 1000));

  const refusal = await refused(stage, rotation, (again) => again.promote(kid, { who: WHO }));
  if (!(await isOf(rotation, refusal.replica, farm.replica(LATE).pid)))
    throw new DemoFault(
      `promote was refused for another reason than ${LATE_UNIT}: ${refusal.message}`,
      'this machine may have too much other work; run the demo again',
    );
  taken.push({ step: 'promote', refused: refusal.code, because: LATE_UNIT });
  stage.begin({
    run,
    title: 'Promoting it now is refused',
    command: 'keyturn promote',
    refusal: quoted(refusal),
    says: [`${LATE_UNIT} would refuse what the others sign.`],
    look: 'the refusal: it names the replica. By hand nobody would have known.',
  });
  await stage.look(0.6);

  farm.replica(LATE).comeBack();
  stage.begin({
    run,
    title: `${LATE_UNIT} comes back, and the new key is promoted`,
    command: 'keyturn rotate --wait',
    says: ['It goes on with the staged key, and waits until every replica knows it.'],
    look: 'how sessions move to the new key as visitors come back. Nobody has to sign in.',
  });
  await whenPromoted(stage, rotation, kid);
  done('promote');
  stage.waitsFor = undefined;
  stage.amend({ says: [`Every replica knows ${kid}. It signs now, and the old key goes on verifying.`] });
  await stage.look();

  await stage.going(rotation.rollback({ who: WHO, why: 'to show that it can be rolled back' }));
  done('rollback');
  stage.begin({
    run,
    title: 'It is rolled back',
    command: 'keyturn rollback',
    says: ['The old key signs again. What the new one has signed stays good.'],
    look: 'sessions move back to the old key, and still nobody has to sign in.',
  });
  await stage.look();

  await stage.going(rotation.promote(kid, { who: WHO }));
  done('promote');
  stage.begin({
    run,
    title: 'It is promoted again',
    command: `keyturn promote ${kid}`,
    says: ['The new key signs again. All know it, so there is nothing to wait for.'],
    look: 'all sessions move to the new key.',
  });
  await stage.look();

  const early = await refused(stage, rotation, (again) => again.retire(undefined, { who: WHO }));
  taken.push({ step: 'retire', refused: early.code, because: null });
  stage.begin({
    run,
    title: 'Retiring the old key now is refused',
    command: 'keyturn retire',
    refusal: quoted(early),
    says: [
      `Keyturn knows that a session lives for ${pace.life} s. The last one of the old key may still be there.`,
    ],
    look: 'the countdown: it is computed from how long sessions live, and is not a guess.',
  });
  await whenRetired(stage, rotation);
  done('retire');
  stage.begin({
    run,
    title: 'The old key is retired',
    command: 'keyturn retire',
    says: ['No session of it can be alive. Its secret is deleted.'],
    look: 'one key is left, and everybody is still signed in.',
  });
  await stage.until(() => [...visitors.sessionsByKey.keys()].every((id) => id === kid));
  stage.isThrough = true;
  await stage.look();
  return taken;
}

/** @throws DemoFault where the step is taken */
async function refused(
  stage: Stage,
  rotation: Rotation,
  step: (again: Rotation) => Promise<unknown>,
): Promise<KeyturnError> {
  try {
    await stage.going(step(rotation));
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
  throw new DemoFault(
    'a step was taken that was not safe yet',
    'please report this: Keyturn should have refused it',
  );
}

/** As the command says it, less how long it is until a moment: that would stand still here while time goes on. */
function quoted(error: KeyturnError): Step['refusal'] {
  return textsOf(error, (at) => clockTime(at, systemClock()));
}

/** Whether the instance is that process. */
async function isOf(
  rotation: Rotation,
  instance: string | undefined,
  pid: number | undefined,
): Promise<boolean> {
  const reports = await rotation.replicas();
  return reports.some((report) => report.instance === instance && report.pid === pid);
}

async function whenPromoted(stage: Stage, rotation: Rotation, kid: string): Promise<void> {
  const progress = (waiting: Waiting) => {
    stage.waitsFor = `${whoKnows(waiting, NAMES.length)}, ${whenSafe(waiting, systemClock())}`;
  };
  for (;;) {
    try {
      await stage.going(rotation.promoteWhenSafe({ kid, who: WHO, patience: TRY, progress }));
      return;
    } catch (error) {
      const passes =
        error instanceof KeyturnError && (error.code === 'too_early' || error.code === 'replica_behind');
      if (!passes) throw error;
    }
  }
}

async function whenRetired(stage: Stage, rotation: Rotation): Promise<void> {
  for (;;) {
    try {
      await stage.going(rotation.retire(undefined, { who: WHO }));
      return;
    } catch (error) {
      if (!(error instanceof KeyturnError) || error.code !== 'too_early') throw error;
      const { safeAt = 0 } = error;
      const now = systemClock();
      const left = safeAt - now;
      stage.waitsFor = `safe in ${lengthOfTime(Math.max(1, left / 1000))} (${clockTime(safeAt, now)})`;
      await stage.hold(Math.min(LOOK_EVERY, Math.max(1, left)));
    }
  }
}
