// Waiting for what happens soon, and measuring how long something takes.

/** As it is before a test puts fake timers in its place. */
const realTimeout = setTimeout;

/** Asks again and again. @throws when it has not come true in time, which is a limit against hanging and no measure */
export async function until(condition: () => unknown, milliseconds = 60_000): Promise<void> {
  const end = performance.now() + milliseconds;
  for (;;) {
    if (await condition()) return;
    if (performance.now() > end) throw new Error(`it did not happen in time: ${condition}`);
    await new Promise((done) => realTimeout(done, 10));
  }
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
