// The folder of a blob store. One file per blob, flat, under a hash of its name: no name is a path, none is too long
// and none reserved. Uploads grow in files of their own and take their place whole, so what is there is complete.
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, opendir, realpath, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../disk/files.js';
import { isRunning, thisProcess } from '../disk/identity.js';
import { withLock } from '../disk/lock.js';
import { renameInto } from '../disk/rename.js';
import { digest } from '../signing/digest.js';
import { randomId } from '../signing/random.js';
import { type BlobInfo, LONGEST_TRAILER, readTrailer, writeTrailer } from './trailer.js';

/** No symlink is followed, and nothing that is planted there can make the opening wait. */
const READING = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const BLOB = /^[0-9a-f]{64}\.blob$/;
/** `<hash>.<pid>@<place>.<random>.part` */
const PART = /^[0-9a-f]{64}\.(\d+)@([\w-]{16})\.[\w-]{16}\.part$/;
/** An upload of another place that was not written to for so long is dead. */
const DEAD_AFTER_MS = 3_600_000;

/** A blob whose file is open: replaced or deleted meanwhile, it can be read to its end. */
export interface OpenBlob {
  readonly info: BlobInfo;
  readonly file: FileHandle;
}

/** What an upload may take the place of: nothing, anything, or what a condition allows of what is there. */
export type Replaces = boolean | ((current: BlobInfo | undefined) => boolean);

/** An upload that has reached the disk and waits to take its place. */
export interface Part {
  /** Puts it in place, or tells why it may not take it. */
  readonly commit: (info: BlobInfo, replaces: Replaces) => Promise<'committed' | 'exists' | 'changed'>;
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Gives it up, or cleans up after a commit. */
  readonly close: () => Promise<void>;
}

export class BlobFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder when it is not there, and clears away what killed uploads have left. */
  static async open(folder: string): Promise<BlobFiles> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const files = new BlobFiles(await realpath(folder));
    await files.#sweep();
    return files;
  }

  #pathOf(name: string): string {
    // Hexadecimal, since some file systems do not tell upper case from lower.
    return join(this.#folder, `${Buffer.from(digest(name), 'base64url').toString('hex')}.blob`);
  }

  /** Undefined when there is no such blob. The caller closes the file. */
  async openBlob(name: string): Promise<OpenBlob | undefined> {
    const found = await openWhole(this.#pathOf(name));
    if (found === undefined || found.info.name === name) return found;
    await found.file.close();
    return undefined;
  }

  async has(name: string): Promise<boolean> {
    return await isTaken(this.#pathOf(name));
  }

  async delete(name: string): Promise<boolean> {
    try {
      await unlink(this.#pathOf(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    await syncFolder(this.#folder);
    return true;
  }

  /** What is known of each blob, in no order. */
  async *list(): AsyncGenerator<BlobInfo> {
    for await (const entry of await opendir(this.#folder)) {
      if (!BLOB.test(entry.name)) continue;
      const found = await openWhole(join(this.#folder, entry.name));
      if (found === undefined) continue;
      await found.file.close();
      yield found.info;
    }
  }

  async newPart(name: string): Promise<Part> {
    const target = this.#pathOf(name);
    const owner = `${thisProcess().pid}@${thisPlace()}`;
    const path = `${target.slice(0, -'.blob'.length)}.${owner}.${randomId(12)}.part`;
    const file = await open(path, 'wx', 0o600);
    let closed = false;
    return {
      write: async (chunk) => {
        await file.writeFile(chunk);
      },
      commit: async (info, replaces) => {
        await file.writeFile(writeTrailer(info));
        await file.sync();
        await file.close();
        closed = true;
        if (replaces === false) {
          if (!(await linkInto(path, target))) return 'exists';
        } else if (!(await replace(path, target, replaces))) return 'changed';
        await syncFolder(this.#folder);
        return 'committed';
      },
      close: async () => {
        if (!closed) await file.close();
        await unlink(path).catch(() => {});
      },
    };
  }

  async #sweep(): Promise<void> {
    for await (const { name } of await opendir(this.#folder)) {
      const match = PART.exec(name);
      if (match === null) continue;
      const path = join(this.#folder, name);
      if (await isLeftOver(path, Number(match[1]), match[2] as string)) await unlink(path).catch(() => {});
    }
  }
}

async function openWhole(path: string): Promise<OpenBlob | undefined> {
  const file = await open(path, READING).catch((error: NodeJS.ErrnoException) => {
    // Not there, or something that is not ours: a symlink, a socket.
    if (['ENOENT', 'ELOOP', 'EMLINK', 'ENXIO', 'EISDIR'].includes(error.code ?? '')) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const info = await readInfo(file, path);
    if (info !== undefined) return { info, file };
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

async function readInfo(file: FileHandle, path: string): Promise<BlobInfo | undefined> {
  const opened = await file.stat();
  if (!opened.isFile()) return undefined;
  // Where opening cannot refuse symlinks, what was opened must be what stands there.
  if (constants.O_NOFOLLOW === undefined && (await lstat(path)).isSymbolicLink()) return undefined;
  const end = Buffer.alloc(Math.min(opened.size, LONGEST_TRAILER));
  const { bytesRead } = await file.read(end, 0, end.length, opened.size - end.length);
  return readTrailer(end.subarray(0, bytesRead), opened.size);
}

/** Gives a file a name that must be free. @returns false when it is taken */
async function linkInto(path: string, target: string): Promise<boolean> {
  try {
    await link(path, target);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems know no links: one writer at a time looks and renames.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    return await withLock(target, async () => {
      if (await isTaken(target)) return false;
      await renameInto(path, target);
      return true;
    });
  }
}

/**
 * Gives a file the name of another. Nobody else does so between the look at what is there and the change.
 *
 * @returns false where the condition does not hold (any more)
 */
async function replace(path: string, target: string, replaces: Exclude<Replaces, false>): Promise<boolean> {
  return await withLock(target, async () => {
    if (replaces !== true) {
      const current = await openWhole(target);
      await current?.file.close();
      if (!replaces(current?.info)) return false;
      // Whoever may not replace anything does not wait for the lock.
      if (current === undefined) return await linkInto(path, target);
    }
    await renameInto(path, target);
    return true;
  });
}

async function isTaken(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Whether nobody writes to a part any more. */
async function isLeftOver(path: string, pid: number, place: string): Promise<boolean> {
  const written = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  if (written === undefined) return false;
  // Of an earlier process that had the same id.
  if (place === thisPlace() && pid === thisProcess().pid) return written < performance.timeOrigin;
  if (place === thisPlace() && !isRunning(pid)) return true;
  return Date.now() - written > DEAD_AFTER_MS;
}

/** A short name of where this process counts as running: in one pid namespace, of one boot, of one machine. */
export function thisPlace(): string {
  const { host, boot, namespace } = thisProcess();
  return digest(JSON.stringify([host, boot, namespace?.id, namespace?.since])).slice(0, 16);
}
