// Reads files that others may have put there: in a folder that was cloned or unpacked any name can be a pipe that never
// answers, a device that never ends, or a file larger than the memory.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { access, open, opendir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a setting or a secret can need, many times over; also the most that a keyring document may have. */
export const SOURCE_LIMIT: number = 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** Why a file that is there is not read. The codes are the system's own for the same. */
class Unreadable extends Error {
  readonly code: 'EFTYPE' | 'EFBIG' | 'EISDIR';

  constructor(code: 'EFTYPE' | 'EFBIG' | 'EISDIR') {
    super(`the file cannot be read (${code})`);
    this.code = code;
  }
}

/**
 * The content of a regular file.
 *
 * @param limit bytes
 * @throws the file system's own error; {@link Unreadable} for a folder, a pipe, a device, a larger file
 */
export async function readBounded(path: string, limit: number): Promise<Buffer> {
  // Looked at before it is opened, since opening alone does something to some devices, and once more afterwards.
  refuseOthers(await stat(path), limit);
  const file = await open(path, CAREFULLY);
  try {
    refuseOthers(await file.stat(), limit);
    const parts: Buffer[] = [];
    // A file may grow meanwhile, and those under /proc do not tell their size.
    for (let length = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return Buffer.concat(parts);
      length += bytesRead;
      if (length > limit) throw new Unreadable('EFBIG');
      parts.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** A pipe that took the file's place after it was looked at must not hold this up. Windows has none of these flags. */
const CAREFULLY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** The same in place: for the few small files that decide whether a process may start. */
export function readNow(path: string, limit: number): Buffer {
  refuseOthers(statSync(path), limit);
  const file = openSync(path, CAREFULLY);
  try {
    refuseOthers(fstatSync(file), limit);
    const parts: Buffer[] = [];
    for (let length = 0; ; ) {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const bytesRead = readSync(file, buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return Buffer.concat(parts);
      length += bytesRead;
      if (length > limit) throw new Unreadable('EFBIG');
      parts.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    closeSync(file);
  }
}

interface Looks {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

function refuseOthers(found: Looks, limit: number): void {
  if (found.isDirectory()) throw new Unreadable('EISDIR');
  if (!found.isFile()) throw new Unreadable('EFTYPE');
  if (found.size > limit) throw new Unreadable('EFBIG');
}

/** A name that leads nowhere counts as there: a present but unreadable source is an error, not an absent one. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM';
  }
}

/** Whether a file could be replaced by another one: of what is mounted read-only nobody can. Only a try tells for certain. */
export async function mayBeReplaced(path: string): Promise<boolean> {
  return await realpath(path)
    .then((file) => access(dirname(file), constants.W_OK))
    .then(
      () => true,
      () => false,
    );
}

export function isFolder(path: string): boolean {
  return foundAt(path)?.isDirectory() === true;
}

/** Whose something is, and who may do what with it; undefined where that is not told. */
export function ownerOf(path: string): { readonly mode: number; readonly uid: number } | undefined {
  return foundAt(path);
}

function foundAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The names of the folders in a folder, at most so many of them; none where it cannot be read. */
export async function foldersIn(path: string, most: number): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (entry.isDirectory()) names.push(entry.name);
      if (names.length >= most) break;
    }
  } catch {
    // What can be seen is enough.
  }
  return names;
}
