// Follows a keyring that replicas share: told at once by the engine, and looking now and then, since what is told can
// be lost. What is found wrong in the store and can be put right is: an emptied one gets the ring back, one that has
// fallen back to an older generation the newest, and a root secret that joins opens it too.
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../errors.js';
import type { ReplicaReport } from '../fleet/report.js';
import type { Key } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { LiveKeyring } from '../keyring/live.js';
import { hasPassed, isRash, revokedElsewhere } from '../keyring/successor.js';
import { pollInterval } from '../keyring-stores/poll-interval.js';
import type { SharedRingStore, StoredRing } from '../keyring-stores/shared.js';
import { type FollowerListener, unexpected } from '../resolve/follow.js';
import type { Logger } from './log.js';

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

export interface SharedFollowerParts {
  readonly store: SharedRingStore;
  readonly ring: LiveKeyring;
  readonly listener: FollowerListener;
  /** What this process would say of itself. */
  readonly report: () => ReplicaReport;
  /** Told before a look; what it returns is told when the ring in force has turned out to be the one in the store. */
  readonly hear: () => () => void;
  /** One ring of two lines of it. */
  readonly merge: (mine: Keyring, other: Keyring) => Keyring;
  /** Told what the clock of the engine shows, in milliseconds since 1970. */
  readonly compareClock: (engine: number) => void;
  /** A first ring, where one may be made without being told to. */
  readonly first: (() => Keyring) | undefined;
  /** Seconds. */
  readonly maxLag: number;
  readonly logger: Logger;
}

export class SharedFollower {
  readonly possible = true;
  readonly #parts: SharedFollowerParts;
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
  /** Why the ring could not be sealed anew. */
  #unsealed: string | undefined;
  /** The ring is sealed under roots that this process does not hold. */
  #foreignRoots = false;

  constructor(parts: SharedFollowerParts) {
    this.#parts = parts;
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
      if (this.#foreignRoots && ++this.#looks % TIDY_EVERY === 0) await this.#sealing(this.#dropRoots());
    } catch (error) {
      if (this.#closed) return;
      const failure = error instanceof KeyturnError ? error : unexpected(error);
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
    if (found === undefined) return await this.#fill();
    if (await this.#putBack(found)) return false;
    ring.require(found.ring);
    // First: whoever listens for a change may ask at once whether the process is ready.
    heard();
    listener.found(found.ring);
    this.#failure = undefined;
    this.#foreignRoots = found.roots.some((kid) => store.roots.get(kid)?.live !== true);
    // What came of it the next look finds; where it failed it is tried again.
    const sealed = !this.#lacksRoot(found) || (await this.#sealing(this.#sealToo(found)));
    this.#seen = sealed ? `${found.version} ${roots}` : undefined;
    return true;
  }

  /** @throws KeyturnError `keyring_missing` where nobody here has a ring */
  async #fill(): Promise<false> {
    const { store, ring, first, logger } = this.#parts;
    // One that was given up is nobody's to bring back: an engine that has lost its data does not say so any more.
    if (ring.found !== undefined && !ring.replaced) {
      // Before the ring, so that no step comes in between.
      await this.#standIn(ring.current);
      if (await store.put(ring.found, undefined))
        logger.warn(
          { event: 'keyring.republished', generation: ring.found.generation },
          `${store.name} held no keyring any more: the one in force was put back`,
        );
      return false;
    }
    if (first === undefined || ring.replaced) {
      await store.read();
      return false;
    }
    if (await store.create(first()))
      logger.info({ event: 'keyring.created' }, `the first shared keyring was made in ${store.name}`);
    return false;
  }

  /** @returns whether the store was changed, or somebody else changed it meanwhile */
  async #putBack(there: StoredRing): Promise<boolean> {
    const { store, ring, logger } = this.#parts;
    const mine = ring.found;
    const better = mine === undefined || ring.replaced ? undefined : this.#betterThan(there.ring, mine);
    if (better === undefined) return false;
    await this.#standIn(ring.current);
    if (await store.put(better.ring, there))
      logger.warn(
        { event: 'keyring.republished', generation: better.ring.generation, found: there.ring.generation },
        `${store.name} held ${better.what}`,
      );
    return true;
  }

  /** What belongs there in the place of what is kept; undefined: that is right, or for an operator to decide. */
  #betterThan(kept: Keyring, mine: Keyring): { readonly ring: Keyring; readonly what: string } | undefined {
    if (hasPassed(mine, kept))
      return { ring: mine, what: 'an older generation of the keyring: the one in force was put back' };
    if (isRash(kept, mine) || mine.replaces.includes(kept.id as string))
      return { ring: mine, what: 'another keyring than the one that replicas hold: that one was put back' };
    const merged = this.#withRevoked(kept, mine);
    return (
      merged && {
        ring: merged,
        what: 'another line of the keyring, on which keys were revoked: both were joined',
      }
    );
  }

  /**
   * A revocation waits for nobody: it may have been made on a store that had fallen back. It is obeyed, and whoever
   * holds either line must be able to go on. What else was done there stays for an operator to decide.
   */
  #withRevoked(kept: Keyring, mine: Keyring): Keyring | undefined {
    if (kept.id !== mine.id || kept.passesThrough(mine)) return undefined;
    const revoked = revokedElsewhere(mine, kept);
    if (revoked.length === 0) return undefined;
    const merged = this.#parts.merge(mine, kept);
    const isKept = (key: Key) => revoked.includes(key) || merged.get(key.id)?.live === true;
    return mine.live.every(isKept) ? merged : undefined;
  }

  /** Whoever is cut off may have missed that a key was staged; every other one it knows. */
  async #standIn(ring: Keyring): Promise<void> {
    const { store, report } = this.#parts;
    const said = report();
    const verifies = said.verifies.filter((kid) => ring.get(kid)?.state !== 'staged');
    await store.fleet.standIn({ ...said, verifies }, ring);
  }

  /** Whoever has only one of the secrets, the former, the present or the next, must be able to open it. */
  #lacksRoot({ roots }: StoredRing): boolean {
    return this.#parts.store.roots.live.some(({ id }) => !roots.includes(id));
  }

  async #sealToo(found: StoredRing): Promise<void> {
    const { store, logger } = this.#parts;
    if (await store.sealToo(found))
      logger.info({ event: 'keyring.resealed' }, 'the shared keyring is sealed under another secret too');
  }

  /** The ring is good whatever comes of it. Says once what is wrong. @returns false when it is to be tried again */
  async #sealing(work: Promise<void>): Promise<boolean> {
    try {
      await work;
      this.#unsealed = undefined;
      return true;
    } catch (caught) {
      const error = caught instanceof KeyturnError ? caught : unexpected(caught);
      if (this.#unsealed !== error.code && !this.#closed)
        this.#parts.logger.warn(
          { event: 'keyring.reseal_failed', code: error.code, hint: error.hint },
          `the shared keyring could not be sealed under the secrets of now: ${error.message}`,
        );
      this.#unsealed = error.code;
      return false;
    }
  }

  /** Seals anew without roots that no replica says it holds: a former secret that gets out then opens nothing. */
  async #dropRoots(): Promise<void> {
    const { store, logger } = this.#parts;
    const mine = store.roots.live.map((key) => key.id);
    const replicas = await store.fleet.read(this.#parts.ring.found, false);
    // No report proves nothing.
    if (replicas.length === 0 || replicas.some(({ roots = [] }) => roots.some((kid) => !mine.includes(kid))))
      return;
    const found = await store.find();
    if (found === undefined || found.roots.every((kid) => mine.includes(kid))) return;
    if (await store.sealAnew(found))
      logger.info(
        { event: 'keyring.resealed' },
        'the shared keyring is no longer sealed under a former secret',
      );
  }
}

/** An engine that is gone gives one reason after the other: once is enough. */
function isNews(failure: KeyturnError, former: KeyturnError | undefined): boolean {
  if (failure.code !== former?.code) return true;
  return failure.code !== 'engine_unavailable' && failure.message !== former.message;
}
