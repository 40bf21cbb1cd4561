// Puts right what is found wrong where replicas keep their keyring: an emptied store gets the ring back, one that has
// fallen back to an older generation the newest, and a root secret that joins opens it too.
import type { ReplicaReport } from '../fleet/report.js';
import { beginRing } from '../keyring/begin.js';
import { type Key, type Lifetimes, Material } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import type { LiveKeyring } from '../keyring/live.js';
import { merge } from '../keyring/merge.js';
import { hasPassed, isRash, revokedElsewhere } from '../keyring/successor.js';
import type { SharedRingStore, StoredRing } from '../keyring-stores/shared.js';
import { toKeyturnError } from '../resolve/follow.js';
import { generateSecret } from '../secret/generate.js';
import type { Logger } from './log.js';

export interface StoreRepairParts {
  readonly store: SharedRingStore;
  readonly ring: LiveKeyring;
  /** What this process would say of itself. */
  readonly report: () => ReplicaReport;
  /** Whether a first ring may be made without being told to. */
  readonly mayCreate: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly lifetimes: Lifetimes;
  readonly logger: Logger;
}

export class StoreRepair {
  readonly #parts: StoreRepairParts;
  /** Why the ring could not be sealed anew. */
  #unsealed: string | undefined;
  #closed = false;

  constructor(parts: StoreRepairParts) {
    this.#parts = parts;
  }

  /** What fails from now on is not told any more. */
  close(): void {
    this.#closed = true;
  }

  /** For a store that holds nothing. @throws KeyturnError `keyring_missing` where nobody here has a ring */
  async fill(): Promise<void> {
    const { store, ring, mayCreate, now, logger } = this.#parts;
    // A ring that was replaced is not brought back. An engine that has lost its data no longer names the one that replaced it.
    if (ring.found !== undefined && !ring.replaced) {
      // Before the ring, so that no step comes in between.
      await this.#standIn(ring.current);
      if (await store.put(ring.found, undefined))
        logger.warn(
          { event: 'keyring.republished', generation: ring.found.generation },
          `${store.name} held no keyring any more: the one in force was put back`,
        );
    } else if (!mayCreate || ring.replaced) await store.read();
    // A first ring, of the secrets that open the shared one.
    else if (await store.create(beginRing(store.roots.keys, { at: now(), what: 'init', who: 'keyturn' })))
      logger.info({ event: 'keyring.created' }, `the first shared keyring was made in ${store.name}`);
  }

  /** @returns whether the store was changed, or somebody else changed it meanwhile */
  async putBack(there: StoredRing): Promise<boolean> {
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
    const merged = merge(mine, kept, {
      now: this.#parts.now(),
      lifetimes: this.#parts.lifetimes,
      fresh: new Material(generateSecret()),
      who: 'keyturn',
      why: 'a key was revoked on another line of the keyring',
    });
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

  /**
   * Whoever has only one of the secrets, the former, the present or the next, must be able to open it.
   *
   * @returns false when it is to be tried again
   */
  async sealForAll(found: StoredRing): Promise<boolean> {
    const { store, logger } = this.#parts;
    if (store.roots.live.every(({ id }) => found.roots.includes(id))) return true;
    return await this.#sealing(async () => {
      if (await store.sealToo(found))
        logger.info({ event: 'keyring.resealed' }, 'the shared keyring is sealed under another secret too');
    });
  }

  /** The ring is good whatever comes of it. Says once what is wrong. @returns false when it is to be tried again */
  async #sealing(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#unsealed = undefined;
      return true;
    } catch (caught) {
      const error = toKeyturnError(caught);
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
  async dropRoots(): Promise<void> {
    await this.#sealing(() => this.#dropRoots());
  }

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
