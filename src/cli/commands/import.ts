// keyturn import: takes over secrets of another place, so that what they signed goes on verifying.
import { KeyturnError } from '../../errors.js';
import { looksLikeDocument } from '../../keyring/document.js';
import { Key, type KeyState, Material } from '../../keyring/key.js';
import type { Resolution } from '../../resolve/resolve.js';
import { foundDocument } from '../../rotation/found.js';
import { judge, MINIMUM_BYTES } from '../../secret/strength.js';
import { cleanSecret } from '../../secret/text.js';
import type { Command, Context } from '../command.js';
import { tellFounded } from '../new-document.js';
import { looksLikeArray, pathOf, readTyped } from '../step.js';
import { count, refused, wrongUsage } from '../ui.js';
import { userName } from '../user.js';

const WEAK_DAYS = 30;

export const importSecrets: Command = {
  usage: 'FILE | --variable NAME',
  about: [
    'Writes .keyturn/keyring.json, a keyring document, with secrets of another place: a file with',
    'one line (.jwt-secret), a file with a JSON array of secrets (the newest first), or a variable',
    'that holds either. The first one signs, the others verify. The secret that is in force, when',
    'it is another one, goes on verifying too, so that nobody is logged out. What is read from is',
    'left as it is. Otherwise as keyturn init: a keyturn.toml, and nothing is overwritten.',
  ],
  options: [{ name: 'variable', value: 'NAME', about: 'take over what this environment variable holds' }],
  words: ['[FILE]'],
  run: async (context) => {
    const origin = await readOrigin(context);
    const secrets = secretsIn(origin);
    const gathered = new Gathered(secrets, context.machine.now());
    const founded = await foundDocument({
      machine: context.machine,
      profile: context.profile,
      who: userName(),
      command: 'import',
      excuses: ['secret_missing', 'secret_weak'],
      keys: async (before) => {
        gathered.refuseWeakSigner(before, origin.name);
        gathered.keep(before);
        return gathered.keys;
      },
    });
    const { kept, left, weak } = gathered;
    tellFounded(context, founded, { source: origin.name, kept, left, weak: weak.map(({ kid }) => kid) });
    tellRest(context, gathered, origin, founded.takeAway, founded.after);
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

function secretsIn({ name, text }: Origin): readonly string[] {
  if (looksLikeDocument(text)) {
    throw refused(
      `${name} holds a keyring document already, or other JSON`,
      'name a document as file under [security.signing_secret] in keyturn.toml instead',
    );
  }
  const parts = looksLikeArray(text) ? parseArray(name, text) : [text];
  return parts.map((secret, index) =>
    cleanSecret(secret, parts.length === 1 ? name : `secret ${index + 1} of ${name}`),
  );
}

function parseArray(name: string, text: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message would quote the secrets.
  }
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'))
    return value;
  throw new KeyturnError(
    'secret_malformed',
    `${name} begins like a JSON array of secrets, but is none`,
    'write ["newest secret", "older secret"], each in double quotes',
  );
}

interface WeakKey {
  readonly kid: string;
  readonly bytes: number;
  readonly why: string;
}

/** The keys of the new document: those that were imported, and those in force. */
class Gathered {
  readonly #keys = new Map<string, Key>();
  readonly #until: string;
  /** Keys in force that stay, by id. */
  readonly kept: string[] = [];
  /** Keys that do not come along, by id: weak ones in force, and imported ones that are revoked. */
  readonly left: string[] = [];
  /** The key that signs until now, when it is another one. */
  former: string | undefined;
  /** How many were listed more than once. */
  readonly repeated: number;

  constructor(secrets: readonly string[], now: number) {
    for (const secret of secrets)
      this.#add(new Material(secret), this.#keys.size === 0 ? 'active' : 'retiring');
    this.repeated = secrets.length - this.#keys.size;
    this.#until = new Date(now + WEAK_DAYS * 86_400_000).toISOString().slice(0, 10);
  }

  #add(material: Material, state: KeyState): void {
    if (!this.#keys.has(material.kid)) this.#keys.set(material.kid, new Key(material, state));
  }

  get keys(): readonly Key[] {
    return [...this.#keys.values()];
  }

  /** Live keys that production refuses. */
  get weak(): readonly WeakKey[] {
    return this.keys.filter((key) => key.live).flatMap(weaknessOf);
  }

  /** How to excuse weak keys, in keyturn.toml. */
  get excuse(): readonly string[] {
    const kids = this.weak.map(({ kid }) => `{ kid = "${kid}", until = ${this.#until} }`);
    return ['[security.signing_secret]', `accept_weak = [${kids.join(', ')}]`];
  }

  /** No exception lets a weak key sign in production. */
  refuseWeakSigner({ profile, keyring }: Resolution, name: string): void {
    const active = this.keys[0] as Key;
    if (keyring?.get(active.id)?.state === 'revoked') {
      throw refused(
        `the first secret of ${name} is that of the key ${active.id}, which is revoked`,
        'put another one first',
      );
    }
    const [weakness] = weaknessOf(active);
    if (weakness === undefined || profile.profile !== 'prod') return;
    throw refused(
      `the first secret of ${name} is too weak to sign with: ${weakness.bytes} of ${MINIMUM_BYTES} bytes count, since ${weakness.why}`,
      'put the output of keyturn generate before it in an array: the weak one then only verifies',
    );
  }

  /** Adds what is in force, so that nobody is logged out. */
  keep({ keyring }: Resolution): void {
    if (keyring !== undefined && keyring.active.id !== this.keys[0]?.id) this.former = keyring.active.id;
    for (const key of keyring?.keys ?? []) {
      const imported = this.#keys.get(key.id);
      if (key.material === undefined) {
        if (imported !== undefined) this.left.push(key.id);
        this.#keys.set(key.id, key);
      } else if (imported === undefined) {
        if (weaknessOf(key).length > 0) this.left.push(key.id);
        else {
          this.#add(key.material, key.state === 'staged' ? 'staged' : 'retiring');
          this.kept.push(key.id);
        }
      }
    }
  }
}

function weaknessOf(key: Key): readonly WeakKey[] {
  const { enough, bytes, why } = judge(key.material?.revealSecret() ?? '');
  return enough ? [] : [{ kid: key.id, bytes, why }];
}

function tellRest(
  { ui }: Context,
  gathered: Gathered,
  origin: Origin,
  takeAway: readonly string[],
  after: Resolution,
): void {
  const { kept, left, weak, repeated, former } = gathered;
  const [signs] = gathered.keys;
  if (repeated > 0) ui.note(`${origin.name} lists ${count(repeated, 'secret')} twice; each is kept once`);
  if (former !== undefined) {
    const verifies = kept.includes(former) || gathered.keys.some((key) => key.id === former && key.live);
    ui.note(
      verifies
        ? `${signs?.id} signs from the next start on, and ${former}, which signs until then, goes on verifying: nobody is logged out`
        : `${signs?.id} signs from the next start on, and whoever ${former} signed in must sign in again`,
      'Start all processes anew together: those that still run with the former secret do not know the new key.',
    );
  }
  if (left.length > 0) ui.note(`left out, since it is weak or revoked: ${left.join(', ')}`);
  for (const { kid, bytes, why } of weak) {
    ui.note(`the key ${kid} is weak: ${bytes} of ${MINIMUM_BYTES} bytes count, since ${why}`);
  }
  const signsWeakly = weak.some(({ kid }) => kid === signs?.id);
  if (signsWeakly)
    ui.note('production refuses a weak key that signs: rotate away from it first (keyturn rotate --wait)');
  if (weak.length > (signsWeakly ? 1 : 0)) {
    ui.note(
      'production refuses weak keys; to rotate away from them, keyturn.toml can excuse them for a while',
      ...gathered.excuse,
    );
  }
  if (!takeAway.includes(origin.name) && after.source?.path !== origin.path) {
    ui.note(`${origin.name} is left as it is; take it away when nothing else reads it`);
  }
  for (const { error } of after.problems) {
    if (error.code !== 'secret_weak') ui.note(`${error.message}; ${error.hint}`);
  }
}
