// The store of the old library, asked as that library asks it. What one process does to one session is done in turn, so that
// within it a sign-out is never undone. Between processes such a store has nothing that could promise it: a moment stays
// between looking whether a session is there and writing it, as with the library itself.
import { engineUnavailable } from '../engines/ask.js';
import type { ExpressStore } from '../sessions/stores/express.js';
import { answerOf } from '../sessions/stores/express-store.js';
import { Turns } from '../sessions/stores/turns.js';

/** Milliseconds until a store that has not called back counts as out of reach. */
const PATIENCE = 5000;

/** A record of the old library: data, and how it makes its cookie. */
export type OldRecord = Record<string, unknown> & { readonly cookie: object };

export class OldStore {
  readonly #store: ExpressStore & { touch?(sid: string, session: unknown, done: () => void): unknown };
  readonly #turns = new Turns(PATIENCE);

  constructor(store: ExpressStore) {
    this.#store = store;
  }

  get touches(): boolean {
    return typeof this.#store.touch === 'function';
  }

  /** What is kept, as JSON has it; undefined where it has ended. */
  async get(sid: string): Promise<OldRecord | undefined> {
    const found = await asked(this.#turns.read(answerOf((done) => this.#store.get(sid, done))));
    // Some stores hand out the very object that they keep.
    return found ? (JSON.parse(JSON.stringify(found)) as OldRecord) : undefined;
  }

  async set(sid: string, record: OldRecord): Promise<void> {
    await this.#turns.take(sid, () => this.#write(sid, record));
  }

  /** @param change gets what is kept by then. @returns false where nothing is */
  async change(sid: string, change: (kept: OldRecord) => OldRecord): Promise<boolean> {
    return await this.#turns.take(sid, async () => {
      const kept = await this.get(sid);
      if (kept === undefined) return false;
      await this.#write(sid, change(kept));
      return true;
    });
  }

  async touch(sid: string, record: OldRecord): Promise<void> {
    await asked(this.#turns.read(answerOf((done) => this.#store.touch?.(sid, record, done))));
  }

  async destroy(sid: string): Promise<void> {
    await this.#turns.take(sid, () =>
      asked(
        this.#turns.write(
          sid,
          answerOf((done) => this.#store.destroy(sid, done)),
        ),
      ),
    );
  }

  async #write(sid: string, record: OldRecord): Promise<void> {
    await asked(
      this.#turns.write(
        sid,
        answerOf((done) => this.#store.set(sid, record, done)),
      ),
    );
  }
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw engineUnavailable(error, () => 'the place where the old sessions are kept cannot be reached');
  }
}
