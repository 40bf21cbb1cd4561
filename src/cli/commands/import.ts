// keyturn import: takes over secrets of another place, so that what they signed goes on verifying.
import { looksLikeDocument } from '../../keyring/document-text.js';
import { type Key, Material } from '../../keyring/key.js';
import { count } from '../../printable.js';
import { type WeakKey, weakAmong } from '../../resolve/key-strength.js';
import type { Resolution } from '../../resolve/resolve.js';
import { longestLifetime } from '../../resolve/weak-keys.js';
import type { InitResult } from '../../rotation/init/first-ring.js';
import { initRing } from '../../rotation/init/init.js';
import { weakness } from '../../secret/counted.js';
import { cleanSecret, looksLikeArray, parseSecretArray } from '../../secret/text.js';
import type { Command, Context } from '../command.js';
import { attempt, conclude, openForStep } from '../step.js';
import { PIPED, WHO, whoOf } from '../step-options.js';
import { refused, wrongUsage } from '../stop.js';
import { pathOf, readTyped } from '../typed-file.js';
import { initOptions, tellNewKeyring } from '../words/new-keyring.js';

export const importSecrets: Command = {
  usage: 'FILE | --variable NAME',
  about: [
    'Writes .keyturn/keyring.json, a keyring document, with secrets of another place: a file with',
    'one line (.jwt-secret), a file with a JSON array of secrets (the newest first), or a variable',
    'that holds either. The first one signs, the others verify. The secret that is in force, when',
    'it is another one, goes on verifying too, so that nobody is logged out. What is read from is',
    'left as it is. Otherwise as keyturn init: a keyturn.toml, and nothing is overwritten.',
    '',
    'A file with a keyring document is joined with the keyring in force, when it is another copy of',
    'it: edited, older, or one on which other steps were taken. Every key comes out in its furthest',
    'state, and whoever holds either copy follows.',
    '',
    'Where security.keyring.store names Redis or PostgreSQL it makes the keyring there instead.',
  ],
  options: [
    { name: 'variable', value: 'NAME', about: 'take over what this environment variable holds' },
    PIPED,
    WHO,
  ],
  words: ['[FILE]'],
  run: async (context) => {
    const origin = await readOrigin(context);
    if (looksLikeDocument(origin.text)) return await joinCopy(context, origin);
    const imported = secretsIn(origin).map((secret) => new Material(secret));
    let former: string | undefined;
    const made = await initRing({
      ...(await initOptions(context)),
      imported,
      approve: ({ keys }, before) => {
        former = before.keyring?.active.id;
        refuseWeak(keys, before, origin.name, context.machine.now());
      },
    });
    const { kept, left } = made.keys;
    const weak = weakAmong(made.ring.live);
    tellNewKeyring(context, made, { source: origin.name, kept, left, weak: weak.map(({ kid }) => kid) });
    tellRest(context, made, origin, { imported, weak, former });
    return 0;
  },
};

interface Origin {
  /** What an operator calls it: the path as it was typed, or the variable. */
  readonly name: string;
  readonly text: string;
  /** The file, if it is one. */
  readonly path: string | undefined;
}

async function readOrigin(context: Context): Promise<Origin> {
  const [file] = context.words;
  const variable = context.value('variable');
  if ((file === undefined) === (variable === undefined)) {
    throw wrongUsage(
      file === undefined ? 'FILE or --variable is missing' : 'FILE and --variable exclude each other',
      'write keyturn import FILE, or keyturn import --variable NAME',
    );
  }
  if (file !== undefined) {
    const text = await readTyped(context, file, 'FILE');
    return { name: file, text, path: pathOf(context, file) };
  }
  const text = context.machine.env[variable as string];
  if (text === undefined) {
    throw refused('the variable that --variable names is not set', 'it takes the name of one that is');
  }
  return { name: variable as string, text, path: undefined };
}

/** Joins another copy of the keyring with the one in force. */
async function joinCopy(context: Context, { name, text }: Origin): Promise<0> {
  const rotation = await openForStep(context);
  const outcome = await attempt(context, () => rotation.join(text, { who: whoOf(context) }));
  const { ring, former } = outcome;
  return await conclude(context, rotation, {
    step: 'import',
    outcome,
    says: () => [
      ring.generation === former.generation
        ? `${name} holds nothing that the keyring in force does not`
        : `joined ${name} with the keyring in force: generation ${ring.generation}, ${count(ring.live.length, 'live key')}`,
    ],
  });
}

function secretsIn({ name, text }: Origin): readonly string[] {
  const parts = looksLikeArray(text) ? parseSecretArray(text, name) : [text];
  return parts.map((secret, index) =>
    cleanSecret(secret, parts.length === 1 ? name : `secret ${index + 1} of ${name}`),
  );
}

/**
 * In production no weak key may sign. A weak key that verifies stops a start there, unless it is excused. No start
 * judges the keys in an engine, so this does.
 */
function refuseWeak(keys: readonly Key[], before: Resolution, name: string, now: number): void {
  if (before.profile.profile !== 'prod') return;
  const [signs] = weakAmong(keys.slice(0, 1));
  if (signs !== undefined) {
    throw refused(
      `the first secret of ${name} is too weak to sign with: ${weakness(signs)}`,
      'put the output of keyturn generate before it in an array: the weak one then only verifies',
    );
  }
  if (before.settings.get('security.keyring.store') === undefined) return;
  const excused = before.settings.get('security.signing_secret.accept_weak');
  const weak = weakAmong(keys.filter((key) => key.live)).filter(
    ({ kid }) => !excused.some((one) => one.kid === kid && one.until > now),
  );
  const [first] = weak;
  if (first === undefined) return;
  throw refused(
    `the key ${first.kid} of ${name} is too weak: ${weakness(first)}`,
    `leave it out, or excuse it for a while under [security.signing_secret]: ${excuseFor(weak, before, now)}`,
  );
}

/** How to excuse weak keys, in keyturn.toml. */
function excuseFor(weak: readonly WeakKey[], { settings }: Resolution, now: number): string {
  const until = new Date(now + longestLifetime(settings) * 1000).toISOString();
  return `accept_weak = [${weak.map(({ kid }) => `{ kid = "${kid}", until = ${until} }`).join(', ')}]`;
}

interface Import {
  readonly imported: readonly Material[];
  readonly weak: readonly WeakKey[];
  /** The key that signed until now. */
  readonly former: string | undefined;
}

function tellRest(
  { ui, machine }: Context,
  { ring, keys: { left }, document, takeAway, after }: InitResult,
  origin: Origin,
  { imported, weak, former }: Import,
): void {
  const signs = ring.active.id;
  const repeated = imported.length - new Set(imported.map(({ kid }) => kid)).size;
  if (repeated > 0) ui.note(`${origin.name} lists ${count(repeated, 'secret')} twice; each is kept once`);
  if (former !== undefined && former !== signs) {
    ui.note(
      ring.get(former)?.live === true
        ? `${signs} signs from the next start on, and ${former}, which signs until then, goes on verifying: nobody is logged out`
        : `${signs} signs from the next start on, and whoever ${former} signed in must sign in again`,
      'Restart all processes together: those that still run with the former secret do not know the new key.',
    );
  }
  if (left.length > 0) ui.note(`left out, since it is weak or revoked: ${left.join(', ')}`);
  for (const { kid, bytes, why } of weak) {
    ui.note(`the key ${kid} is too weak: ${weakness({ bytes, why })}`);
  }
  const signsWeakly = weak.some(({ kid }) => kid === signs);
  if (signsWeakly)
    ui.note('production refuses a weak key that signs: rotate away from it first (keyturn rotate --wait)');
  if (weak.length > (signsWeakly ? 1 : 0) && document !== undefined) {
    ui.note(
      'production refuses weak keys; to rotate away from them, keyturn.toml can excuse them for a while',
      '[security.signing_secret]',
      excuseFor(weak, after, machine.now()),
    );
  }
  if (!takeAway.includes(origin.name) && after.source?.path !== origin.path) {
    ui.note(`${origin.name} is left as it is; take it away when nothing else reads it`);
  }
  for (const { error } of after.problems) {
    if (error.code !== 'secret_weak') ui.note(`${error.message}; ${error.hint}`);
  }
}
