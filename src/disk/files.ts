// Writes files whole: after a kill at any instant what is there is the old or the new, complete.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDiskFailure } from './new-file.js';
import { renameInto } from './rename.js';

/** Why a file cannot be replaced as it should be. */
class OwnerLost extends Error {
  readonly code = 'EOWNER';
}

/**
 * Replaces a file: a file of its own reaches the disk and is renamed into place. Mode and owner stay what they
 * were, or the write is refused. A symlink stays; what it leads to is replaced. The caller holds the lock of the
 * file: what other writers of it have left unfinished is cleared away.
 *
 * @param stillMine asked right before the rename; false ends it without a change
 * @throws the file system's own error when the file cannot be written; {@link OwnerLost}
 */
export async function replaceFile(
  path: string,
  text: string,
  stillMine: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const target = await realpath(path);
  const { mode, uid, gid } = await stat(target);
  await removeDrafts(target);
  const draft = draftOf(target);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      const made = await file.stat();
      if (made.uid !== uid || made.gid !== gid) {
        await file.chown(uid, gid).catch(() => {
          throw new OwnerLost('the owner of the file would change');
        });
      }
      await file.chmod(mode & 0o777);
      await fill(file, text);
    } finally {
      await file.close();
    }
    if (!(await stillMine())) return false;
    try {
      await renameInto(draft, target);
    } catch (error) {
      // The lock was broken right now, and the draft cleared away.
      if (!(await stillMine())) return false;
      throw error;
    }
  } finally {
    await unlink(draft).catch(() => {});
  }
  await syncFolder(dirname(target));
  return true;
}

/**
 * Writes a file for information, new or not: whole, like all the others. Whoever may look into its folder may read
 * it (0644), and it belongs to whom the folder does: a command of root's must not be in the way of the app's user.
 */
export async function writeInformation(path: string, text: string): Promise<void> {
  const draft = draftOf(path);
  try {
    const { uid, gid } = await stat(dirname(path));
    await writeDurably(draft, text, 0o644, async (file) => {
      if ((await file.stat()).uid !== uid) await file.chown(uid, gid).catch(() => {});
    });
    await renameInto(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Reads a file for information. Nothing else is read: no symlink, no pipe that never ends, and
 * nothing larger than `limit` bytes.
 *
 * @returns undefined when there is no such file
 */
export async function readRegularFile(path: string, limit: number): Promise<string | undefined> {
  // Windows knows neither flag.
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  try {
    const found = await file?.stat();
    return found?.isFile() === true && found.size <= limit ? await file?.readFile('utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

function draftOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`;
}

/** A writer that was killed leaves a draft behind, and in it secrets that may have been retired meanwhile. */
async function removeDrafts(path: string): Promise<void> {
  const start = `${basename(path)}.`;
  const names = await namesIn(dirname(path));
  for (const name of names) {
    if (name.startsWith(start) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(start.length)))
      await unlink(join(dirname(path), name)).catch(() => {});
  }
}

/** Makes a file that its owner alone can read, where there is none. What is there stays as it is. */
export function privateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

/** Whether a file of its own stands there, and not what leads elsewhere. */
export async function isRegularFile(path: string): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function writeDurably(
  path: string,
  text: string,
  mode: number,
  prepare: (file: FileHandle) => Promise<void> = async () => {},
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await prepare(file);
    await fill(file, text);
  } finally {
    await file.close();
  }
}

async function fill(file: FileHandle, text: string): Promise<void> {
  await file.writeFile(text);
  // Without it a name could come to lead to a file whose content never reached the disk.
  await file.sync();
}

/** Makes the new name itself durable. Not every system can; the file is whole all the same. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync().catch((error: NodeJS.ErrnoException) => {
      if (isDiskFailure(error)) throw error;
    });
  } finally {
    await folder?.close();
  }
}

/** What is in a folder, by name; nothing where it cannot be read. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}
