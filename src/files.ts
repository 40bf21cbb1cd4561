// Writes files whole: after a kill at any instant the file is there complete, or not at all.
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOCK_PATIENCE_MS = 5_000;
const LOCK_LOOK_MS = 20;

/**
 * Writes a file that must not exist yet. The content goes to a file of its own, reaches the disk, and is then
 * linked into place: linking fails when the name is taken, so of several writers exactly one wins, and nobody
 * ever sees half a file.
 *
 * @returns false when the name is taken; what is there stays as it is
 * @throws the file system's own error when the file cannot be written
 */
export async function writeNewFile(path: string, text: string, mode: number): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(draft, text, mode);
    await link(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems know no links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    if (!(await renameUnderLock(draft, path))) return false;
  } finally {
    await unlink(draft).catch(() => {});
  }
  await syncFolder(dirname(path));
  return true;
}

/** Renaming replaces what is there, so only one writer at a time may look and rename: a folder is the lock. */
async function renameUnderLock(draft: string, path: string): Promise<boolean> {
  const lock = `${path}.lock`;
  for (let waited = 0; ; waited += LOCK_LOOK_MS) {
    if (await isTaken(path)) return false;
    try {
      await mkdir(lock, { mode: 0o700 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || waited >= LOCK_PATIENCE_MS) throw error;
      await sleep(LOCK_LOOK_MS);
    }
  }
  try {
    if (await isTaken(path)) return false;
    await rename(draft, path);
    return true;
  } finally {
    await rmdir(lock).catch(() => {});
  }
}

async function isTaken(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name itself durable. Not every system can; the file is whole all the same. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
