// keyturn init: starts a keyring document with the keys in force, so that nobody is logged out by moving to it.
import { access } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve as resolvePath } from 'node:path';
import { configTemplate } from '../../config/template.js';
import { writeNewFile } from '../../disk/files.js';
import { adopt, newRingId } from '../../keyring/adopt.js';
import { writeDocument } from '../../keyring/document.js';
import { Key, Material } from '../../keyring/key.js';
import type { Keyring } from '../../keyring/keyring.js';
import { type Resolution, resolve } from '../../resolve/resolve.js';
import { prepareDataDir } from '../../secret/development.js';
import { generateSecret } from '../../secret/generate.js';
import type { Command, Context } from '../command.js';
import { count, refused } from '../ui.js';
import { userName } from '../user.js';

const FILE_IN_CONFIG = 'security.signing_secret.file in keyturn.toml';

export const init: Command = {
  usage: '',
  about: [
    'Writes .keyturn/keyring.json, a keyring document. Its first active key is the secret in',
    'force, and previous, next and revoked keys keep their states: nobody is logged out. Where',
    'no secret is in force, a new one is made. Writes a commented keyturn.toml that names the',
    'document, and a rule that makes git ignore it. Existing files are never changed.',
    '',
    'KEYTURN_DATA_DIR moves .keyturn to a place that survives deployments.',
  ],
  options: [],
  words: [],
  run: async (context) => {
    const { machine, profile, ui } = context;
    const before = await resolve({ machine, profile, create: false });
    const path = join(before.dataDir, 'keyring.json');
    await refuseWhatCannotBe(before, path);
    const ring = firstGeneration(before, machine.now());
    await prepareDataDir(before.dataDir).catch(unwritable(before.dataDir));
    if (!(await writeNewFile(path, writeDocument(ring), 0o600).catch(unwritable(path)))) throw existing(path);
    const named = nameIn(before.cwd, path);
    const config = join(before.cwd, 'keyturn.toml');
    const written = await writeNewFile(config, configTemplate(named), 0o644).catch(unwritable(config));
    const after = await resolve({ machine, profile, create: false });
    const takeAway = whatToTakeAway(before);
    tell(context, { path, named, config, written, ring, takeAway, after });
    for (const { error } of after.problems) ui.note(`${error.message}; ${error.hint}`);
    return 0;
  },
};

async function refuseWhatCannotBe(before: Resolution, path: string): Promise<void> {
  if (before.source?.format === 'document') {
    throw refused(
      `${before.source.name} already names a keyring document`,
      'there is nothing to do: keyturn doctor shows what is in force',
    );
  }
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) throw existing(path);
  const error = before.problems.find((problem) => problem.severity === 'error')?.error;
  if (error === undefined || error.code === 'secret_missing') return;
  // A keyturn.toml that came with a checkout names the document that is about to be made.
  const file = before.settings.get('security.signing_secret.file');
  const awaited = file !== undefined && resolvePath(before.cwd, file) === path;
  if (error.code === 'secret_unreadable' && awaited) return;
  throw error;
}

function existing(path: string): Error {
  return refused(
    `${path} exists, and init overwrites nothing`,
    'name it as file under [security.signing_secret], or move it away first',
  );
}

function firstGeneration({ keyring }: Resolution, now: number): Keyring {
  const keys = keyring?.keys ?? [new Key(new Material(generateSecret()), 'active')];
  return adopt(keys, { id: newRingId(), at: now, what: 'init', who: userName() });
}

function unwritable(path: string): (error: unknown) => never {
  return (error) => {
    throw refused(
      `${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'make its folder writable; KEYTURN_DATA_DIR moves .keyturn',
    );
  };
}

/** The path as keyturn.toml should have it: relative where that is shorter, so that the folder can move. */
function nameIn(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near.startsWith('..') || isAbsolute(near) ? path : near.replaceAll('\\', '/');
}

/** What must go before the document is the one source: the former source and its companions, by name. */
function whatToTakeAway({ source, settings }: Resolution): readonly string[] {
  // What keyturn.toml must say instead is told with its lines; a development secret is just not used any more.
  const stays = source === undefined || source.kind === 'development-file' || source.name === FILE_IN_CONFIG;
  const companions = (['previous_secrets', 'next_secrets', 'revoked_kids'] as const).flatMap((companion) => {
    const name = `security.signing_secret.${companion}` as const;
    const origin = settings.origin(name);
    if (origin === undefined || settings.get(name).length === 0) return [];
    return [origin.layer === 'variable' ? origin.name : `${name} in ${origin.name}`];
  });
  return [...(stays ? [] : [source.name]), ...companions];
}

interface Outcome {
  readonly path: string;
  readonly named: string;
  readonly config: string;
  readonly written: boolean;
  readonly ring: Keyring;
  readonly takeAway: readonly string[];
  readonly after: Resolution;
}

function tell({ ui, json }: Context, outcome: Outcome): void {
  const { path, named, config, written, ring, takeAway, after } = outcome;
  const keys = ring.keys.map(({ id, state }) => ({ kid: id, state }));
  if (json) {
    ui.json({ document: path, config, configWritten: written, keys, takeAway });
  } else {
    const kids = keys.map(({ kid, state }) => `${kid} ${state}`).join(', ');
    ui.print(`wrote ${path} (${count(keys.length, 'key')}: ${kids})`);
    if (written) ui.print(`wrote ${config}`);
  }
  const inForce = after.source?.path === path;
  if (!written && !inForce) {
    ui.note(
      'keyturn.toml exists and is left as it is; it should say',
      '[security.signing_secret]',
      `file = ${JSON.stringify(named)}`,
    );
  }
  if (takeAway.length === 0) return;
  const list = takeAway.join(', ');
  const outranks = after.source?.kind === 'variable' || (after.source?.kind === 'file' && !inForce);
  if (outranks && after.source?.name !== FILE_IN_CONFIG)
    ui.note(`${after.source?.name} still hides ${named}, which holds the same keys; take away: ${list}`);
  else ui.note(`${named} replaces ${list}; take it away`);
}
