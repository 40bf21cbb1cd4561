// Adds what this process verifies to what the fleet keeps of it over time. To verify counts one number up, as it did
// before anybody kept it; all else is done here, every few seconds, by what these numbers have become.
import { type Count, type CountsSpan, SPANS, startOf } from './counts.js';
import type { Fleet } from './fleet.js';

/** A number that only grows. */
interface Counter {
  readonly kid: string;
  readonly purpose: string;
  readonly verified: number;
}

export interface CountingParts {
  /** Each of them is the same object every time. */
  readonly uses: () => readonly Counter[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * How often each span is told, in milliseconds. A thousand replicas must not cost the engine more than a command per
 * replica and second, and where buckets are long nobody waits for them. A process that is killed loses as much.
 */
const TOLD_EVERY: Readonly<Record<CountsSpan, number>> = { 'quarter-hour': 0, day: 120_000, month: 600_000 };
const ALL = Object.keys(TOLD_EVERY) as CountsSpan[];

/** So long nothing is told after it could not be: an engine that refuses it need not hear of it with each report. */
const PAUSE_MS = 60_000;

/** The most that are told at once. */
const AT_ONCE = 1000;

const SOONEST_LOOK_MS = 100;

/** The longest that a process waits for it when it ends. */
const PATIENCE_MS = 4000;

/** By bucket: how often each counter has grown. A look adds to it in a few microseconds, however long nothing was told. */
type Pending = Map<number, Map<Counter, number>>;

export class Counting {
  readonly #fleet: Pick<Fleet, 'count'>;
  readonly #parts: CountingParts;
  readonly #counted = new Map<Counter, number>();
  /** What was not told yet. */
  readonly #pending = new Map<CountsSpan, Pending>(ALL.map((span) => [span, new Map()]));
  /** When each span is told next, by the clock that is never set. */
  readonly #due = new Map<CountsSpan, number>();
  #lookedAt: number;
  #timer: NodeJS.Timeout | undefined;
  /** Never rejects. */
  #telling: Promise<void> | undefined;
  #closed = false;

  /** What was verified before nobody knows the time of. */
  constructor(fleet: Pick<Fleet, 'count'>, parts: CountingParts) {
    this.#fleet = fleet;
    this.#parts = parts;
    for (const use of parts.uses()) this.#counted.set(use, use.verified);
    this.#lookedAt = parts.now();
  }

  /** Looks at the end of each bucket, so that what is told of two of them stands in the right one. */
  start(): void {
    if (this.#closed) return;
    const { bucket } = SPANS['quarter-hour'];
    this.#timer = setTimeout(
      () => {
        this.look();
        this.start();
      },
      // A clock may stand still.
      Math.max(SOONEST_LOOK_MS, bucket - (this.#parts.now() % bucket)),
    );
    this.#timer.unref();
  }

  /** Notes what was verified since the last look. */
  look(): void {
    const now = this.#parts.now();
    const passed = now - this.#lookedAt;
    // Of a look that comes a moment after the end of a bucket. A clock that was set, or a process that was stopped, says
    // nothing about the time between.
    const isPlain = passed >= 0 && passed <= 2 * SPANS['quarter-hour'].bucket;
    const at = isPlain ? now - passed / 2 : now;
    this.#lookedAt = now;
    const grown = this.#parts.uses().filter((use) => use.verified > (this.#counted.get(use) ?? 0));
    if (grown.length === 0) return;
    for (const span of ALL) {
      const bucket = this.#bucket(span, startOf(span, Math.floor(at)));
      for (const use of grown) raise(bucket, use, use.verified - (this.#counted.get(use) ?? 0));
    }
    for (const use of grown) this.#counted.set(use, use.verified);
  }

  #pendingOf(span: CountsSpan): Pending {
    return this.#pending.get(span) as Pending;
  }

  /** Of what cannot be told for long the oldest goes: nobody keeps it any more. */
  #bucket(span: CountsSpan, start: number): Map<Counter, number> {
    const pending = this.#pendingOf(span);
    const known = pending.get(start);
    if (known !== undefined) return known;
    const bucket = new Map<Counter, number>();
    pending.set(start, bucket);
    if (pending.size > SPANS[span].kept / SPANS[span].bucket) pending.delete(Math.min(...pending.keys()));
    return bucket;
  }

  /** Tells what is due. It goes on behind the back of whoever calls: no report waits for it. */
  tell(): void {
    if (this.#closed || this.#telling !== undefined) return;
    this.#telling = this.#tell(performance.now()).finally(() => {
      this.#telling = undefined;
    });
  }

  /** @param now by the clock that is never set; undefined: whatever there is, whenever it is due */
  async #tell(now: number | undefined): Promise<void> {
    this.look();
    for (const span of ALL) {
      if (this.#pendingOf(span).size === 0) continue;
      if (now !== undefined && now < (this.#due.get(span) ?? 0)) continue;
      const told = await this.#tellOf(span);
      if (now !== undefined) this.#due.set(span, now + (told ? TOLD_EVERY[span] : PAUSE_MS));
    }
  }

  /** Waits until it is certain what has become of it, for as long as that takes: told twice it would count twice. */
  async #tellOf(span: CountsSpan): Promise<boolean> {
    for (;;) {
      const taken = this.#take(span);
      if (taken.length === 0) return true;
      const told = taken.map(
        ({ start, use: { kid, purpose }, verified }): Count => ({ start, kid, purpose, verified }),
      );
      try {
        await this.#fleet.count(span, told);
      } catch {
        for (const { start, use, verified } of taken) raise(this.#bucket(span, start), use, verified);
        return false;
      }
    }
  }

  #take(span: CountsSpan): readonly Taken[] {
    const taken: Taken[] = [];
    const pending = this.#pendingOf(span);
    for (const [start, bucket] of pending) {
      for (const [use, verified] of bucket) {
        if (taken.length === AT_ONCE) return taken;
        taken.push({ start, use, verified });
        bucket.delete(use);
      }
      pending.delete(start);
    }
    return taken;
  }

  /** Tells the rest, as far as that is done soon. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closed = true;
    const all = (this.#telling ?? Promise.resolve()).then(() => this.#tell(undefined));
    await atMost(PATIENCE_MS, all);
  }
}

interface Taken {
  readonly start: number;
  readonly use: Counter;
  readonly verified: number;
}

function raise(bucket: Map<Counter, number>, use: Counter, by: number): void {
  bucket.set(use, (bucket.get(use) ?? 0) + by);
}

async function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((done) => {
    timer = setTimeout(done, milliseconds);
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
}
