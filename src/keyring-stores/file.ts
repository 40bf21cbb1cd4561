// A keyring in a file that all its processes see: a keyring document, changed by one writer at a time, whole or not at
// all.
import { realpath } from 'node:fs/promises';
import { replaceFile } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { writeNewFile } from '../disk/new-file.js';
import { mayBeReplaced, readBounded } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { FileFleet } from '../fleet/file-fleet.js';
import { parseDocument, writeDocument } from '../keyring/document.js';
import type { Keyring } from '../keyring/keyring.js';
import { DOCUMENT_LIMIT_BYTES } from '../keyring/size-limit.js';
import type { RingChange, RingStore } from './contract.js';

/** How often a change is begun anew after its lock was broken: a writer that was stopped for a minute. */
const ATTEMPTS = 3;

export class FileRingStore implements RingStore {
  readonly name: string;
  readonly fleet: FileFleet;

  /**
   * @param lease seconds
   * @param now milliseconds since 1970
   * @param app of whoever reads and changes it
   */
  constructor(path: string, lease: number, now: () => number, app?: string) {
    this.name = path;
    this.fleet = new FileFleet(path, lease, now, app);
  }

  async read(): Promise<Keyring> {
    const bytes = await readBounded(this.name, DOCUMENT_LIMIT_BYTES).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        throw new KeyturnError(
          'keyring_missing',
          `there is no keyring in ${this.name}`,
          'make one: keyturn init',
        );
      }
      throw new KeyturnError(
        'secret_unreadable',
        `${this.name} cannot be read (${error.code})`,
        'see to its owner and mode',
      );
    });
    return parseDocument(bytes.toString(), this.name);
  }

  /** @throws KeyturnError `keyring_locked`, `keyring_unwritable`, and whatever reading and `change` throw */
  async change(change: RingChange): Promise<Keyring> {
    const path = this.name;
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
      throw error instanceof KeyturnError ? error : unchangeable(path, error);
    }
    throw new KeyturnError('keyring_locked', `other writers keep changing ${path}`, 'try again');
  }

  async clockAhead(ring: Keyring, skew: number, probes = true): Promise<number | undefined> {
    return await this.fleet.clockAhead(ring, skew, probes);
  }

  /** Whether this process may change it, as far as can be told. */
  async writable(): Promise<boolean> {
    return await mayBeReplaced(this.name);
  }

  async create(ring: Keyring): Promise<boolean> {
    try {
      return writeNewFile(this.name, writeDocument(ring), 0o600);
    } catch (error) {
      if (error instanceof KeyturnError) throw error;
      throw unwritable(this.name, error as NodeJS.ErrnoException);
    }
  }
}

/** @param path of a document, or of the folder that is to hold it */
export function unwritable(path: string, cause: NodeJS.ErrnoException): KeyturnError {
  return new KeyturnError(
    'keyring_unwritable',
    `${path} cannot be written (${cause.code ?? 'unknown'})`,
    'make its folder writable; KEYTURN_DATA_DIR moves .keyturn',
    { cause },
  );
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

function unchangeable(path: string, error: unknown): KeyturnError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const hints: Readonly<Record<string, string>> = {
    EROFS: 'it is mounted read-only: change the document where it comes from, with --ring - in a pipeline',
    EBUSY: 'it is mounted by itself: mount the folder that holds it instead',
    EACCES: NOT_YOURS,
    EPERM: NOT_YOURS,
    // It forbids fsync to everybody, whatever may be written.
    ERR_ACCESS_DENIED:
      'run this without the permission model of Node, under which nothing can be written safely',
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
