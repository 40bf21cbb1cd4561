// Follows a keyring that replicas share: told at once by the engine, and looking now and then, since what is told can
// be lost.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyturnError } from '../errors.js';
import { pollInterval } from '../keyring-stores/poll-interval.js';
import { type FollowerListener, toKeyturnError } from '../resolve/follow.js';
import { StoreRepair, type StoreRepairParts } from './store-repair.js';

/** A request that asks waits no longer than this. */
const PATIENCE_MS = 1000;
/** A look on behalf of requests comes at most so often: whoever makes up key ids must not reach the engine with each. */
const ASKED_EVERY_MS = 1000;
/** News is looked into at once, and more of it at most so often: whoever can write there can tell without end. */
const TOLD_EVERY_MS = 250;
/** Putting something right changes what is there: so often a look begins anew. */
const ATTEMPTS = 5;
const TELL_OF_LOSS_EVERY_MS = 60_000;
/** Once in so many looks it is asked whether a root secret is used by nobody any more. */
const TIDY_EVERY = 12;

/** Once in so many looks the clock of the engine is asked for. */
const CLOCK_EVERY = 12;

interface SharedFollowerParts extends StoreRepairParts {
  readonly listener: FollowerListener;
  /** Told before a look; what it returns is told when the ring in force has turned out to be the one in the store. */
  readonly hear: () => () => void;
  /** Told what the clock of the engine shows, in milliseconds since 1970. */
  readonly compareClock: (engine: number) => void;
  /** Seconds. */
  readonly maxLag: number;
}

export class SharedFollower {
  readonly possible = true;
  readonly #parts: SharedFollowerParts;
  readonly #repair: StoreRepair;
  /** The version that was read last, and under which roots; undefined makes the next look read it. */
  #seen: string | undefined;
  #failure: KeyturnError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #watching: Promise<() => Promise<void>> | undefined;
  #closed = false;
  /** How often the connection that brings news was lost. */
  lostLines = 0;
  #toldOfLossAt = Number.NEGATIVE_INFINITY;
  #looks = 0;
  #looksUntilClock = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Set while a look is due because of news. */
  #telling: NodeJS.Timeout | undefined;
  /** The ring is sealed under roots that this process does not hold. */
  #foreignRoots = false;

  constructor(parts: SharedFollowerParts) {
    this.#parts = parts;
    this.#repair = new StoreRepair(parts);
  }

  /** Looks once. Where that fails the process starts all the same: it is not ready, and goes on looking. */
  async start(): Promise<void> {
    const { store, listener, maxLag } = this.#parts;
    await this.#look();
    this.#timer = setInterval(() => {
      listener.passed();
      // One that hangs is not joined by others.
      if (this.#looking === undefined) void this.#look();
    }, pollInterval(maxLag));
    this.#timer.unref();
    // Not waited for: where the engine is gone it takes a while, and when it is on it says so.
    this.#watching = store.watch(
      () => this.#told(),
      (how) => this.#lost(how),
    );
    this.#watching.catch(() => undefined);
  }

  /** One that comes and goes is told now and then, with how often, and not each time. */
  #lost(how: 'lost' | 'silent'): void {
    this.lostLines++;
    const now = performance.now();
    if (now - this.#toldOfLossAt < TELL_OF_LOSS_EVERY_MS) return;
    this.#toldOfLossAt = now;
    this.#parts.logger.warn(
      { event: 'engine.line_lost', count: this.lostLines },
      `the connection that brings news of the shared keyring ${how === 'lost' ? 'was lost' : 'does not answer'}; it is made anew, and the keyring is looked at every few seconds meanwhile`,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#repair.close();
    clearInterval(this.#timer);
    clearTimeout(this.#telling);
    const stopWatching = await this.#watching?.catch(() => undefined);
    await stopWatching?.();
  }

  /** A look on behalf of a request: it joins the one that is going on; else one for all that ask within a second. */
  async ask(): Promise<void> {
    const at = performance.now();
    if (this.#looking === undefined && at - this.#askedAt < ASKED_EVERY_MS) return;
    this.#askedAt = at;
    await Promise.race([this.#look(), sleep(PATIENCE_MS, undefined, { ref: false })]);
  }

  /** The first news is looked into at once, and all that comes soon after it together. */
  #told(): void {
    if (this.#closed || this.#telling !== undefined) return;
    const wait = this.#toldAt + TOLD_EVERY_MS - performance.now();
    this.#telling = setTimeout(
      () => {
        this.#telling = undefined;
        this.#toldAt = performance.now();
        void this.reload();
      },
      Math.max(0, wait),
    );
    this.#telling.unref();
  }

  /** A look that begins after this call. */
  async reload(): Promise<void> {
    this.#next ??= (this.#looking ?? Promise.resolve()).then(() => {
      this.#next = undefined;
      return this.#look();
    });
    await this.#next;
  }

  async #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookOnce(): Promise<void> {
    if (this.#closed) return;
    const { listener } = this.#parts;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (await this.#settle()) break;
      }
      if (this.#looksUntilClock-- === 0) await this.#askClock();
      if (this.#foreignRoots && ++this.#looks % TIDY_EVERY === 0) await this.#repair.dropRoots();
    } catch (error) {
      if (this.#closed) return;
      const failure = toKeyturnError(error);
      const news = isNews(failure, this.#failure);
      this.#failure = failure;
      if (news) listener.failed(failure);
    }
  }

  async #askClock(): Promise<void> {
    this.#looksUntilClock = CLOCK_EVERY;
    // The ring has been heard of: that the clock has not takes nothing from it.
    const clocks = await this.#parts.store.clocks().catch(() => ({}));
    for (const shows of Object.values(clocks)) this.#parts.compareClock(shows);
  }

  /** @returns false when the store was changed, and is to be looked at again */
  async #settle(): Promise<boolean> {
    const { store, ring, listener, hear } = this.#parts;
    const heard = hear();
    // With other roots the same version is another one: it may have to be sealed under them.
    const roots = store.roots.fingerprint;
    const version = await store.version();
    // After a failure what is the same as before is read all the same: what was wrong may be right by now.
    if (`${version} ${roots}` === this.#seen && this.#failure === undefined) {
      heard();
      return true;
    }
    const found = await store.find();
    if (found === undefined) {
      await this.#repair.fill();
      return false;
    }
    if (await this.#repair.putBack(found)) return false;
    ring.require(found.ring);
    // First: whoever listens for a change may ask at once whether the process is ready.
    heard();
    listener.found(found.ring);
    this.#failure = undefined;
    this.#foreignRoots = found.roots.some((kid) => store.roots.get(kid)?.live !== true);
    // What came of it the next look finds; where it failed it is tried again.
    const sealed = await this.#repair.sealForAll(found);
    this.#seen = sealed ? `${found.version} ${roots}` : undefined;
    return true;
  }
}

/** An engine that is gone gives one reason after the other: once is enough. */
function isNews(failure: KeyturnError, former: KeyturnError | undefined): boolean {
  if (failure.code !== former?.code) return true;
  return failure.code !== 'engine_unavailable' && failure.message !== former.message;
}
