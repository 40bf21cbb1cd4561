// keyturn rotate: stages a new key, and with --wait goes on to promote it when that is safe. Where the secret lives
// in variables it says what to deploy.
import { KeyturnError } from '../../errors.js';
import { timesOf } from '../../fleet/fleet-times.js';
import type { Keyring } from '../../keyring/keyring.js';
import { listOf } from '../../printable.js';
import { rotatesByDeploys } from '../../rotation/deploys.js';
import type { HiddenDocument } from '../../rotation/hidden-document.js';
import { takeAwayInWords } from '../../rotation/refusals.js';
import type { Rotation } from '../../rotation/rotation.js';
import type { Outcome } from '../../rotation/step.js';
import type { Waiting, WaitOptions } from '../../rotation/wait.js';
import { moment } from '../../words/time.js';
import { whenSafe, whoKnows } from '../../words/waiting.js';
import type { Command, Context } from '../command.js';
import { sameOptions } from '../open.js';
import { attempt, conclude, isPiped, openForStep, turnedRetiring } from '../step.js';
import { ACTIVATE_IN, durationOf, REPLICAS, STEP_OPTIONS, stepOptions } from '../step-options.js';
import { notYet, refused, wrongUsage } from '../stop.js';
import { tellDeploys } from '../words/deploys.js';
import { converging, gaveUp, wentAway } from '../words/waiting.js';
import { madeUpBy, staged } from './stage.js';

/** The shortest patience by default, in seconds. */
const PATIENCE_SECONDS = 600;
/** Added to the time for which a replica that was killed can hold up a promotion, in seconds. */
const MARGIN_SECONDS = 60;
/** How often a line is printed where none can be redrawn. */
const SAY_EVERY_MS = 5000;

export const rotate: Command = {
  usage: '[--wait [--timeout DURATION]] [--activate-in DURATION] [--out FILE]',
  about: [
    'Starts a rotation: stages a new key, which verifies and does not sign yet. With --wait it',
    'goes on to promote it as soon as that is safe, or goes on with a key that is staged already;',
    'when it gives up (after 10min, or after lease + max_lag + clock_skew + 1min where that is',
    'longer) the key stays staged.',
    '',
    'Where the secret is in variables, or what a command prints, which only a deploy can change, it',
    'prints the three deploys to make, with what changes in each, and the new secret: once, or into',
    'the new file that --out names. The old secret is never shown. While such a rotation is under',
    'way it makes no new secret, and prints only the deploys that are left.',
    '',
    'After keyturn init, a variable may still hide the document. Then it stages the key in the',
    'document and stops there, with exit code 3, and names the variable to take away. When every',
    'process has been restarted without it, keyturn rotate --wait goes on with that key.',
  ],
  options: [
    { name: 'wait', about: 'promote the new key as soon as that is safe' },
    {
      name: 'timeout',
      value: 'DURATION',
      about: 'with --wait: give up after so long',
    },
    ACTIVATE_IN,
    REPLICAS,
    {
      name: 'out',
      value: 'FILE',
      about: 'with variables: write the new secret to this new file (mode 0600)',
    },
    ...STEP_OPTIONS,
  ],
  words: [],
  run: async (context) => {
    const wishes = readWishes(context);
    const rotation = await openForStep(context);
    const beneath = await rotation.hiddenDocument();
    if (beneath !== undefined) return await stageBeneath(context, beneath, wishes);
    if (!isPiped(context) && isPlanned(rotation)) {
      refuseSteps(context, rotation);
      return await tellDeploys(context, rotation);
    }
    if (context.has('out')) {
      throw refused('--out is for a secret in variables', 'leave it out: the keyring holds the new secret');
    }
    if (!wishes.wait) return await stageOnly(context, rotation, wishes);
    return await stageAndPromote(context, rotation, wishes);
  },
};

interface Wishes {
  readonly wait: boolean;
  /** Seconds; undefined for the default. */
  readonly patience: number | undefined;
  /** Seconds. */
  readonly activateIn: number | undefined;
  readonly options: ReturnType<typeof stepOptions>;
}

function readWishes(context: Context): Wishes {
  const wait = context.has('wait');
  const activateIn = durationOf(context, 'activate-in');
  const timeout = durationOf(context, 'timeout');
  if (timeout !== undefined && !wait)
    throw wrongUsage('--timeout is for --wait', 'add --wait, or leave it out');
  if (wait && activateIn !== undefined)
    throw wrongUsage(
      '--wait and --activate-in exclude each other',
      'a key that signs by itself needs no waiting',
    );
  if (wait && context.has('dry-run'))
    throw wrongUsage(
      '--wait and --dry-run exclude each other',
      'leave out --wait to see what would be staged',
    );
  if (wait && isPiped(context))
    throw wrongUsage(
      '--wait and --ring - exclude each other',
      'the staged document must reach every replica before it is promoted: run keyturn promote --ring - later',
    );
  return { wait, patience: timeout, activateIn, options: stepOptions(context) };
}

/** Whether only deploys can rotate. A file can be imported, which is better. */
function isPlanned({ resolution, shared }: Rotation): boolean {
  return !shared && rotatesByDeploys(resolution) && resolution.source?.kind !== 'file';
}

/** This command only prints what to deploy: there is nothing to wait for. */
function refuseSteps({ has }: Context, { resolution }: Rotation): void {
  const option = ['wait', 'activate-in', 'replicas'].find(has);
  if (option === undefined) return;
  throw refused(
    `--${option} is for a keyring document, and the secret is in ${resolution.source?.name}`,
    'leave it out to see what to deploy, or make a document with keyturn init',
  );
}

async function stageOnly(context: Context, rotation: Rotation, wishes: Wishes): Promise<0> {
  const { options, activateIn } = wishes;
  const outcome = await attempt(context, () => rotation.stage({ ...options, activateIn }));
  const madeUp = madeUpBy(context, outcome.kid);
  return await conclude(context, rotation, {
    step: 'rotate',
    outcome,
    madeUp,
    says: (status) => [staged(outcome.kid, status, madeUp)],
    json: () => ({ staged: !context.has('dry-run'), promoted: false }),
  });
}

/**
 * Stages a key in a document that a variable still hides, and does no more. Processes that come to the document find
 * the key there. Those that go by the variable would refuse what it signs.
 */
async function stageBeneath(context: Context, beneath: HiddenDocument<Rotation>, wishes: Wishes): Promise<0> {
  const { rotation, place, takeAway } = beneath;
  // It would sign by itself, whoever knows it by then.
  if (context.has('activate-in'))
    throw refused(`--activate-in is for a keyring in force, and ${place} is hidden`, 'leave it out');
  if (context.has('dry-run')) return await stageOnly(context, rotation, wishes);
  const pending = stagedIn(await rotation.ring());
  const kid = pending?.id ?? (await attempt(context, () => rotation.stage(wishes.options))).kid;
  context.ui.tell(
    pending === undefined ? `staged ${kid} in ${place}` : `${kid} is staged in ${place} already`,
  );
  throw notYet(
    `the key ${kid} is staged, and cannot sign yet: ${listOf(takeAway)} ${takeAway.length === 1 ? 'hides' : 'hide'} ${place}, and processes that go by that know no other key`,
    `${takeAwayInWords(takeAway)}; then keyturn rotate${sameOptions(context)} --wait goes on with this key`,
    { code: 'source_differs', more: { step: 'rotate', kid, staged: pending === undefined, takeAway } },
  );
}

async function stageAndPromote(context: Context, rotation: Rotation, wishes: Wishes): Promise<0> {
  const { ui, machine } = context;
  const { options, patience = defaultPatience(rotation) } = wishes;
  const pending = stagedIn(await rotation.ring());
  let kid: string;
  if (pending === undefined) {
    const outcome = await attempt(context, () => rotation.stage(options));
    kid = outcome.kid;
    // It has been staged, whether replicas can be asked or not.
    ui.tell(staged(kid, await rotation.status(outcome.ring, true)));
  } else {
    if (pending.scheduledFor !== undefined) {
      throw refused(
        `the key ${pending.id} is staged, and signs by itself from ${moment(pending.scheduledFor, machine.now())}`,
        'wait for that, or promote it earlier with keyturn promote',
      );
    }
    kid = pending.id;
    ui.tell(`${kid} is staged already: going on with it`);
  }
  const outcome = await waitAndPromote(context, rotation, { ...options, kid, patience });
  return await conclude(context, rotation, {
    step: 'rotate',
    outcome,
    says: (status) => [`promoted ${kid}: it signs now${turnedRetiring(outcome, status)}`],
    json: () => ({ staged: pending === undefined, promoted: true }),
  });
}

/**
 * In seconds. A replica that was killed just now holds up the promotion for a lease, and a key that was staged on
 * another machine has to wait for max_lag and clock_skew.
 */
function defaultPatience({ resolution: { settings } }: Rotation): number {
  const { lease, maxLag, skew } = timesOf(settings);
  return Math.max(PATIENCE_SECONDS, lease + maxLag + skew + MARGIN_SECONDS);
}

function stagedIn(ring: Keyring): Keyring['keys'][number] | undefined {
  return ring.keys.find((key) => key.state === 'staged');
}

async function waitAndPromote(
  context: Context,
  rotation: Rotation,
  wait: Omit<WaitOptions, 'progress'> & { readonly kid: string },
): Promise<Outcome> {
  const { ui, machine } = context;
  let last: Waiting | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  const progress = (waiting: Waiting) => {
    const now = machine.now();
    const changed = last?.knowing !== waiting.knowing || last.replicas.length !== waiting.replicas.length;
    const fresh = changed || now - saidAt >= SAY_EVERY_MS;
    if (fresh) saidAt = now;
    last = waiting;
    ui.progress(
      `waiting: ${whoKnows(waiting, wait.replicas)}, ${whenSafe(waiting, now)}`,
      (screen) => converging(waiting, wait.replicas, now, screen),
      fresh,
    );
  };
  try {
    return await rotation.promoteWhenSafe({ ...wait, progress });
  } catch (error) {
    if (!(error instanceof KeyturnError)) throw error;
    ui.progressed();
    if (error.code === 'engine_unavailable') throw wentAway(error, wait.kid, sameOptions(context));
    const over = error.code === 'too_early' || error.code === 'replica_behind';
    throw over && last !== undefined ? gaveUp(last, wait, error, machine.now()) : error;
  } finally {
    ui.progressed();
  }
}
