// The keyring: an immutable, ordered set of keys. Exactly one signs, all live ones verify.
import { createHash } from 'node:crypto';
import { KeyturnError } from '../errors.js';
import type { Key } from './key.js';

/** One line of the ring's own history. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly what: string;
  readonly kid: string;
  readonly who?: string;
  readonly why?: string;
  /** Processes that were said to have ended, and whose reports were overruled. */
  readonly gone?: readonly string[];
}

/** What a ring carries besides its keys. Rings made from variables have none of it. */
export interface KeyringFacts {
  /** Names the ring over all its generations. */
  readonly id?: string;
  /** Raised by every transition. */
  readonly generation?: number;
  readonly history?: readonly HistoryEntry[];
}

/** An immutable set of keys. Order is that of the source, the active key wherever it stands. */
export class Keyring {
  readonly keys: readonly Key[];
  /** The key that signs. */
  readonly active: Key;
  readonly id: string | undefined;
  readonly generation: number;
  readonly history: readonly HistoryEntry[];
  readonly #byId: ReadonlyMap<string, Key>;
  #fingerprint: string | undefined;

  /** @throws KeyturnError `keyring_invalid` unless exactly one key is active and every id is there once */
  constructor(keys: readonly Key[], facts: KeyringFacts = {}) {
    this.keys = Object.freeze([...keys]);
    this.id = facts.id;
    this.generation = facts.generation ?? 0;
    this.history = Object.freeze([...(facts.history ?? [])]);
    this.#byId = new Map(keys.map((key) => [key.id, key]));
    const active = keys.filter((key) => key.state === 'active');
    if (active.length !== 1 || active[0]?.live !== true) {
      throw new KeyturnError(
        'keyring_invalid',
        `the keyring has ${active.length} active keys, and needs exactly one with a secret`,
        'mark the key that signs as "active" and all others as staged, retiring, retired or revoked',
      );
    }
    if (this.#byId.size !== keys.length) {
      throw new KeyturnError('keyring_invalid', 'the keyring names a key twice', 'keep each secret once');
    }
    this.active = active[0];
  }

  get(kid: string): Key | undefined {
    return this.#byId.get(kid);
  }

  /** The keys that verify. */
  get live(): readonly Key[] {
    return this.keys.filter((key) => key.live);
  }

  /**
   * Eleven characters that are equal on two replicas exactly when they hold the same keys in the same states.
   * Made from ids and states only, so it can be published.
   */
  get fingerprint(): string {
    this.#fingerprint ??= createHash('sha256')
      .update(
        [...this.keys]
          .map((key) => `${key.id}:${key.state}`)
          .sort()
          .join('\n'),
      )
      .digest('base64url')
      .slice(0, 11);
    return this.#fingerprint;
  }
}
