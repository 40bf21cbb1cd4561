// Who may sign in: anybody who knows the one password, or has chosen one of their own. A real app has users here, and
// a database. This keeps what was chosen in one small file, for all replicas that share its folder.
import { readFile, stat } from 'node:fs/promises';
import { DECOY, isSame, LONGEST_PASSWORD, matchesHash } from './passwords.js';
import { StartError } from './settings.js';
import { writeWhole } from './write-whole.js';

/** In characters, as `maxlength` counts. The name goes into the session, and that may be a cookie. */
export const LONGEST_NAME = 64;

/** What another replica has written is known here so much later, in milliseconds. */
const LOOK_EVERY = 500;

/** When those chose their password who have chosen none. */
const NEVER = 0;

interface Account {
  readonly hash: string;
  /** When the password was chosen, in milliseconds since 1970. */
  readonly chosenAt: number;
}

export class Accounts {
  readonly #path: string;
  readonly #everybodys: string;
  readonly #own = new Map<string, Account>();
  #written: Promise<void> = Promise.resolve();
  #lookedAt = 0;
  /** Of the file as it was read last. */
  #seen = '';

  private constructor(path: string, everybodys: string) {
    this.#path = path;
    this.#everybodys = everybodys;
  }

  /**
   * @param everybodys the password of all who have chosen no other
   * @throws StartError when the file is there and cannot be read
   */
  static async open(path: string, everybodys: string): Promise<Accounts> {
    const accounts = new Accounts(path, everybodys);
    try {
      await accounts.#read();
    } catch (error) {
      throw new StartError(`${path} cannot be read`, 'put it right, or remove it to forget all passwords', {
        cause: error,
      });
    }
    return accounts;
  }

  /**
   * Reads what other replicas have written, and writes what the file has lost. Where that fails, what is known stays in
   * force.
   */
  async look(every: number = LOOK_EVERY): Promise<void> {
    if (Date.now() - this.#lookedAt < every) return;
    this.#lookedAt = Date.now();
    try {
      if (!(await this.#read())) await this.#write();
    } catch (error) {
      console.error(`locker: error: ${this.#path} cannot be read or written:`, error);
    }
  }

  /**
   * Checks a password. What is issued for it carries the answer, and not what is in force when the answer comes: a check
   * takes a while, and a new password may have been chosen meanwhile.
   *
   * @returns when the password was chosen that was given; undefined when it is not right, or not any longer
   */
  async check(user: string, given: string): Promise<number | undefined> {
    if (given.length > LONGEST_PASSWORD) return undefined;
    await this.look(0);
    const own = this.#own.get(user);
    if (own === undefined && isSame(given, this.#everybodys)) return NEVER;
    // A wrong guess takes as long for those who have chosen no password, so that its time does not tell who has.
    const right = await matchesHash(given, own?.hash ?? DECOY);
    return right && own !== undefined && this.isCurrent(user, own.chosenAt) ? own.chosenAt : undefined;
  }

  /** Whether what was issued for a password is still good, as far as this replica knows. */
  isCurrent(user: string, passwordAt: number): boolean {
    return passwordAt >= this.chosenAt(user);
  }

  /** Changes whenever the password does. What is bound to it ends then. */
  passwordState(user: string): string {
    return this.#own.get(user)?.hash ?? 'never chosen';
  }

  /** When the password was chosen, as far as this replica knows. */
  chosenAt(user: string): number {
    return this.#own.get(user)?.chosenAt ?? NEVER;
  }

  /** In force when it returns; on the disk when the promise is fulfilled. */
  async choosePassword(user: string, hash: string): Promise<void> {
    this.#own.set(user, { hash, chosenAt: Math.max(Date.now(), this.chosenAt(user) + 1) });
    await this.#write();
  }

  /** One after the other, each with all that is known by then. */
  async #write(): Promise<void> {
    this.#written = this.#written
      .catch(() => undefined)
      .then(async () => {
        await this.#read();
        await writeWhole(this.#path, JSON.stringify([...this.#own]));
      });
    await this.#written;
    // Where two replicas wrote at the same moment, one has overwritten the other.
    setTimeout(() => void this.look(0), LOOK_EVERY).unref();
  }

  /**
   * Of two choices the later one counts, wherever it was made.
   *
   * @returns false when the file lacks something that is known here
   */
  async #read(): Promise<boolean> {
    const seen = await stat(this.#path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      },
    );
    if (seen === this.#seen) return true;
    const kept = seen === '' ? [] : (JSON.parse(await readFile(this.#path, 'utf8')) as [string, Account][]);
    for (const [user, account] of kept) {
      if (account.chosenAt > this.chosenAt(user)) this.#own.set(user, account);
    }
    this.#seen = seen;
    const there = new Map(kept);
    return [...this.#own].every(([user, { chosenAt }]) => there.get(user)?.chosenAt === chosenAt);
  }
}
