// One thing after the other for each key, over something that may answer late or never.
//
// A write that was not answered in time may come to pass all the same. Were the next one let on before it has, the late
// one would undo it: a session that was signed out would be back. So the caller is told, and the key stays taken.

/** Milliseconds. A write that is so much later than in time is taken for one that is never answered. */
const NEVER = 60_000;

export class Turns {
  readonly #timeout: number;
  /** What is being done to a key: the next one waits for it. */
  readonly #taken = new Map<string, Promise<unknown>>();
  /** Of keys with writes that were not answered in time: rejects where the answer takes as long once more. */
  readonly #late = new Map<string, Promise<unknown>>();

  /** @param timeout milliseconds in which an answer is expected */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** One after the other, whatever became of the one before. @throws `ETIMEDOUT` while a write before it is not settled */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const run = async () => {
      await this.#late.get(key);
      return await work();
    };
    const mine = (this.#taken.get(key) ?? Promise.resolve()).then(run, run);
    this.#taken.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#taken.get(key) === mine) this.#taken.delete(key);
    }
  }

  /** The answer to a read. @throws `ETIMEDOUT` */
  async read<T>(answer: Promise<T>): Promise<T> {
    return await inTime(answer, this.#timeout);
  }

  /** The answer to a write, which is done in a turn of its key. @throws `ETIMEDOUT`: it may come to pass yet */
  async write(key: string, answer: Promise<unknown>): Promise<void> {
    let isSettled = false;
    const note = () => {
      isSettled = true;
    };
    const settled = answer.then(note, note);
    try {
      await inTime(answer, this.#timeout);
    } finally {
      if (!isSettled) this.#hold(key, settled);
    }
  }

  #hold(key: string, settled: Promise<void>): void {
    const late = inTime(settled, this.#timeout, 'in the background');
    const letGo = () => {
      if (this.#late.get(key) === late) this.#late.delete(key);
    };
    this.#late.set(key, late);
    // Nobody need be waiting.
    late.catch(() => undefined);
    inTime(settled, NEVER, 'in the background').then(letGo, letGo);
  }
}

/**
 * @param background the process need not live for it
 * @throws an error with the code `ETIMEDOUT` where there is no answer within so many milliseconds
 */
async function inTime<T>(
  answer: Promise<T>,
  milliseconds: number,
  background?: 'in the background',
): Promise<T> {
  return await new Promise((resolve, reject) => {
    const late = () => reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    // An answer may have arrived and wait to be read, where this process was busy or stopped: one turn more.
    const timer = setTimeout(() => setImmediate(late), milliseconds);
    if (background !== undefined) timer.unref?.();
    answer.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
