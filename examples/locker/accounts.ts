// Who may sign in: anybody who knows the one password, or has chosen one of their own. A real app has users here, and
// a database. This keeps what was chosen in one small file, for one process.
import { readFile } from 'node:fs/promises';
import { isSame, matchesHash } from './passwords.js';
import { StartError } from './settings.js';
import { writeWhole } from './write-whole.js';

/** In characters, as `maxlength` counts. The name goes into the session, and that may be a cookie. */
export const LONGEST_NAME = 64;

interface Account {
  readonly hash: string;
  /** When the password was chosen, in milliseconds since 1970. */
  readonly chosenAt: number;
}

export class Accounts {
  readonly #path: string;
  readonly #everybodys: string;
  readonly #own: Map<string, Account>;
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, everybodys: string, own: Map<string, Account>) {
    this.#path = path;
    this.#everybodys = everybodys;
    this.#own = own;
  }

  /**
   * @param everybodys the password of all who have chosen no other
   * @throws StartError when the file is there and cannot be read
   */
  static async open(path: string, everybodys: string): Promise<Accounts> {
    try {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '[]';
        throw error;
      });
      return new Accounts(path, everybodys, new Map(JSON.parse(text) as [string, Account][]));
    } catch (error) {
      throw new StartError(`${path} cannot be read`, 'put it right, or remove it to forget all passwords', {
        cause: error,
      });
    }
  }

  async isPassword(user: string, given: string): Promise<boolean> {
    const own = this.#own.get(user);
    return own === undefined ? isSame(given, this.#everybodys) : await matchesHash(given, own.hash);
  }

  /** Changes whenever the password does. What is bound to it ends then. */
  passwordState(user: string): string {
    return this.#own.get(user)?.hash ?? 'never chosen';
  }

  /** Sessions from before do not count. Undefined for who has never chosen a password. */
  epochOf(user: string): number | undefined {
    return this.#own.get(user)?.chosenAt;
  }

  /** In force when it returns; on the disk when the promise is fulfilled. */
  async choosePassword(user: string, hash: string): Promise<void> {
    this.#own.set(user, { hash, chosenAt: Date.now() });
    // One after the other, each with all that is known by then.
    this.#written = this.#written
      .catch(() => undefined)
      .then(() => writeWhole(this.#path, JSON.stringify([...this.#own])));
    await this.#written;
  }
}
