// What an adapter opens whose call returns before it is open: the engine answers later, or a command prints the secret.
import { KeyturnError } from '../errors.js';

/** As long as a browser's visitor waits, and a load balancer. */
const PATIENCE_MS = 5000;

export class Opening<T> {
  /** Undefined until it is open. */
  opened: T | undefined;
  readonly #promise: Promise<T>;
  #isAsked = false;

  constructor(opening: Promise<T>) {
    this.#promise = opening.then((opened) => {
      this.opened = opened;
      return opened;
    });
    // Requests that wait catch the refusal too. Unless the app does, it is to end the process as if nobody had.
    this.#promise.catch(async (error: unknown) => {
      await new Promise((done) => setImmediate(done));
      if (!this.#isAsked) throw error;
    });
  }

  /** For the app, which hears of the refusal. */
  ready(): Promise<T> {
    this.#isAsked = true;
    return this.#promise;
  }

  /**
   * For a request, which waits for a while.
   *
   * @throws KeyturnError `keyring_unavailable`, which is a 503, where that is not enough; what the start was refused with
   */
  async forRequest(): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, refused) => {
      timer = setTimeout(() => refused(notYet()), PATIENCE_MS);
    });
    return await Promise.race([this.#promise, late]).finally(() => clearTimeout(timer));
  }
}

function notYet(): KeyturnError {
  return new KeyturnError(
    'keyring_unavailable',
    'Keyturn has not started yet: it waits for the command that prints the secret, or for an engine',
    'write await middleware.ready() before the server listens',
  );
}
