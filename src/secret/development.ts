// The secret that development makes for itself: .keyturn/secret, created once and kept over restarts.
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { putInPlace, syncFolderNow, writeNewFile } from '../disk/new-file.js';
import { readNow, SOURCE_LIMIT } from '../disk/read.js';
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
export function readDevelopmentSecret(dataDir: string): string {
  const path = join(dataDir, 'secret');
  let bytes: Uint8Array;
  try {
    bytes = readNow(path, SOURCE_LIMIT);
  } catch (error) {
    throw new KeyturnError(
      'secret_unreadable',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`,
      'let this user read it, or remove it to have a new one made',
    );
  }
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
export function createDevelopmentSecret(dataDir: string): {
  readonly path: string;
  readonly text: string;
  readonly created: boolean;
} {
  const path = join(dataDir, 'secret');
  const text = generateSecret(DEVELOPMENT_BYTES);
  try {
    prepareDataDir(dataDir);
    if (writeNewFile(path, `${text}\n`, 0o600)) return { path, text, created: true };
    return { path, text: readDevelopmentSecret(dataDir), created: false };
  } catch (error) {
    if (error instanceof KeyturnError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new KeyturnError(
      'dev_secret_unwritable',
      `no development secret could be written to ${dataDir} (${code})`,
      code === 'ERR_ACCESS_DENIED'
        ? 'start once without the permission model of Node, under which nothing can be written safely, or set dev_secret = "ephemeral" under [security.signing_secret]'
        : 'make the folder writable, point KEYTURN_DATA_DIR to one that is, or set dev_secret = "ephemeral" under [security.signing_secret]',
      { cause: error },
    );
  }
}

/** Makes the folder (0700) with an ignore rule of its own, so that nothing in it is ever committed by accident. */
export function prepareDataDir(dataDir: string): void {
  const made = mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (made !== undefined) {
    chmodSync(dataDir, 0o700);
    syncFolderNow(dirname(dataDir));
  }
  ignoreAll(join(dataDir, '.gitignore'));
}

const IGNORE_ALL = '*\n';

/** A rule that somebody has written stays. One that a full disk or a crash has left empty or half is made whole. */
function ignoreAll(path: string): void {
  if (!writeNewFile(path, IGNORE_ALL, 0o600) && isHalf(path)) putInPlace(path, IGNORE_ALL, 0o600);
}

function isHalf(path: string): boolean {
  try {
    if (!lstatSync(path).isFile()) return false;
    const text = readNow(path, IGNORE_ALL.length).toString();
    return text !== IGNORE_ALL && IGNORE_ALL.startsWith(text);
  } catch {
    return false;
  }
}
