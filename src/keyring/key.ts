// One key: its id, its state, its dates, and material that cannot be printed.
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/**
 * - `staged`: verifies, does not sign yet
 * - `active`: signs and verifies
 * - `retiring`: verifies until its last token has expired
 * - `retired`: material gone, id remembered
 * - `revoked`: refused at once, material gone, id remembered so that a refusal can say so
 */
export type KeyState = 'staged' | 'active' | 'retiring' | 'retired' | 'revoked';

export const KEY_STATES: readonly KeyState[] = ['staged', 'active', 'retiring', 'retired', 'revoked'];

/** What derived keys are used for. One use's keys are never accepted for another. */
export type KeyUse = 'sign' | 'seal' | 'bind' | 'jwt' | 'ring' | 'bridge';

/** When a key entered each state, in milliseconds since 1970. */
export type KeyDates = { readonly [State in KeyState]?: number };

const KEY_ID_BYTES = 6;
const DERIVED_BYTES = 32;
const NO_SALT = Buffer.alloc(0);

/**
 * A secret as key material. The bytes live in a private field inside a `KeyObject`, which `util.inspect`,
 * `JSON.stringify`, spreading and stack traces cannot reach.
 */
export class Material {
  readonly #secret: KeyObject;
  readonly #derived = new Map<string, Uint8Array>();
  /** The key's public name: 8 base64url characters, the same wherever the same secret is configured. */
  readonly kid: string;

  /** @param secret cleaned text (see `secret/text.ts`), whose UTF-8 bytes are the material; or the bytes of a child */
  constructor(secret: string | Uint8Array) {
    this.#secret = typeof secret === 'string' ? createSecretKey(secret, 'utf8') : createSecretKey(secret);
    this.kid = Buffer.from(this.#hkdf('keyturn/v1/kid', KEY_ID_BYTES)).toString('base64url');
  }

  /**
   * The key for one use and purpose of an app: HKDF-SHA256 (RFC 5869), no salt, 32 bytes. Derived once; everybody gets
   * a copy, since libraries have been known to wipe what they are given.
   *
   * @param app undefined: one without a name
   */
  derive(use: KeyUse, purpose: string, app?: string): Uint8Array {
    const info =
      app === undefined ? `keyturn/v1/${use}/${purpose}` : `keyturn/v1/app/${app}/${use}/${purpose}`;
    let key = this.#derived.get(info);
    if (key === undefined) {
      key = this.#hkdf(info, DERIVED_BYTES);
      this.#derived.set(info, key);
    }
    return key.slice();
  }

  /** The key of one day (`2026-01-31`): a child that tells nothing of its parent or its siblings. */
  child(day: string): Material {
    return new Material(this.#hkdf(`keyturn/v1/day/${day}`, DERIVED_BYTES));
  }

  /** The secret itself, for writing it to where secrets are kept. Never pass it to anything that prints. */
  revealSecret(): string {
    return this.#secret.export().toString('utf8');
  }

  /** The same as bytes, for libraries that take them. */
  revealBytes(): Uint8Array {
    return new Uint8Array(this.#secret.export());
  }

  #hkdf(info: string, length: number): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#secret, NO_SALT, info, length));
  }
}

/** What a key carries besides its state. */
export interface KeyFacts {
  readonly dates?: KeyDates;
  /**
   * The longest lifetime, per purpose, that was ever in force while the key could sign, in seconds: so long may
   * a token of it live.
   */
  readonly lifetimes?: Lifetimes;
  /** A staged key signs from then on, without another step; milliseconds since 1970. */
  readonly scheduledFor?: number | undefined;
  /** Of a staged key: what the clocks at hand showed when it was staged. */
  readonly clocks?: ClockReadings | undefined;
}

/** Seconds by purpose. */
export type Lifetimes = Readonly<Record<string, number>>;

/**
 * What clocks showed at one moment, in milliseconds, by the name of each. A name stands for one clock: whoever finds it
 * again knows how much time has passed, whatever the clocks of other machines show.
 */
export type ClockReadings = Readonly<Record<string, number>>;

/** One key of a ring. Immutable. */
export class Key {
  readonly id: string;
  readonly state: KeyState;
  readonly dates: KeyDates;
  readonly lifetimes: Lifetimes;
  readonly scheduledFor: number | undefined;
  readonly clocks: ClockReadings;
  readonly #material: Material | undefined;

  /** @param of material, or the id alone when it is gone; a retired or revoked key keeps the id of either */
  constructor(of: Material | string, state: KeyState, facts: KeyFacts = {}) {
    const gone = state === 'retired' || state === 'revoked';
    this.id = typeof of === 'string' ? of : of.kid;
    this.state = state;
    this.dates = Object.freeze({ ...facts.dates });
    this.lifetimes = Object.freeze({ ...facts.lifetimes });
    this.scheduledFor = state === 'staged' ? facts.scheduledFor : undefined;
    this.clocks = Object.freeze(state === 'staged' ? { ...facts.clocks } : {});
    this.#material = gone || typeof of === 'string' ? undefined : of;
    Object.freeze(this);
  }

  /** The same key in another state, dated. */
  enter(state: KeyState, at: number): Key {
    const dates = { ...this.dates, [state]: at };
    return new Key(this.#material ?? this.id, state, { dates, lifetimes: this.lifetimes });
  }

  /** The same key with the longer of each lifetime. */
  withLifetimes(lifetimes: Lifetimes): Key {
    return new Key(this.#material ?? this.id, this.state, {
      dates: this.dates,
      lifetimes: larger(this.lifetimes, lifetimes),
      scheduledFor: this.scheduledFor,
      clocks: this.clocks,
    });
  }

  /** Whether tokens of this key are accepted. */
  get live(): boolean {
    return this.#material !== undefined;
  }

  /** Undefined once the key is retired or revoked. */
  get material(): Material | undefined {
    return this.#material;
  }
}

/** A key id as it is typed at the end of a command. */
export function typed(kid: string): string {
  return kid.startsWith('-') ? `-- ${kid}` : kid;
}

/** By name the larger of two numbers: of lifetimes the longer, of moments the later. */
export function larger(one: Lifetimes, other: Lifetimes): Lifetimes {
  const both = new Map(Object.entries(one));
  // A map, since a purpose may be called "constructor": every plain object has something of that name.
  for (const [name, value] of Object.entries(other)) both.set(name, Math.max(both.get(name) ?? 0, value));
  return Object.fromEntries(both);
}
