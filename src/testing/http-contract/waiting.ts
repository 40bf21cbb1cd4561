// Where requests wait, so that a case knows what has happened and what has not.

/** Where work waits until a case lets it on. */
export class Gate {
  #open = () => {};
  readonly #opened = new Promise<void>((done) => {
    this.#open = done;
  });
  #reached = () => {};
  readonly #someone = new Promise<void>((done) => {
    this.#reached = done;
  });

  /** What comes here waits. */
  async pass(): Promise<void> {
    this.#reached();
    await this.#opened;
  }

  /** Until somebody has come, by this work. @throws where it ends without */
  async reachedBy(work: Promise<unknown>): Promise<void> {
    const ended = work.then(() => Promise.reject(new Error('it did not wait where it was to wait')));
    await Promise.race([this.#someone, ended]);
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

  /** Lets those go who wait for others. */
  end(): void {
    this.#gate.open();
  }
}
