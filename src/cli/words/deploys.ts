// The three deploys of a rotation where only a deploy changes the secret, as `keyturn rotate` tells them.
import { variableOf } from '../../config/settings.js';
import { writeNewFile } from '../../disk/new-file.js';
import { Material } from '../../keyring/key.js';
import { strengthOf } from '../../resolve/key-strength.js';
import type { Deploy, VariableChange } from '../../rotation/deploys.js';
import type { Rotation } from '../../rotation/rotation.js';
import type { Status } from '../../rotation/status.js';
import { generateSecret } from '../../secret/generate.js';
import { lengthOfTime } from '../../words/time.js';
import type { Context } from '../command.js';
import type { Line } from '../line.js';
import { noteHidden } from '../step.js';
import { refused } from '../stop.js';
import { pathOf } from '../typed-file.js';
import { columns } from './layout.js';

const NEXT = variableOf('security.signing_secret.next_secrets');
const ACCEPT_WEAK = variableOf('security.signing_secret.accept_weak');

/** Prints the deploys that are still to make, and at the beginning a new secret: the only time it is shown. */
export async function tellDeploys(context: Context, rotation: Rotation): Promise<0> {
  const { ui, json, has } = context;
  const status = await rotation.status();
  const deploys = await rotation.deploys();
  const { deploy: done } = status;
  const made = done === 0 && !has('dry-run') ? await makeSecret(context) : undefined;
  const signs = status.keys.find((key) => key.state === 'active')?.id ?? '';
  const coming = status.keys.find((key) => key.state === 'staged')?.id;
  if (json) {
    ui.json({
      step: 'rotate',
      dryRun: has('dry-run'),
      source: status.source,
      signs,
      next: done === undefined ? null : done + 1,
      kid: made?.kid ?? coming ?? null,
      ...(made?.out === undefined ? { secret: made?.secret ?? null } : { out: made.out }),
      deploys: deploys.map((deploy) => ({
        ...deploy,
        grace: deploy.grace ?? null,
        done: done === undefined ? null : deploy.number <= done,
      })),
    });
  } else {
    const left = deploys.filter(({ number }) => number > (done ?? 1));
    ui.print(
      beginning(status, signs, coming),
      ...(made === undefined ? [] : ['', ...secretLines(made)]),
      ...(done === undefined ? [] : legend(left, done)),
      ...left.flatMap((deploy) => ['', ...lines(deploy, status)]),
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
  if (!writeSecret(out, secret))
    throw refused('the file of --out exists, and nothing is overwritten', 'name a new one');
  return { secret, kid, out };
}

function writeSecret(file: string, secret: string): boolean {
  try {
    return writeNewFile(file, `${secret}\n`, 0o600);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw refused(`the file of --out cannot be written (${code})`, 'name one that can be');
  }
}

function beginning(
  { deploy: done, source, keys }: Status,
  signs: string,
  coming: string | undefined,
): string {
  if (done === 0)
    return `the secret is in ${source}, which only a deploy can change (key ${signs}); a rotation is three:`;
  if (done === undefined)
    return `${source} gives ${keys.length} secrets (key ${signs} signs), and the order of an array does not tell how far a rotation is:`;
  const which = coming === undefined ? '' : `, and key ${coming} verifies`;
  return `a rotation is under way: deploy ${done} is in force here (key ${signs} signs${which}), and deploy ${done + 1} comes next`;
}

function secretLines({ secret, kid, out }: Made): Line[] {
  if (out !== undefined) return [`the new secret (key ${kid}) is in ${out}`];
  return [`the new secret (key ${kid}), shown only this once:`, { verbatim: secret }];
}

/** What the words of an array stand for. */
function legend(left: readonly Deploy[], done: number): string[] {
  if (!left.some(({ changes }) => changes.some(({ becomes }) => Array.isArray(becomes)))) return [];
  return ['', `in an array "old" stands for the secret that signs now, and "new" for ${newSecret(done)}`];
}

function lines(deploy: Deploy, status: Status): Line[] {
  const { number, what, wait, changes } = deploy;
  return [
    `deploy ${number}${condition(deploy, status)}, ${wait}${later(deploy, status)}: ${what}`,
    ...columns(changes.map((change) => [change.variable, value(change, number, status)])),
    ...(deploy.grace === undefined ? [`  ${UNKNOWN_LIFETIMES}`] : []),
  ];
}

const UNKNOWN_LIFETIMES =
  'nothing reports here, and outside production a program may give tokens a longer life than variables and files say: wait for its longest lifetime, max_lag and twice clock_skew';

/** Where nothing tells which deploy is in force. */
function condition({ number }: Deploy, { deploy: done, keys }: Status): string {
  if (done !== undefined) return '';
  const [, second] = keys;
  return ` if key ${second?.id} is the ${number === 2 ? 'newer' : 'former'} one`;
}

function later({ grace }: Deploy, { replicas, profile }: Status): string {
  if (grace === undefined || grace === 0) return '';
  const by =
    replicas.length === 0 && profile === 'prod' ? ', by the lifetimes that variables and files say here' : '';
  return ` (${lengthOfTime(grace)} later${by})`;
}

function value({ becomes }: VariableChange, number: number, { deploy: done, keys }: Status): string {
  if (becomes === 'removed') return '(removed)';
  if (becomes === 'former') return 'the former secret (written ["…"] if there is a comma in it)';
  if (becomes === 'former-first') return 'the former secret, before those that it holds now';
  if (becomes === 'new') return newSecret(done ?? 0);
  if (done !== undefined) return JSON.stringify(becomes);
  const [signs, second] = keys.map(({ id }) => `key ${id}`);
  const named = number === 2 ? { old: signs, new: second } : { old: second, new: signs };
  const further = keys.length > 2 && number === 2 ? ', and further ones behind them' : '';
  return `${JSON.stringify(becomes.map((which) => named[which]))}${further}`;
}

function newSecret(done: number): string {
  return done === 0 ? 'the new secret' : `the new secret, which ${NEXT} holds now`;
}

/** As a previous secret it would stop a start in production. */
function noteWeak({ ui }: Context, { resolution }: Rotation): void {
  const { keyring } = resolution;
  if (keyring === undefined || strengthOf(keyring.active).enough) return;
  ui.note(
    `the secret in force is weak: production refuses it, as a previous one too, unless ${ACCEPT_WEAK} excuses the key ${keyring.active.id}: for 7 days while the strong one is staged, then until its last token has expired`,
  );
}
