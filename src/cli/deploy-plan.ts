// The three deploys of a rotation by variables, as `keyturn rotate` tells them.
import { variableOf } from '../config/settings.js';
import { writeNewFile } from '../disk/files.js';
import { Material } from '../keyring/key.js';
import type { Deploy, VariableChange } from '../rotation/deploys.js';
import type { Rotation } from '../rotation/rotation.js';
import { generateSecret } from '../secret/generate.js';
import { judge } from '../secret/strength.js';
import type { Context } from './command.js';
import { noteHidden, pathOf } from './step.js';
import { columns, lengthOfTime, refused } from './ui.js';

const NEXT = variableOf('security.signing_secret.next_secrets');
const ACCEPT_WEAK = variableOf('security.signing_secret.accept_weak');

/** Prints the deploys that are still to make, and at the beginning a new secret: the only time it is shown. */
export async function tellDeploys(context: Context, rotation: Rotation): Promise<0> {
  const { ui, json, has } = context;
  const status = await rotation.status();
  const deploys = rotation.deploys();
  const done = status.deploy ?? 0;
  const made = done === 0 && !has('dry-run') ? await makeSecret(context) : undefined;
  const signs = status.keys.find((key) => key.state === 'active')?.id ?? '';
  const coming = status.keys.find((key) => key.state === 'staged')?.id;
  if (json) {
    ui.json({
      step: 'rotate',
      dryRun: has('dry-run'),
      source: status.source,
      signs,
      next: done + 1,
      kid: made?.kid ?? coming ?? null,
      ...(made?.out === undefined ? { secret: made?.secret ?? null } : { out: made.out }),
      deploys: deploys.map((deploy) => ({ ...deploy, done: deploy.number <= done })),
    });
  } else {
    ui.print(
      ...beginning(done, signs, coming, status.source),
      ...(made === undefined ? [] : ['', ...secretLines(made)]),
      ...deploys.filter(({ number }) => number > done).flatMap((deploy) => ['', ...lines(deploy, done)]),
    );
  }
  noteWeak(context, rotation);
  noteHidden(rotation.resolution, ui);
  return 0;
}

interface Made {
  readonly secret: string;
  readonly kid: string;
  /** Where it was written instead of printing it. */
  readonly out: string | undefined;
}

async function makeSecret(context: Context): Promise<Made> {
  const secret = generateSecret();
  const { kid } = new Material(secret);
  const file = context.value('out');
  if (file === undefined) return { secret, kid, out: undefined };
  const out = pathOf(context, file);
  const written = await writeNewFile(out, `${secret}\n`, 0o600).catch((error: NodeJS.ErrnoException) => {
    throw refused(`the file of --out cannot be written (${error.code ?? 'unknown'})`, 'name one that can be');
  });
  if (!written) throw refused('the file of --out exists, and nothing is overwritten', 'name a new one');
  return { secret, kid, out };
}

function beginning(done: number, signs: string, coming: string | undefined, source: string): string[] {
  if (done === 0) {
    return [
      `the secret is in ${source}, which only a deploy can change (key ${signs}); a rotation is three:`,
    ];
  }
  const which = coming === undefined ? '' : `, and key ${coming} verifies`;
  return [
    `a rotation is under way: deploy ${done} is in force here (key ${signs} signs${which}), and deploy ${done + 1} comes next`,
  ];
}

function secretLines({ secret, kid, out }: Made): string[] {
  if (out !== undefined) return [`the new secret (key ${kid}) is in ${out}`];
  return [`the new secret (key ${kid}), shown only this once:`, secret];
}

function lines({ number, what, wait, grace, changes }: Deploy, done: number): string[] {
  const after = grace === 0 ? wait : `${wait} (${lengthOfTime(grace)} later)`;
  return [
    `deploy ${number}, ${after}: ${what}`,
    ...columns(changes.map((change) => [change.variable, value(change, done)])),
  ];
}

function value({ becomes }: VariableChange, done: number): string {
  if (becomes === 'removed') return '(removed)';
  if (becomes === 'former') return 'the former secret (written ["…"] if there is a comma in it)';
  return done === 0 ? 'the new secret' : `the new secret, which ${NEXT} holds now`;
}

/** As a previous secret it would stop a start in production. */
function noteWeak({ ui }: Context, { resolution }: Rotation): void {
  const { keyring } = resolution;
  if (keyring === undefined || judge(keyring.active.material?.revealSecret() ?? '').enough) return;
  ui.note(
    `the secret in force is weak: production refuses it, as a previous one too, unless ${ACCEPT_WEAK} excuses the key ${keyring.active.id}: for 7 days while the strong one is staged, then until its last token has expired`,
  );
}
