// The secret that development makes for itself: .keyturn/secret, created once and kept over restarts.
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readRegularFile, replaceFile, syncFolder, writeNewFile } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { readBounded, SOURCE_LIMIT } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { generateSecret } from './generate.js';
import { decodeText } from './text.js';

/** Bytes of the secret that development makes. */
export const DEVELOPMENT_BYTES = 64;

/**
 * Reads the secret of an earlier start.
 *
 * @throws KeyturnError `secret_unreadable`, `secret_empty`, `secret_malformed`
 */
export async function readDevelopmentSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret');
  const bytes = await readBounded(path, SOURCE_LIMIT).catch((error: NodeJS.ErrnoException) => {
    throw new KeyturnError(
      'secret_unreadable',
      `${path} cannot be read (${error.code})`,
      'let this user read it, or remove it to have a new one made',
    );
  });
  const text = decodeText(bytes, path);
  if (text.trim() === '') {
    throw new KeyturnError(
      'secret_empty',
      `${path} is empty`,
      'remove it, and the next start makes a new one',
    );
  }
  return text;
}

/**
 * Makes the secret, or reads the one that another process made first: of several starters exactly one writes,
 * so all agree, and nobody ever sees half a secret.
 *
 * @throws KeyturnError `dev_secret_unwritable`
 */
export async function createDevelopmentSecret(
  dataDir: string,
): Promise<{ readonly path: string; readonly text: string; readonly created: boolean }> {
  const path = join(dataDir, 'secret');
  const text = generateSecret(DEVELOPMENT_BYTES);
  try {
    await prepareDataDir(dataDir);
    if (await writeNewFile(path, `${text}\n`, 0o600)) return { path, text, created: true };
    return { path, text: await readDevelopmentSecret(dataDir), created: false };
  } catch (error) {
    if (error instanceof KeyturnError) throw error;
    throw new KeyturnError(
      'dev_secret_unwritable',
      `no development secret could be written to ${dataDir} (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'make the folder writable, point KEYTURN_DATA_DIR to one that is, or set dev_secret = "ephemeral" under [security.signing_secret]',
      { cause: error },
    );
  }
}

/** Makes the folder (0700) with an ignore rule of its own, so that nothing in it is ever committed by accident. */
export async function prepareDataDir(dataDir: string): Promise<void> {
  const made = await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (made !== undefined) {
    await chmod(dataDir, 0o700);
    await syncFolder(dirname(dataDir));
  }
  await ignoreAll(join(dataDir, '.gitignore'));
}

const IGNORE_ALL = '*\n';

/** A rule that somebody has written stays. One that a full disk or a crash has left empty or half is made whole. */
async function ignoreAll(path: string): Promise<void> {
  if (await writeNewFile(path, IGNORE_ALL, 0o600)) return;
  const isHalf = async () => {
    const text = await readRegularFile(path, IGNORE_ALL.length);
    return text !== undefined && text !== IGNORE_ALL && IGNORE_ALL.startsWith(text);
  };
  if (!(await isHalf())) return;
  await withLock(path, async ({ stillMine }) => {
    if (await isHalf()) await replaceFile(path, IGNORE_ALL, stillMine);
  });
}
