// Server-sent events: a browser is sent what is on its page anew when that has changed. A stream ends by itself, so that
// the guard is asked again whenever the browser comes back.
import { setTimeout as pause } from 'node:timers/promises';
import { digest } from '../signing/digest.js';

const LOOK_EVERY_MS = 1000;
/** A line without meaning: what stands between would take a stream that is silent for one that is dead. */
const SIGN_EVERY_MS = 15_000;
const LASTS_MS = 60_000;
/** How long a browser waits before it comes back. */
const BACK_AFTER_MS = 1000;
/** Each costs a connection and a drawing a second. */
const MOST_STREAMS = 32;

export class LiveStreams {
  #open = 0;
  /** Aborted when the app closes: a server waits for its connections to end. */
  readonly #closed = new AbortController();
  readonly #shows: () => number;
  /** The last event of all. */
  #last: string | undefined;

  /** @param shows what a clock shows that nobody sets, in milliseconds */
  constructor(shows: () => number = () => performance.now()) {
    this.#shows = shows;
  }

  close(): void {
    this.#closed.abort();
  }

  /** What is drawn is over for good: every browser is told, those that come back a moment later, too. @param text one line */
  end(text: string): void {
    this.#last = `event: over\ndata: ${text}\n\n`;
    this.close();
  }

  /**
   * @param draw what is on the page now; undefined where nobody can tell
   * @param known the id of the last event that the browser has
   * @param gone aborted when the browser is gone
   * @returns undefined where there are too many
   */
  open(
    draw: () => Promise<string | undefined>,
    known: string | undefined,
    gone: AbortSignal,
  ): AsyncIterable<string> | undefined {
    if (this.#last !== undefined) return once(this.#last);
    if (this.#open >= MOST_STREAMS || this.#closed.signal.aborted) return undefined;
    const ended = AbortSignal.any([gone, this.#closed.signal]);
    this.#open++;
    let isFree = false;
    // Whether anybody reads it or not: a stream that was never begun would keep its place for ever.
    const free = () => {
      if (!isFree) this.#open--;
      isFree = true;
    };
    ended.addEventListener('abort', free, { once: true });
    return this.#events(draw, known, ended, free);
  }

  async *#events(
    draw: () => Promise<string | undefined>,
    known: string | undefined,
    ended: AbortSignal,
    free: () => void,
  ): AsyncGenerator<string> {
    const begun = this.#shows();
    let last = known;
    let saidAt = begun;
    try {
      yield `retry: ${BACK_AFTER_MS}\n\n`;
      while (!ended.aborted && this.#shows() - begun < LASTS_MS) {
        const drawn = await draw();
        const id = drawn === undefined ? last : digest(drawn).slice(0, 16);
        const isNew = drawn !== undefined && id !== last;
        if (isNew || this.#shows() - saidAt >= SIGN_EVERY_MS) {
          last = id;
          saidAt = this.#shows();
          yield isNew ? eventOf(id as string, drawn) : ': still here\n\n';
        }
        await pause(LOOK_EVERY_MS, undefined, { signal: ended, ref: false }).catch(() => {});
      }
      if (this.#last !== undefined) yield this.#last;
    } finally {
      free();
    }
  }
}

async function* once(event: string): AsyncGenerator<string> {
  yield event;
}

/** Every line of the text is one of the event: a line end in it must not end it. */
function eventOf(id: string, text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `event: page\nid: ${id}\n${lines.join('')}\n`;
}
