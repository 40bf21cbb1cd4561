// What is said of a file with the secret that cannot be used. A start that succeeds needs none of it.
import { basename } from 'node:path';
import { isThere, readNow, SOURCE_LIMIT } from '../disk/read.js';
import { KeyturnError } from '../errors.js';

/** What an operator calls a file that a setting names. */
export const fileFrom = (path: string, name: string): string => `the file ${path} (from ${name})`;

export function unreadable(
  path: string,
  name: string,
  { code = 'unknown' }: NodeJS.ErrnoException,
): KeyturnError {
  const what = `${fileFrom(path, name)} cannot be read (${code})`;
  return new KeyturnError('secret_unreadable', what, unreadableHint(code, path, name));
}

/** Node's own, of its permission model. */
const DENIED = 'ERR_ACCESS_DENIED';
const ALLOW = 'start Node with --allow-fs-read for this file, too';

function codeOf(path: string): string | undefined {
  try {
    readNow(path, SOURCE_LIMIT);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** What should be a path, and may be the secret itself: it is not repeated. */
export function notAPath(path: string, name: string): KeyturnError {
  if (codeOf(path) === DENIED)
    return new KeyturnError(
      'secret_unreadable',
      `the file that ${name} names cannot be read (${DENIED}; its path is not shown, since it may be a secret)`,
      ALLOW,
    );
  return new KeyturnError(
    'secret_unreadable',
    `the file that ${name} names is not there (ENOENT; its path is not shown, since it may be a secret)`,
    `mount or create the file, or correct ${name}: it takes a path, and the secret itself belongs in KEYTURN_SECURITY__SIGNING_SECRET`,
  );
}

export function emptyFile(path: string, name: string): KeyturnError {
  const hint = heldKeyring(path)
    ? 'restore it from a copy: it held the keys, and new ones in their place would sign everybody out'
    : 'restore it from a copy; if it never held a secret, put one there (keyturn generate prints one)';
  return new KeyturnError('secret_empty', `${fileFrom(path, name)} is empty`, hint);
}

/** As far as its name tells, or reports of processes that used it. */
function heldKeyring(path: string): boolean {
  return basename(path) === 'keyring.json' || isThere(`${path}.fleet`);
}

function unreadableHint(code: string, path: string, name: string): string {
  if (code === 'ENOENT' && heldKeyring(path))
    return `mount it, restore it from a copy, or correct ${name}; where there never was one, keyturn init makes it`;
  if (code === 'ENOENT') return `mount or create the file, or correct ${name}`;
  if (code === 'EACCES' || code === 'EPERM')
    return 'let the user that runs this process read it (and nobody else)';
  if (code === DENIED) return ALLOW;
  if (code === 'EFTYPE') return `${name} must name a file, and neither a pipe nor a device`;
  if (code === 'ETIMEDOUT') return 'nothing writes into this pipe: start what does';
  if (code === 'EISDIR') return `${name} must name the file itself, not its folder`;
  return `correct ${name}: it names a file of at most 1 MiB`;
}
