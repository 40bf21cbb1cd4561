// A keyring in a file that all its processes see: a keyring document, changed under a lock.
import { writeNewFile } from '../disk/files.js';
import { mayBeReplaced, readBounded, SOURCE_LIMIT } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { FileFleet } from '../fleet/file-fleet.js';
import { parseDocument, writeDocument } from '../keyring/document.js';
import { changeDocument } from '../keyring/file.js';
import type { Keyring } from '../keyring/keyring.js';
import type { RingChange, RingStore } from './contract.js';

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
    const bytes = await readBounded(this.name, SOURCE_LIMIT).catch((error: NodeJS.ErrnoException) => {
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

  async change(change: RingChange): Promise<Keyring> {
    return await changeDocument(this.name, change);
  }

  /** Whether this process may change it, as far as can be told. */
  async writable(): Promise<boolean> {
    return await mayBeReplaced(this.name);
  }

  async create(ring: Keyring): Promise<boolean> {
    return await writeNewFile(this.name, writeDocument(ring), 0o600).catch((error) => {
      if (error instanceof KeyturnError) throw error;
      throw unwritable(this.name, error);
    });
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
