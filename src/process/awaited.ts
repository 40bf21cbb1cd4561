// What a start that cannot wait does without, and what is waited for where one can.
//
// A start is synchronous, so that an app refuses before it binds a port. What not every app needs is loaded by `import()`
// all the same, and a command takes its time. So the synchronous code is run, says what it lacks, and is run again.

/** Thrown by synchronous code that lacks something. */
export class Awaited extends Error {
  /** Brings it; the code is run again then. */
  readonly bring: () => Promise<unknown>;

  constructor(bring: () => Promise<unknown>) {
    super('it is not loaded yet');
    this.bring = bring;
  }
}

/** Runs synchronous code until it lacks nothing. It changes nothing before it has all that it asks for. */
export async function untilThere<T>(run: () => T): Promise<T> {
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Awaited)) throw error;
      await error.bring();
    }
  }
}

/** A module that not every start needs. Whoever cannot wait says before how it is had at once. */
export class Rare<T extends object> {
  readonly #load: () => Promise<T>;
  #atOnce: (() => T | undefined) | undefined;
  #module: T | undefined;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** @throws Awaited where it is not there yet */
  get module(): T {
    this.#module ??= this.#atOnce?.();
    if (this.#module === undefined)
      throw new Awaited(async () => {
        this.#module = await this.#load();
      });
    return this.#module;
  }

  /** @param load called when it is needed; undefined: it is waited for all the same */
  atOnce(load: () => T | undefined): void {
    this.#atOnce = load;
  }
}
