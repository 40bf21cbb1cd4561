// The keys that a library beside Keyturn works with: derived from the ring in force for that library alone, and the old
// secrets that it has had. One of them signs.
import type { LibraryKey } from '../codecs/cookies.js';
import type { Internals } from '../internals.js';
import { revokedSince } from '../keyring/former-key.js';
import type { Keyring } from '../keyring/keyring.js';
import { libraryKeys } from '../keyring/library-keys.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import type { MovingIn } from '../resolve/move-in.js';
import { missingKeyReason } from '../signing/purpose-keyring.js';
import type { Use } from '../signing/usage.js';

/**
 * - `active`: the key that signs, where no old secret does
 * - `staged`: other replicas may sign with it already, and this one will
 * - `retiring`: signed before
 * - `old`: a secret from before Keyturn
 */
export type BridgeKeyState = 'active' | 'staged' | 'retiring' | 'old';

/** One key as a library takes it. Not public: it is material. */
export interface BridgeKey {
  /** Of the key of the ring, or of the old secret. */
  readonly kid: string;
  /**
   * What a token names it by, 8 base64url characters: the kid. An app with a name has other keys of the same ring, and other
   * ids for them, so that replicas find the right one while an app gets its name.
   */
  readonly id: string;
  readonly state: BridgeKeyState;
  /** 43 characters of base64url; an old secret as its library took it: the text, or the bytes that it decoded. */
  readonly secret: LibraryKey;
  /** The 32 bytes behind those characters, or those of the old secret. */
  readonly bytes: Uint8Array;
  readonly use: Use;
}

/** What was known at one moment. */
export interface BridgeKeyring {
  readonly signing: BridgeKey;
  /** All that verify: the one that signs, then those that have, then those that will, then old ones. */
  readonly all: readonly BridgeKey[];
  /** Another one for every change: what libraries remember of a key must not outlive it. */
  readonly id: string;
}

/** What a bridge says of the library. */
export interface BridgeOptions {
  /** The purpose of its keys, and the name of its section under `[move_in]`. */
  readonly name: string;
  /** How long its cookies or tokens live: seconds, or a text such as `"14d"`. Default: what `[purposes.<name>]` says. */
  readonly maxAge?: number | string | undefined;
}

/** What was made of one ring, and until when it holds, in milliseconds since 1970. */
interface Held extends BridgeKeyring {
  readonly ring: Keyring;
  readonly until: number;
}

/** Seconds: the end of a cookie is a date, and was made a moment before it is looked at. */
const SLACK = 60;

export class BridgeKeys {
  readonly name: string;
  /** The longest that what it signs may live, in seconds. */
  readonly maxAge: number;
  readonly #parts: Internals;
  readonly #moving: MovingIn | undefined;
  #current: Held | undefined;
  #hasTold = false;

  /** @throws KeyturnError as `keyturn.signer()` */
  constructor(keyturn: Keyturn, { name, maxAge }: BridgeOptions) {
    this.#parts = internalsOf(keyturn);
    this.name = name;
    this.maxAge = this.#parts.registry.forSigner(name, maxAge).maxAge;
    this.#moving = this.#parts.movingIn.get(name);
  }

  /** The old library's settings, where it has a section under `[move_in]`. */
  get moving(): MovingIn | undefined {
    return this.#moving;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#parts.clock();
  }

  /** @throws KeyturnError `keyring_unavailable` before the first ring was found */
  get current(): BridgeKeyring {
    const ring = this.#parts.ring.current;
    const present = this.#current;
    if (present?.ring === ring && this.#parts.clock() < present.until) return present;
    this.#current = this.#make(ring);
    return this.#current;
  }

  /**
   * Before something is signed. @throws KeyturnError `keyring_unavailable` where the process must not sign, since it has
   * not heard of its ring for too long
   */
  get signing(): BridgeKey {
    this.#parts.ring.requireFresh();
    return this.current.signing;
  }

  /** Whether the process may sign: not where it has not heard of its ring for too long. */
  get maySign(): boolean {
    return this.#parts.ring.fresh;
  }

  /**
   * A key of the ring by its id; undefined where none verifies. Not an old secret: a ring may begin with the same text, of
   * which it derives another key.
   */
  get(id: string): BridgeKey | undefined {
    return this.current.all.find((key) => key.id === id && key.state !== 'old');
  }

  /** Why none is found by an id, which is what somebody sent. */
  missing(id: string): 'retired_key' | 'revoked_key' | 'unknown_key' {
    return missingKeyReason(this.#parts.ring.current.get(id));
  }

  /** The id of a key that has signed since a moment, in milliseconds since 1970, and is revoked by now. */
  revokedSince(moment: number): string | undefined {
    return revokedSince(this.#parts.ring.current, moment)?.id;
  }

  /**
   * Whether what a key has signed is due to be signed again. Never what a staged key has, nor what one of the ring has
   * while the old secret signs: whoever signed so is a step ahead of this process.
   */
  isStale({ bytes, state }: BridgeKey): boolean {
    const { signing } = this.current;
    if (Buffer.from(bytes).equals(signing.bytes) || state === 'staged') return false;
    return signing.state !== 'old' || state === 'old';
  }

  verified({ use }: BridgeKey): void {
    use.verified++;
    use.verifiedAt = this.#parts.clock();
  }

  signed({ use }: BridgeKey): void {
    use.signed++;
    use.signedAt = this.#parts.clock();
  }

  /** Counts and logs that something was not accepted. */
  refused(reason: string, kid?: string): void {
    this.#parts.refused(this.name, reason, kid);
  }

  /**
   * Told how long something that was signed is kept. Where that is longer than a key is kept for it, whoever does not come
   * in between is signed out by a step: it is logged, once.
   *
   * @param seconds undefined where nobody can tell, infinite where it has no end
   */
  lives(seconds: number | undefined): void {
    if (seconds === undefined || seconds <= this.maxAge + SLACK || this.#hasTold) return;
    this.#hasTold = true;
    const facts = { event: 'bridge.lifetime', purpose: this.name, maxAge: this.maxAge };
    if (seconds === Infinity)
      this.#parts.logger.warn(
        facts,
        `what is signed for ${this.name} has no end, and its keys are kept for ${this.maxAge} seconds: give it an end that is not later`,
      );
    else
      this.#parts.logger.warn(
        { ...facts, seconds: Math.round(seconds) },
        `what is signed for ${this.name} is kept for ${Math.round(seconds)} seconds, and its keys for ${this.maxAge}: raise max_age under [purposes.${this.name}] and maxAge of the bridge`,
      );
  }

  /** Called after the keys have changed. @returns a function that stops the calls */
  onChange(listener: () => void): () => void {
    return this.#parts.ring.onChange(() => listener());
  }

  #make(ring: Keyring): Held {
    const now = this.#parts.clock();
    const old = this.#oldKeys(ring, now);
    const [active, ...others] = libraryKeys(ring, this.#parts.apps, this.name).map(
      ({ kid, id, state, secret, bytes }) => this.#key(kid, id, state, secret, bytes),
    );
    const isBeside = this.#moving?.phase === 'beside' && old.length > 0;
    const all = isBeside
      ? [...old, active as BridgeKey, ...others]
      : [active as BridgeKey, ...others, ...old];
    const until = isBeside || old.length === 0 ? Infinity : (this.#moving?.until ?? Infinity);
    const id = all.map(({ kid, state }) => `${kid}:${state}`).join(' ');
    return { ring, until, all, signing: all[0] as BridgeKey, id };
  }

  /** Without those that the ring has given up: a secret that was revoked is not let in by another door. */
  #oldKeys(ring: Keyring, now: number): readonly BridgeKey[] {
    const { secrets = [], phase, until = Infinity } = this.#moving ?? {};
    if (phase === 'over' && now >= until) return [];
    return secrets
      .filter(({ kid }) => ring.get(kid)?.live !== false)
      .map(({ kid, secret, bytes }) => this.#key(kid, kid, 'old', secret, bytes));
  }

  #key(kid: string, id: string, state: BridgeKeyState, secret: LibraryKey, bytes: Uint8Array): BridgeKey {
    return { kid, id, state, secret, bytes, use: this.#parts.usage.of(kid, this.name) };
  }
}
