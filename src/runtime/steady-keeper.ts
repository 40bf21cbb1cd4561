// Keeps a ring that cannot change by itself: secrets that stand in variables. Most processes have no other all their life.
// What follows a source and reports is loaded when the app asks to have the source read again, and when `keyturn init` has
// made a document, beside which this process must say that it does not go by it (see fleet/pending-reporter.ts).
import { join } from 'node:path';
import { isThere } from '../disk/read.js';
import { DOCUMENT_POLL_MS } from '../fleet/report-interval.js';
import type { Keyring } from '../keyring/keyring.js';
import { SteadyRing } from '../keyring/steady-ring.js';
import type { RingHealth } from './health.js';
import type { Keeper, RingKeeper } from './keeper.js';
import type { KeeperParts } from './keeper-parts.js';
import { logRingChanged } from './ring-changed.js';
import { steadyHealth } from './steady-health.js';

export class SteadyKeeper implements Keeper {
  readonly ring: SteadyRing;
  readonly #parts: KeeperParts;
  readonly #now: () => number;
  #loadedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: () => void;
  #closed = false;
  /** What has taken over. */
  #whole: RingKeeper | undefined;
  #growing: Promise<RingKeeper> | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#now = parts.options.machine.now;
    // Without an error there is a keyring.
    this.ring = new SteadyRing(parts.resolution.keyring as Keyring, this.#now);
    this.#loadedAt = this.#now();
    this.#stopListening = this.ring.onChange((ring, former) => {
      this.#loadedAt = this.#now();
      logRingChanged(parts.logger, ring, former);
    });
  }

  /** Where the document is there already, the process reports before it takes part. */
  async start(): Promise<void> {
    const { profile, dataDir } = this.#parts.resolution;
    // Tests leave nothing behind.
    if (profile.profile === 'test') return;
    const path = join(dataDir, 'keyring.json');
    if (isThere(path)) {
      await this.#grow();
      return;
    }
    const look = () => {
      if (isThere(path)) void this.#grow();
    };
    try {
      this.#timer = setInterval(look, DOCUMENT_POLL_MS);
      this.#timer.unref();
    } catch {
      // A worker sets no timers while its modules are evaluated, and has no disk where a document could appear.
    }
  }

  get follows(): boolean {
    return this.#whole?.follows === true;
  }

  lookForKey(isUnknown: () => boolean): Promise<void> | undefined {
    return this.#whole?.lookForKey(isUnknown);
  }

  async reload(): Promise<void> {
    await (await this.#grow()).reload();
  }

  get health(): RingHealth {
    if (this.#whole !== undefined) return this.#whole.health;
    const { profile, source } = this.#parts.resolution;
    const facts = { profile: profile.profile, source: source?.name ?? '', loadedAt: this.#loadedAt };
    return steadyHealth(this.ring, facts);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#stopListening();
    await (await this.#growing)?.close();
  }

  #grow(): Promise<RingKeeper> {
    clearInterval(this.#timer);
    this.#growing ??= this.#replacement();
    return this.#growing;
  }

  async #replacement(): Promise<RingKeeper> {
    const { RingKeeper } = await import('./keeper.js');
    const whole = await RingKeeper.open(this.#parts, { ring: this.ring, loadedAt: this.#loadedAt });
    this.#stopListening();
    this.#whole = whole;
    if (!this.#closed) await whole.start();
    return whole;
  }
}
