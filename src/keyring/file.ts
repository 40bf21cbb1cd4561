// Changes a keyring document on disk: one writer at a time, whole or not at all.
import { realpath } from 'node:fs/promises';
import { replaceFile } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { readBounded } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { parseDocument, writeDocument } from './document.js';
import type { Keyring } from './keyring.js';
import { DOCUMENT_LIMIT_BYTES } from './size-limit.js';

/** How often a change is begun anew after its lock was broken: a writer that was stopped for a minute. */
const ATTEMPTS = 3;

/**
 * Reads the document, changes it and writes it back, while no other writer does.
 *
 * @param change may look at the facts while the lock is held; what it throws leaves the file as it is, and so does
 * the same ring
 * @returns the ring as written
 * @throws KeyturnError `keyring_locked`, `keyring_unwritable`, and whatever reading and `change` throw
 */
export async function changeDocument(
  path: string,
  change: (ring: Keyring) => Keyring | Promise<Keyring>,
): Promise<Keyring> {
  try {
    // Whichever name leads to the file: writers of one file share one lock.
    const file = await realpath(path);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const written = await withLock(file, async ({ stillMine }) => {
        const present = parseDocument((await readBounded(file, DOCUMENT_LIMIT_BYTES)).toString(), path);
        const next = await change(present);
        if (next === present) return present;
        return (await replaceFile(file, readable(next, path), stillMine)) ? next : undefined;
      });
      if (written !== undefined) return written;
    }
  } catch (error) {
    throw error instanceof KeyturnError ? error : unwritable(path, error);
  }
  throw new KeyturnError('keyring_locked', `other writers keep changing ${path}`, 'try again');
}

/** The text of a document, once it is certain that it can be read again: whatever is wrong, the file stays good. */
function readable(ring: Keyring, path: string): string {
  const text = writeDocument(ring);
  if (Buffer.byteLength(text) > DOCUMENT_LIMIT_BYTES) {
    throw new KeyturnError(
      'keyring_unwritable',
      `${path} would be larger than 1 MiB, and nobody would read it any more`,
      'shorten the reasons in its history by hand',
    );
  }
  parseDocument(text, `what was to be written to ${path}`);
  return text;
}

const NOT_YOURS =
  'run this as the user that owns the file and its folder; where it is mounted, change the document where it comes from, with --ring - in a pipeline';

function unwritable(path: string, error: unknown): KeyturnError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const hints: Readonly<Record<string, string>> = {
    EROFS: 'it is mounted read-only: change the document where it comes from, with --ring - in a pipeline',
    EBUSY: 'it is mounted by itself: mount the folder that holds it instead',
    EACCES: NOT_YOURS,
    EPERM: NOT_YOURS,
    EOWNER: 'run this as the user that owns the file: its owner must not change',
    ENOENT: 'the file is gone; put it back from a copy',
    ENOSPC: 'the disk is full: make room, and try again; the file is whole',
    EDQUOT: 'the quota is used up: make room, and try again; the file is whole',
    EIO: 'the disk fails: see whether the change is there, and copy the file elsewhere',
  };
  return new KeyturnError(
    'keyring_unwritable',
    `${path} cannot be changed (${code})`,
    hints[code] ?? 'the file is whole; see to its folder',
    { cause: error },
  );
}
