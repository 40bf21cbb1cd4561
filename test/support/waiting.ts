// Waiting for what happens soon, and measuring how long something takes.

/** As it is before a test puts fake timers in its place. */
const realTimeout = setTimeout;

/** Between two questions, in milliseconds. */
const SHORTEST_PAUSE = 10;
const LONGEST_PAUSE = 500;

/**
 * Asks again and again. What takes long to ask, as a page that is loaded or a process that is started, is asked less often:
 * the machine is to work at what is waited for.
 *
 * @throws when it has not come true in time, which is a limit against hanging and no measure
 */
export async function until(condition: () => unknown, milliseconds = 240_000): Promise<void> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const asked = performance.now();
    if (await condition()) return;
    const now = performance.now();
    if (now > end) throw new Error(`it did not happen in time: ${condition}`);
    const pause = Math.max(SHORTEST_PAUSE, Math.min(LONGEST_PAUSE, now - asked));
    await new Promise((done) => realTimeout(done, pause));
  }
}

/**
 * So many ticks. Timers of one length go off in turn: another one of this process that was set before, and ticks as
 * often, has ticked as many times but one.
 *
 * @param milliseconds from one to the next
 */
export async function ticks(count: number, milliseconds: number): Promise<void> {
  let left = count;
  await new Promise<void>((done) => {
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      done();
    }, milliseconds);
  });
}

/** Where work waits until a test lets it on, so that the test knows what has happened and what has not. */
export class Gate {
  #came = 0;
  #open = () => {};
  readonly #opened = new Promise<void>((done) => {
    this.#open = done;
  });

  /** What comes here waits. */
  async pass(): Promise<void> {
    this.#came += 1;
    await this.#opened;
  }

  /** Until so many have come. */
  async reached(count = 1): Promise<void> {
    await until(() => this.#came >= count);
  }

  open(): void {
    this.#open();
  }
}

/** Where work waits until so many have come, again and again. */
export class Meeting {
  #came = 0;
  #gate = new Gate();

  async of(count: number): Promise<void> {
    const gate = this.#gate;
    this.#came += 1;
    if (this.#came === count) {
      this.#came = 0;
      this.#gate = new Gate();
      gate.open();
    }
    await gate.pass();
  }
}

export async function took(work: () => Promise<unknown>): Promise<{ ms: number; failed: boolean }> {
  const began = performance.now();
  const failed = await work().then(
    () => false,
    () => true,
  );
  return { ms: performance.now() - began, failed };
}

/**
 * How long something takes mostly, by the median: a machine that has other work stops everything now and then.
 * `failed`: each time.
 */
export async function tookMostly(work: () => Promise<unknown>): Promise<{ ms: number; failed: boolean }> {
  const all: Array<{ ms: number; failed: boolean }> = [];
  while (all.length < 5) all.push(await took(work));
  return { ms: median(all.map(({ ms }) => ms)), failed: all.every(({ failed }) => failed) };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** What takes some seconds takes less, whatever else the machine does. Waiting for ever takes more. */
export const NOT_FOR_EVER = 40_000;

/** When something was so for the last time, and when it was no more, each on the safe side of a busy machine. */
export async function lastly(
  is: () => boolean,
  now: () => number = () => performance.now(),
): Promise<{ last: number; over: number }> {
  for (let last = Number.NEGATIVE_INFINITY; ; ) {
    const asked = now();
    if (!is()) return { last, over: now() };
    last = asked;
    await new Promise((done) => realTimeout(done, 10));
  }
}

/** Milliseconds of computing that something takes, which other work of the machine does not count in. */
export function computed(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
