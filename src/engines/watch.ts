// A connection that brings news: opened, kept, and opened anew when it is lost, until nobody wants to hear any more.

/** One connection. */
export interface Watch {
  /** Settles when news would arrive; rejects where it came to nothing. */
  readonly ready: Promise<unknown>;
  /** Settles when the connection is gone. */
  readonly lost: Promise<unknown>;
  /** Asks over this very connection whether it is alive. Undefined where nothing can be asked over it. */
  readonly ask?: (() => Promise<unknown>) | undefined;
  close(): void;
}

/** Told of lines that were lost: one that comes and goes all the time looks well to everybody who merely listens. */
export type LineListener = (lost: 'lost' | 'silent') => void;

/** The longest that a first connection is waited for. */
export const PATIENCE = 3000;

/**
 * A line that brings news is silent when there are none. So often it is asked whether it lives, in milliseconds: news
 * are a courtesy, and a thousand replicas ask seventy times a second.
 */
const ASK_EVERY = 15_000;

/** In milliseconds: soon at first, about once a second later, and not all replicas at the same moment. */
export function backoff(failures: number): number {
  return Math.min(1000, 25 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
}

/**
 * Keeps a connection. Calls `told` each time that one is there: what was missed meanwhile has to be looked up. Returns
 * when the first one is there, or has failed; never rejects.
 *
 * @param onLoss told of each connection that was there and is lost
 * @returns a function that ends it
 */
export async function keepWatching(
  open: (told: () => void) => Watch,
  told: () => void,
  onLoss: LineListener = () => {},
  askEvery: number = ASK_EVERY,
): Promise<() => Promise<void>> {
  let ended = false;
  // News may still be on its way when nobody wants to hear any more.
  const tell = (): void => {
    if (!ended) told();
  };
  let end = (): void => {};
  const ending = new Promise<void>((done) => {
    end = done;
  });
  let tried = (): void => {};
  const first = new Promise<void>((done) => {
    tried = done;
  });
  const keep = async (): Promise<void> => {
    for (let failures = 0; !ended; failures++) {
      let watch: Watch | undefined;
      try {
        watch = open(tell);
        const loss = watch.lost.then(() => 'lost' as const);
        const outcome = await Promise.race([withTimeout(watch.ready, PATIENCE), loss, ending]);
        tried();
        if (outcome !== 'lost' && !ended) {
          failures = 0;
          tell();
          const how = await lossOf(watch, loss, ending, askEvery);
          if (how !== undefined && !ended) onLoss(how);
        }
      } catch {
        tried();
      } finally {
        watch?.close();
      }
      await Promise.race([pause(backoff(failures)), ending]);
    }
  };
  const kept = keep();
  await first;
  return async () => {
    ended = true;
    end();
    await kept;
  };
}

/** Waits until a connection is lost, and asks it now and then. Undefined when nobody wants to hear any more. */
async function lossOf(
  watch: Watch,
  loss: Promise<'lost'>,
  ending: Promise<void>,
  askEvery: number,
): Promise<'lost' | 'silent' | undefined> {
  for (;;) {
    // Not all replicas at the same moment.
    const next = pause(askEvery * (0.75 + Math.random() / 2)).then(() => 'ask' as const);
    const outcome = await Promise.race(watch.ask === undefined ? [loss, ending] : [loss, ending, next]);
    if (outcome !== 'ask') return outcome ?? undefined;
    // An error is an answer, or the end of the connection, which tells of itself.
    const silent = await withTimeout(watch.ask?.() ?? ending, PATIENCE).then(
      () => false,
      (error) => error === TIMED_OUT,
    );
    if (silent) return 'silent';
  }
}

/** Holds no process up. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, milliseconds).unref();
  });
}

/** What {@link withTimeout} rejects with. */
export const TIMED_OUT: Error = new Error('no answer in time');

/** As it settles, or {@link TIMED_OUT}. What the caller no longer waits for may fail unheard. */
export function withTimeout<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    // An answer may have arrived and wait to be read, where this process was busy or stopped: one turn more.
    const timer = setTimeout(() => setImmediate(reject, TIMED_OUT), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * node-redis, and a pool of PostgreSQL, end the process over a lost connection unless somebody listens. Whoever asks is
 * told anyway, and a pool makes a new one. ioredis needs no listener, and logs where there is none.
 */
export function surviveLostConnections(client: object): void {
  const { on, listenerCount } = client as Partial<NodeJS.EventEmitter>;
  if ('call' in client || typeof on !== 'function' || typeof listenerCount !== 'function') return;
  if (listenerCount.call(client as NodeJS.EventEmitter, 'error') === 0)
    on.call(client as NodeJS.EventEmitter, 'error', () => undefined);
}
