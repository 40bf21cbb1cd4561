// The keyring: an immutable, ordered set of keys. Exactly one signs, all live ones verify.
import { createHash } from 'node:crypto';
import { KeyturnError } from '../errors.js';
import type { Key } from './key.js';
import { type Generation, markOf } from './marks.js';

/** One line of the ring's own history. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What happened. */
  readonly what: string;
  /** With which key; a line that stands for several has none. */
  readonly kid?: string;
  /** Who did it, as far as was said. */
  readonly who?: string;
  /** Why, as far as was said. */
  readonly why?: string;
  /** Processes that were said to have ended, and whose reports were overruled. */
  readonly gone?: readonly string[];
  /** Of a line that stands for several older ones: how many they were, and when the first of them was. */
  readonly lines?: number;
  /** When the first of them was, in milliseconds since 1970. */
  readonly since?: number;
}

/** What a ring carries besides its keys. Rings made from variables have none of it. */
export interface KeyringFacts {
  /** Names the ring over all its generations. */
  readonly id?: string | undefined;
  /** Raised by every transition. */
  readonly generation?: number;
  readonly history?: readonly HistoryEntry[];
  /** The generations that it has passed through, the oldest first. Its own may be among them. */
  readonly marks?: readonly Generation[];
  /** Ids of rings whose place it was made to take: whoever holds one of them does not put it back. */
  readonly replaces?: readonly string[];
  /** The ring as it was published, where the clock alone has made this one of it. */
  readonly published?: Keyring | undefined;
}

/** An immutable set of keys. Order is that of the source, the active key wherever it stands. */
export class Keyring {
  readonly keys: readonly Key[];
  /** The key that signs. */
  readonly active: Key;
  readonly id: string | undefined;
  readonly generation: number;
  readonly history: readonly HistoryEntry[];
  /** Ids of rings whose place it was made to take. */
  readonly replaces: readonly string[];
  readonly #byId: ReadonlyMap<string, Key>;
  readonly #passed: readonly Generation[];
  readonly #published: Keyring | undefined;
  #fingerprint: string | undefined;
  #mark: string | undefined;

  /** @throws KeyturnError `keyring_invalid` unless exactly one key is active and every id is there once */
  constructor(keys: readonly Key[], facts: KeyringFacts = {}) {
    this.keys = Object.freeze([...keys]);
    this.id = facts.id;
    this.generation = facts.generation ?? 0;
    this.history = Object.freeze([...(facts.history ?? [])]);
    this.replaces = Object.freeze([...(facts.replaces ?? [])]);
    this.#passed = facts.marks ?? [];
    this.#published = facts.published;
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

  /** The same generation with other keys: what the clock, or a revocation on another copy, makes of it. */
  with(keys: readonly Key[], history: readonly HistoryEntry[] = this.history): Keyring {
    const { id, generation, marks, replaces, published } = this;
    return new Keyring(keys, { id, generation, history, marks, replaces, published });
  }

  get(kid: string): Key | undefined {
    return this.#byId.get(kid);
  }

  /** The keys that verify. */
  get live(): readonly Key[] {
    return this.keys.filter((key) => key.live);
  }

  /** The ring as it was published: a scheduled promotion comes about by the clock, and is no generation of its own. */
  get published(): Keyring {
    return this.#published ?? this;
  }

  /** Tells this generation from any other that somebody gave the same number. */
  get mark(): string {
    if (this.#published !== undefined) return this.#published.mark;
    this.#mark ??= markOf(this.id ?? '', this.generation, this.keys);
    return this.#mark;
  }

  /** The generations that it has passed through, this one included, the oldest first; none of a ring without an id. */
  get marks(): readonly Generation[] {
    if (this.id === undefined) return [];
    const { generation, mark } = this;
    // A document holds the mark that it was written with. One that was edited since has two of this generation.
    return this.#has(this) ? this.#passed : [...this.#passed, { generation, mark }];
  }

  /** Whether another generation is this one, or one that it came from by steps. */
  passesThrough(other: Generation): boolean {
    return (other.generation === this.generation && other.mark === this.mark) || this.#has(other);
  }

  #has({ generation, mark }: Generation): boolean {
    return this.#passed.some((passed) => passed.generation === generation && passed.mark === mark);
  }

  /**
   * Eleven characters that are equal on two replicas exactly when they hold the same keys in the same states.
   * Made from ids and states only, so it can be published.
   */
  get fingerprint(): string {
    const states = () => this.keys.map((key) => `${key.id}:${key.state}`).sort();
    this.#fingerprint ??= createHash('sha256').update(states().join('\n')).digest('base64url').slice(0, 11);
    return this.#fingerprint;
  }
}
