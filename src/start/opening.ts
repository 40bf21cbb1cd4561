// What an adapter opens whose call returns before it is open. Once everything can be resolved without a promise, what is
// open at once is `opened` from the start.

export class Opening<T> {
  /** Undefined until it is open. */
  opened: T | undefined;
  /** For a request that came before. */
  readonly promise: Promise<T>;
  #isAsked = false;

  constructor(opening: Promise<T>) {
    this.promise = opening.then((opened) => {
      this.opened = opened;
      return opened;
    });
    // Requests that wait catch the refusal too. Unless the app does, it is to end the process as if nobody had.
    this.promise.catch(async (error: unknown) => {
      await new Promise((done) => setImmediate(done));
      if (!this.#isAsked) throw error;
    });
  }

  /** For the app, which hears of the refusal. */
  ready(): Promise<T> {
    this.#isAsked = true;
    return this.promise;
  }
}
