// Turns the ring by itself where `security.rotation.every` says so. Every process looks, and may act: the store lets
// one of them write, and the others then find nothing due.

import { OWN_CLOCK } from '../fleet/diagnosis-words.js';
import { type FactParts, gatherFacts } from '../fleet/facts.js';
import { type RefusalWords, refuseDisagreement, refuseOwnClock, type StepTaker } from '../fleet/refusals.js';
import { mayBeDue, type RotationPolicy, turn } from '../keyring/automatic.js';
import { Material } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import { requireSpareRoom } from '../keyring/size-limit.js';
import { requireSuccessor } from '../keyring/successor.js';
import type { RingStore } from '../keyring-stores/contract.js';
import { toKeyturnError } from '../resolve/follow.js';
import { generateSecret } from '../secret/generate.js';
import type { Logger } from './log.js';

const LOOK_EVERY_MS = 60_000;
const SHORTEST_PAUSE_MS = 500;

interface AutomaticParts {
  readonly store: RingStore;
  readonly policy: RotationPolicy;
  /** The ring in force; undefined while there is none. */
  readonly ring: () => Keyring | undefined;
  readonly facts: () => FactParts;
  /** The profile and the roots of this process. */
  readonly self: () => Omit<StepTaker, 'words'>;
  readonly logger: Logger;
}

export class AutomaticRotation {
  readonly #parts: AutomaticParts;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #failure: string | undefined;

  constructor(parts: AutomaticParts) {
    this.#parts = parts;
  }

  start(): void {
    const pause = Math.max(
      SHORTEST_PAUSE_MS,
      Math.min(LOOK_EVERY_MS, (this.#parts.policy.every * 1000) / 20),
    );
    this.#timer = setInterval(() => void this.look(), pause);
    this.#timer.unref();
    void this.look();
  }

  /** Does what is due. Never throws: the next look is another try. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { ring, policy, facts, self, store, logger } = this.#parts;
    const present = ring();
    const parts = facts();
    const waits = {
      now: parts.now,
      ...parts.times,
      lifetimes: parts.lifetimes,
      off: parts.off,
      replicas: [],
    };
    if (present === undefined || !mayBeDue(present, policy, waits)) return;
    let acted = false;
    try {
      const turned = await store.change(async (kept) => {
        refuseOther(kept, ring());
        const found = await gatherFacts(store.fleet, kept, { ...facts(), who: 'keyturn', why: WHY });
        refuseDisagreement(kept, { ...self(), words: PROCESS_WORDS }, found.replicas);
        const { skew } = parts.times;
        refuseOwnClock(await store.clockAhead(kept, skew), skew, {
          name: store.name,
          inEngine: self().roots !== undefined,
          words: PROCESS_WORDS,
        });
        const { lease } = found.facts;
        const next = turn(kept, { ...policy, lease }, () => new Material(generateSecret()), found.facts);
        acted = next !== kept;
        return acted ? requireSpareRoom(next) : kept;
      });
      this.#failure = undefined;
      if (!acted) return;
      const kids = turned.keys.map((key) => `${key.id}:${key.state}`);
      logger.info(
        { event: 'keyring.turned', generation: turned.generation, kids },
        'the keyring was rotated by itself',
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Says it once: it is tried again and again. */
  #failed(caught: unknown): void {
    const error = toKeyturnError(caught);
    if (this.#failure === error.code) return;
    this.#failure = error.code;
    this.#parts.logger.error(
      { event: 'keyring.turn_failed', code: error.code, hint: error.hint },
      `the keyring is due to be rotated, and cannot be: ${error.message}`,
    );
  }
}

/** A step on what this process would not take over itself makes a fork of it. */
function refuseOther(kept: Keyring, mine: Keyring | undefined): void {
  if (mine !== undefined) requireSuccessor(mine, kept);
}

/** For a process that takes a step by itself. */
const PROCESS_WORDS: RefusalWords = {
  self: 'this process',
  otherProfile: () => 'run all replicas by one profile: KEYTURN_ENV says which',
  outdated: 'whoever has the newest puts it back, as soon as it reaches the store',
  forked: 'make one keyring of both: keyturn import',
  otherSecret:
    'give every replica the same signing secret; while it changes, the other one as a previous or next secret',
  clock: OWN_CLOCK,
};

const WHY = 'due, as security.rotation.every says';
