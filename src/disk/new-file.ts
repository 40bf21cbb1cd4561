// Writes new files whole, in place: a start that makes its development secret does so before anything else goes on.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { withLockNow } from './lock.js';

/**
 * Writes a file that must not exist yet. The content goes to a file of its own, reaches the disk, and is then
 * linked into place: linking fails when the name is taken, so of several writers exactly one wins, and nobody
 * ever sees half a file.
 *
 * @returns false when the name is taken; what is there stays as it is
 * @throws the file system's own error when the file cannot be written; KeyturnError `keyring_locked`
 */
export function writeNewFile(path: string, text: string, mode: number): boolean {
  const draft = draftOf(path);
  try {
    writeDurably(draft, text, mode);
    linkSync(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems know no links. Renaming replaces what is there, so one writer at a time looks and renames.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    const won = withLockNow(path, () => {
      if (isTaken(path)) return false;
      renameSync(draft, path);
      return true;
    });
    if (!won) return false;
  } finally {
    removeDraft(draft);
  }
  syncFolderNow(dirname(path));
  return true;
}

/** Writes a file that may be there already, of this user's own: whole. @throws the file system's own error */
export function putInPlace(path: string, text: string, mode: number): void {
  const draft = draftOf(path);
  try {
    writeDurably(draft, text, mode);
    renameSync(draft, path);
  } finally {
    removeDraft(draft);
  }
  syncFolderNow(dirname(path));
}

/** Told apart from the drafts of other writers: those are cleared away by whoever holds the lock, and here is none. */
function draftOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.new`;
}

function removeDraft(draft: string): void {
  try {
    unlinkSync(draft);
  } catch {
    // Never written, or renamed.
  }
}

function isTaken(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function writeDurably(path: string, text: string, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    writeFileSync(file, text);
    // Without it a name could come to lead to a file whose content never reached the disk.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What a disk says that fails, and not a system that cannot do it for folders. */
export function isDiskFailure({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EIO' || code === 'ENOSPC' || code === 'EDQUOT';
}

/** As `syncFolder`, in place. */
export function syncFolderNow(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(folder);
  } catch (error) {
    if (isDiskFailure(error as NodeJS.ErrnoException)) throw error;
  } finally {
    closeSync(folder);
  }
}
