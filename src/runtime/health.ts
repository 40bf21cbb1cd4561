// How a process is as far as its keyring goes: whether requests should be sent to it, what is wrong, and what is logged
// when that changes.
import type { KeyturnError } from '../errors.js';
import type { LiveKeyring } from '../keyring/live.js';
import type { StoreState } from '../sessions/stores/reachable.js';
import { FARTHEST_AHEAD } from '../signing/purpose-keyring.js';
import type { Logger } from './log.js';

/** How a process is as far as its keyring goes. Nothing in it is secret. */
export interface RingHealth {
  /** Whether the process should be sent requests: it has a keyring, and has heard of it within its lease. */
  readonly ready: boolean;
  /** Why its keyring is older than the one in its source; undefined when all is well. */
  readonly degraded: string | undefined;
  readonly profile: string;
  /** Where the secret comes from, as an operator calls it. */
  readonly source: string;
  /** Where the keyring is kept that steps change; undefined for secrets by themselves. */
  readonly store: string | undefined;
  /** Undefined while there is no keyring yet. */
  readonly fingerprint: string | undefined;
  readonly generation: number;
  /** Id of the key that signs; undefined while none does: there is no keyring yet, or its lease has ended. */
  readonly signs: string | undefined;
  /** Id and state of every key. */
  readonly keys: ReadonlyArray<{ readonly id: string; readonly state: string }>;
  /** When the keyring in force was loaded, in milliseconds since 1970. */
  readonly loadedAt: number;
  /** Whether the process reports itself where its keyring is. */
  readonly reporting: boolean;
  /** How often the connection was lost that brings news of the keyring; undefined where it is not shared. */
  readonly lostLines: number | undefined;
}

/** How a process is, for health checks. Nothing in it is secret. */
export interface Health extends RingHealth {
  /**
   * How the engine of the sessions was when it was last asked: `read-only` answers and takes no writes. Undefined where
   * sessions need no engine. A process without its sessions is ready all the same: where no replica has them, it is
   * better that all answer what they can than that nobody answers anything.
   */
  readonly sessions: StoreState | undefined;
}

const CLOCK_IS_OFF =
  "not ready: this process's clock is more than a day off that of the engine, and other replicas would refuse what it signs";

/** What can be wrong: the source of the ring, or that of the secrets that open a shared one. */
export type SourceOf = 'ring' | 'roots';

export class Readiness {
  readonly #ring: LiveKeyring;
  readonly #logger: Logger;
  readonly #wrong: { [Source in SourceOf]?: KeyturnError | undefined } = {};
  /** Others would refuse what is issued here, or the reverse. */
  #clockIsOff = false;
  /** Whether it was ready when that was last looked at; undefined before it was for the first time. */
  #wasReady: boolean | undefined;
  #closed = false;

  constructor(ring: LiveKeyring, logger: Logger) {
    this.#ring = ring;
    this.#logger = logger;
  }

  get ready(): boolean {
    return this.#ring.fresh && !this.#clockIsOff;
  }

  /** What is wrong with the sources. */
  get problem(): KeyturnError | undefined {
    return this.#wrong.ring ?? this.#wrong.roots;
  }

  /** Why the process is not as it should be; undefined when all is well. */
  get why(): string | undefined {
    if (this.#clockIsOff) return CLOCK_IS_OFF;
    return this.#ring.fresh || this.#ring.found === undefined ? this.problem?.message : this.#whyUnready;
  }

  /** @returns whether something was wrong until now */
  recovered(what: SourceOf): boolean {
    if (this.#wrong[what] === undefined) return false;
    this.#wrong[what] = undefined;
    this.#logger.info({ event: 'keyring.recovered' }, 'the source of the keyring is good again');
    return true;
  }

  failed(what: SourceOf, error: KeyturnError): void {
    this.#wrong[what] = error;
    this.#logger.error(
      { event: 'keyring.reload_failed', code: error.code, hint: error.hint },
      this.#ring.found === undefined
        ? `there is no keyring yet, and this process is not ready: ${error.message}`
        : `the last good keyring stays in force: ${error.message}`,
    );
    // A ring that cannot be taken may have revoked a key that signs here.
    this.check();
  }

  /** Logs it when the process stops signing, and when it signs again. */
  check(): void {
    const ready = this.#ring.fresh;
    const before = this.#wasReady;
    if (ready) this.#wasReady = true;
    else if (before === true) this.#wasReady = false;
    if (this.#closed || before === undefined || before === this.#wasReady) return;
    const event = this.#ring.stopped === undefined ? 'keyring.lease_ended' : 'keyring.stopped';
    if (ready) this.#logger.info({ event: 'keyring.ready' }, 'ready again');
    else this.#logger.error({ event }, `not ready from now on: ${this.#whyUnready}`);
  }

  /** @param ahead by how many milliseconds this clock is ahead of the engine's */
  compareClock(ahead: number): void {
    const off = Math.abs(ahead) > FARTHEST_AHEAD * 1000;
    if (off === this.#clockIsOff) return;
    this.#clockIsOff = off;
    const hint = 'set the clock of this machine right';
    if (off) this.#logger.error({ event: 'clock.off', hint }, CLOCK_IS_OFF);
    else this.#logger.info({ event: 'clock.right' }, "this process's clock is near that of the engine again");
  }

  close(): void {
    this.#closed = true;
  }

  get #whyUnready(): string {
    if (this.#ring.stopped !== undefined) return this.#ring.stopped.message;
    const why = this.problem === undefined ? '' : `: ${this.problem.message}`;
    return `the shared keyring was not heard of for its lease, and nothing is signed${why}`;
  }
}
