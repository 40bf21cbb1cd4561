// keyturn revoke: refuses a key at once, and says what that breaks.
import type { Problem } from '../../fleet/diagnosis.js';
import { problemText } from '../../fleet/diagnosis-words.js';
import type { Keyring } from '../../keyring/keyring.js';
import type { Impact } from '../../rotation/impact.js';
import type { Rotation } from '../../rotation/rotation.js';
import type { Outcome, StepOptions } from '../../rotation/step.js';
import { stillAccepting } from '../../rotation/wait.js';
import type { Command, Context } from '../command.js';
import type { Line } from '../line.js';
import { attempt, conclude, isPiped, isSealedUnder, openForStep, unlessDone } from '../step.js';
import { STEP_OPTIONS, stepOptions } from '../step-options.js';
import { refused, wrongUsage } from '../stop.js';
import { columns } from '../words/layout.js';

/** How long replicas have to obey. */
const PATIENCE_MS = 10_000;

export const revoke: Command = {
  usage: 'KID --reason TEXT',
  about: [
    'Refuses a key from now on: running processes follow within a second, and everything that it',
    'signed is refused. For emergencies: somebody may have the secret. When the key is the one',
    'that signs, the staged key, or a fresh one, signs from then on, in the same step, whatever',
    'replicas report. At a terminal it shows what will break and asks first, unless --yes is given;',
    'with a pipe it asks nothing. Replicas that have not obeyed within 10 s are named, and those',
    'that hold another keyring and do not follow, with exit code 1.',
  ],
  options: [{ name: 'yes', about: 'at a terminal: do not ask' }, ...STEP_OPTIONS],
  words: ['KID'],
  run: async (context) => {
    const [kid = ''] = context.words;
    const options = stepOptions(context);
    if (options.why === undefined) {
      throw wrongUsage('--reason is missing', 'write keyturn revoke KID --reason TEXT');
    }
    const opened = await openForStep(context);
    const done = await revokeAsShown(context, opened, kid, options);
    if (done === undefined) return 0;
    const { rotation, outcome, impact } = done;
    const successor = outcome.ring.active.id;
    const madeUp =
      options.dryRun === true && outcome.former.get(successor) === undefined ? successor : undefined;
    const name = madeUp === undefined ? successor : 'a fresh key';
    const takeover = successor === outcome.former.active.id ? '' : `; ${name} signs now`;
    noteSeal(context, rotation, kid);
    const disobedient =
      options.dryRun === true || isPiped(context)
        ? []
        : await stillAccepting(rotation, outcome.kid, PATIENCE_MS, context.machine);
    const apart = options.dryRun === true || isPiped(context) ? [] : await apartFrom(rotation, outcome.ring);
    const notFollowing = apart.flatMap(({ instances }) => instances);
    await conclude(context, rotation, {
      step: 'revoke',
      outcome,
      says: () => [
        `revoked ${outcome.kid}: everything that it signed is refused from now on${takeover}`,
        ...broken(impact),
      ],
      json: () => ({
        signs: madeUp === undefined ? successor : null,
        impact: impact.rows,
        disobedient,
        notFollowing,
      }),
      madeUp,
    });
    for (const problem of apart) {
      const { what, hint } = problemText(problem, 'this command');
      context.ui.note(`${what}, so that this one is not followed there; ${hint}`);
    }
    if (disobedient.length > 0) {
      context.ui.note(
        `not obeyed within ${PATIENCE_MS / 1000} s by ${disobedient.join(', ')}: what ${outcome.kid} signed is accepted there; stop them, or see why they cannot hear of it`,
      );
    }
    return disobedient.length + apart.length === 0 ? 0 : 1;
  },
};

/** Processes that will not take this ring: they obey that the key is refused, and go on with their own. */
async function apartFrom(rotation: Rotation, ring: Keyring): Promise<readonly Problem[]> {
  const { problems } = await rotation.status(ring, true);
  return problems.filter(({ kind, live }) => live && (kind === 'forked' || kind === 'outdated'));
}

interface Done {
  readonly rotation: Rotation;
  readonly outcome: Outcome;
  /** Of the ring that it was done to. */
  readonly impact: Impact;
}

/**
 * Shows what breaks, asks where somebody can be asked, and revokes the key. Others may change the keyring in the
 * meantime: then what breaks may be something else, and it asks again.
 *
 * @returns undefined where the key is revoked already
 */
async function revokeAsShown(
  context: Context,
  opened: Rotation,
  kid: string,
  options: StepOptions,
): Promise<Done | undefined> {
  const { ui } = context;
  const step = { step: 'revoke', kid } as const;
  for (let rotation = opened; ; rotation = await opened.again()) {
    // A refusal comes before the question, and what will break is told before it breaks.
    const trial = await unlessDone(context, rotation, step, () =>
      rotation.revoke(kid, { ...options, dryRun: true }),
    );
    if (trial === undefined) return undefined;
    const shown = await rotation.impact(step, trial.former);
    ui.tell(`revoking ${shown.kid} breaks ${summary(shown)}`);
    const asked = await askFirst(context, trial, shown);
    if (options.dryRun === true) return { rotation, outcome: trial, impact: shown };
    let moved = false;
    const look = (former: Keyring) => {
      const { generation, fingerprint } = trial.former;
      // A scheduled change that has come due raises no generation.
      moved = former.generation !== generation || former.fingerprint !== fingerprint;
      if (moved && asked) throw refused('the keyring has changed since it was shown', 'run it again');
    };
    try {
      const outcome = await attempt(context, () => rotation.revoke(kid, options, look));
      return { rotation, outcome, impact: moved ? await rotation.impact(step, outcome.former) : shown };
    } catch (error) {
      if (!moved) throw error;
      if (asked) ui.note('nothing is revoked yet: the keyring has changed since it was shown');
    }
  }
}

const ROLES: Readonly<Record<string, string>> = {
  active: 'which signs now',
  retiring: 'which signed before and verifies',
  staged: 'which is staged',
};

/**
 * It cannot be undone, and the key id may have been copied from the wrong line: so it asks first.
 *
 * @returns whether somebody was asked, and agreed
 */
async function askFirst(context: Context, { former, ring }: Outcome, impact: Impact): Promise<boolean> {
  const { ui, has, surroundings } = context;
  const { ask } = surroundings;
  if (ask === undefined || has('yes') || has('dry-run') || isPiped(context)) return false;
  const key = former.get(impact.kid ?? '');
  const isFresh = former.get(ring.active.id) === undefined;
  const signs = isFresh ? 'a fresh key' : ring.active.id;
  const [, ...rows] = broken(impact);
  ui.tell(...rows, ...(ring.active.id === former.active.id ? [] : [`${signs} will sign from then on`]));
  const role = ROLES[key?.state ?? ''] ?? 'whose secret is gone';
  const answer = await ask(ui.question(`revoke the key ${impact.kid}, ${role}? It cannot be undone [y/N]`));
  if (/^y(es)?$/i.test(answer?.trim() ?? '')) return true;
  throw refused('nothing is revoked', 'answer y to revoke it, or say --yes', 'declined');
}

/** Whoever has that secret, and can read the engine, can open the keyring and so has every other key as well. */
function noteSeal({ ui }: Context, rotation: Rotation, kid: string): void {
  if (!isSealedUnder(rotation, kid)) return;
  ui.note(
    `the secret of ${kid} still seals the keyring: deploy a new one in ${rotation.resolution.source?.name} (keyturn generate), and this one as a previous secret until every replica has the new one`,
  );
}

/** "tokens of it for session, csrf": short, since the table follows. */
function summary({ rows }: Impact): string {
  const names = rows.filter(({ effect }) => effect === 'refused').map(({ purpose }) => purpose);
  return names.length === 0 ? 'nothing: no token of it can be alive' : `tokens of it for ${names.join(', ')}`;
}

function broken({ rows, stillAccepted }: Impact): Line[] {
  const lost = rows.filter(({ effect }) => effect === 'refused');
  const told =
    lost.length === 0
      ? ['broken: nothing, no token of it can be alive']
      : ['broken, and what users notice:', ...columns(lost.map(({ purpose, sees }) => [purpose, sees]))];
  return [...told, ...stillAccepted];
}
