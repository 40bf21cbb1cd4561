// Starts a keyring document, with the keys in force or with secrets of another place. Nothing is ever overwritten.
import { access } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve as resolvePath } from 'node:path';
import { configTemplate } from '../config/template.js';
import { writeNewFile } from '../disk/files.js';
import { type ErrorCode, KeyturnError } from '../errors.js';
import { adopt, newRingId } from '../keyring/adopt.js';
import { writeDocument } from '../keyring/document.js';
import type { Key } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { Machine } from '../resolve/machine.js';
import { type Resolution, resolve } from '../resolve/resolve.js';
import { prepareDataDir } from '../secret/development.js';

/** What the source is called when keyturn.toml names the file. */
export const FILE_IN_CONFIG: string = 'security.signing_secret.file in keyturn.toml';

export interface Founding {
  readonly machine: Machine;
  /** A profile that the caller insists on. */
  readonly profile?: string | undefined;
  /** Who does it, for the history. */
  readonly who?: string | undefined;
  readonly command: 'init' | 'import';
  /** What may be wrong with the source in force, since the document does away with it. */
  readonly excuses: readonly ErrorCode[];
  /** The keys of the first generation. */
  readonly keys: (before: Resolution) => Promise<readonly Key[]>;
}

/** What was written, and what remains to be done. */
export interface Founded {
  readonly path: string;
  /** The document as keyturn.toml should name it. */
  readonly named: string;
  readonly config: string;
  /** Whether keyturn.toml was written; false when there was one. */
  readonly written: boolean;
  readonly ring: Keyring;
  /** Variables and settings that the document replaces. */
  readonly takeAway: readonly string[];
  readonly after: Resolution;
}

/**
 * Writes `.keyturn/keyring.json`, and a keyturn.toml that names it where there is none.
 *
 * @throws KeyturnError `keyring_exists`, `keyring_unwritable`, and what keeps a process from starting
 */
export async function foundDocument(founding: Founding): Promise<Founded> {
  const { machine, profile } = founding;
  const before = await resolve({ machine, profile, create: false });
  const path = join(before.dataDir, 'keyring.json');
  await refuseWhatCannotBe(before, path, founding);
  const { command } = founding;
  const beginning = { id: newRingId(), at: machine.now(), what: command, who: founding.who };
  const ring = adopt(await founding.keys(before), beginning);
  await prepareDataDir(before.dataDir).catch(unwritable(before.dataDir));
  if (!(await writeNewFile(path, writeDocument(ring), 0o600).catch(unwritable(path)))) {
    throw existing(path, command);
  }
  const named = nameIn(before.cwd, path);
  const config = join(before.cwd, 'keyturn.toml');
  const written = await writeNewFile(config, configTemplate(named), 0o644).catch(unwritable(config));
  const after = await resolve({ machine, profile, create: false });
  return { path, named, config, written, ring, takeAway: whatToTakeAway(before), after };
}

async function refuseWhatCannotBe(before: Resolution, path: string, founding: Founding): Promise<void> {
  if (before.source?.format === 'document') {
    throw new KeyturnError(
      'keyring_exists',
      `${before.source.name} already names a keyring document`,
      'there is nothing to do: keyturn doctor shows what is in force',
    );
  }
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) throw existing(path, founding.command);
  // A keyturn.toml that came with a checkout names the document that is about to be made.
  const file = before.settings.get('security.signing_secret.file');
  const awaited = file !== undefined && resolvePath(before.cwd, file) === path;
  const wrong = before.problems.find(
    ({ severity, error: { code } }) =>
      severity === 'error' && !founding.excuses.includes(code) && !(code === 'secret_unreadable' && awaited),
  );
  if (wrong !== undefined) throw wrong.error;
}

function existing(path: string, command: string): Error {
  return new KeyturnError(
    'keyring_exists',
    `${path} exists, and ${command} overwrites nothing`,
    'name it as file under [security.signing_secret], or move it away first',
  );
}

function unwritable(path: string): (error: unknown) => never {
  return (error) => {
    throw new KeyturnError(
      'keyring_unwritable',
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
