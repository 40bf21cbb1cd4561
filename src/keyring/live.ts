// The keyring in force in this process: one place that changes, so that everything else can be immutable.
import { randomBytes } from 'node:crypto';
import { KeyturnError } from '../errors.js';
import { Key, Material } from './key.js';
import type { Keyring } from './keyring.js';
import { SteadyRing } from './steady-ring.js';
import { isSame, requireSuccessor, revokedElsewhere } from './successor.js';

/**
 * A moment by two clocks, in milliseconds: one shows the time since 1970 and can be put back; the other only goes on,
 * from any beginning, and stands still while the machine sleeps.
 */
export interface Moment {
  readonly now: number;
  readonly monotonic: number;
}

/** A clock that goes back by more than this, in milliseconds, was put back; by less it is only set right. */
const SET_RIGHT_MS = 1000;

export class LiveKeyring extends SteadyRing {
  readonly #clock: () => number;
  readonly #monotonic: () => number;
  /** Until when the ring may be relied on without hearing of it; undefined: without end. */
  #validUntil: Moment | undefined;
  /** The latest that the clock has shown. */
  #latest = 0;
  /** Ids of keys that a ring revoked which could not take the place of this one. For as long as the process runs. */
  readonly #revoked = new Set<string>();
  /** One of them is the key that signs. */
  #signerRevoked = false;
  /** Another ring was made to take the place of this one. */
  #replaced = false;

  /**
   * @param keyring undefined: one that is found later
   * @param clock milliseconds since 1970; asked only while a change is scheduled, or a lease is held
   * @param monotonic milliseconds; never put back
   */
  constructor(
    keyring: Keyring | undefined,
    clock: () => number,
    monotonic: () => number = () => performance.now(),
  ) {
    super(keyring, clock);
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  /** Whether the ring is there, within its lease, and may sign: then the process is ready. */
  override get fresh(): boolean {
    if (this.stopped !== undefined) return false;
    if (this.#validUntil === undefined) return this.found !== undefined;
    const now = this.#clock();
    // How much time has passed since nobody can tell then, and the lease of the others goes by another clock.
    if (now < this.#latest - SET_RIGHT_MS) this.#validUntil = { now: 0, monotonic: 0 };
    this.#latest = Math.max(this.#latest, now);
    return (
      this.found !== undefined && now < this.#validUntil.now && this.#monotonic() < this.#validUntil.monotonic
    );
  }

  /** Why nothing is signed, whatever the lease says. */
  override get stopped(): KeyturnError | undefined {
    if (this.#signerRevoked) return unavailable(...SIGNER_REVOKED);
    return this.#replaced ? unavailable(...REPLACED) : undefined;
  }

  /** Whether another ring was made to take the place of this one, which nobody is to find anywhere any more. */
  get replaced(): boolean {
    return this.#replaced;
  }

  /** Now, by the clocks that a lease goes by. */
  get moment(): Moment {
    return { now: this.#clock(), monotonic: this.#monotonic() };
  }

  /**
   * Looked at before anything is signed: not by a timer, since a process that was stopped for an hour, and goes on,
   * has had none.
   *
   * @throws KeyturnError `keyring_unavailable`
   */
  override requireFresh(): void {
    if (this.stopped !== undefined) throw this.stopped;
    if (this.#validUntil === undefined || this.fresh) return;
    throw unavailable(...(this.found === undefined ? NOT_FOUND : TOO_OLD));
  }

  /** The ring is relied on before that moment only, by whichever clock is there first. */
  holdUntil(until: Moment): void {
    this.#latest = this.#clock();
    this.#validUntil = until;
  }

  /**
   * Puts a ring in force that was found later, if it comes from the present one by steps (see `successor.ts`). If it
   * does not, the present one stays, without the keys that the other has revoked.
   *
   * @returns false when it is the one in force already
   * @throws KeyturnError `keyring_outdated`, `keyring_forked`
   */
  replace(keyring: Keyring): boolean {
    this.require(keyring);
    if (this.found !== undefined && isSame(this.found, keyring)) return false;
    this.settle(keyring);
    return true;
  }

  /** The same, looked at only: whether a ring that was found may be put in force. */
  require(keyring: Keyring): void {
    const present = this.found;
    if (present === undefined || keyring === present) return;
    try {
      requireSuccessor(present, keyring);
    } catch (error) {
      this.#obey(present, keyring);
      throw error;
    }
    this.#replaced = false;
  }

  /** Whoever revoked a key had a reason, on whichever copy of the ring. */
  #obey(present: Keyring, other: Keyring): void {
    if (present.id !== undefined && other.replaces.includes(present.id)) this.#replaced = true;
    const revoked = revokedElsewhere(present, other).filter(({ id }) => !this.#revoked.has(id));
    if (revoked.length === 0) return;
    for (const { id } of revoked) this.#revoked.add(id);
    this.settle(present);
  }

  protected override missing(): never {
    throw unavailable(...NOT_FOUND);
  }

  protected override effective(found: Keyring, now: number): Keyring {
    const present = super.effective(found, now);
    const current = without(present, this.#revoked, now);
    this.#signerRevoked = current.active.id !== present.active.id;
    return current;
  }
}

/**
 * The ring with keys revoked that others have revoked. A ring has a key that signs: in the place of a revoked one it is
 * one that nobody else knows, and that signs nothing.
 */
function without(ring: Keyring, revoked: ReadonlySet<string>, at: number): Keyring {
  if (!ring.live.some(({ id }) => revoked.has(id))) return ring;
  const keys = ring.keys.map((key) => (key.live && revoked.has(key.id) ? key.enter('revoked', at) : key));
  const standIn = revoked.has(ring.active.id) ? [new Key(new Material(randomBytes(32)), 'active')] : [];
  return ring.with([...keys, ...standIn]);
}

type WhatAndHint = readonly [what: string, hint: string];

const UNTIL_READY = 'the log says why; send requests elsewhere until it is ready';
const NOT_FOUND: WhatAndHint = [
  'this process has no keyring yet: it could not be read from the store where replicas share it',
  UNTIL_READY,
];
const TOO_OLD: WhatAndHint = [
  'this process has not heard of its shared keyring for longer than its lease, and signs nothing',
  UNTIL_READY,
];
const SIGNER_REVOKED: WhatAndHint = [
  'the key that this process signs with was revoked on another copy of its keyring, and it signs nothing',
  'restart the process, or make one keyring of both with keyturn import',
];
const REPLACED: WhatAndHint = [
  'another keyring was made to take the place of the one that this process holds, and it signs nothing',
  'restart the process: it then takes the new one',
];

function unavailable(what: string, hint: string): KeyturnError {
  return new KeyturnError('keyring_unavailable', what, hint);
}
