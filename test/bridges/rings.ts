// The rings of a life: of three secrets, drawn for each, the second of which takes over and is revoked in the end.
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { generateSecret } from '../../src/secret/generate.js';

/** States of the three keys. */
const STATES = {
  before: ['active'],
  staged: ['active', 'staged'],
  promoted: ['retiring', 'active'],
  rolledBack: ['active', 'retiring'],
  retired: ['retired', 'active'],
  revoked: ['retired', 'revoked', 'active'],
} as const satisfies Readonly<Record<string, readonly KeyState[]>>;

export type RingName = keyof typeof STATES;

export class LifeRings {
  readonly #now: () => number;
  readonly #secrets = [generateSecret(), generateSecret(), generateSecret()] as const;

  /** @param now milliseconds since 1970: the moment of the revocation. Without it nobody knows when a key has signed */
  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  /** The one that an app starts with. */
  get secret(): string {
    return this.#secrets[0];
  }

  of(name: RingName): Keyring {
    return new Keyring(
      STATES[name].map((state, at) => keyOf(this.#secrets[at] as string, state, this.#now())),
    );
  }
}

function keyOf(secret: string, state: KeyState, now: number): Key {
  const material = new Material(secret);
  const dates = state === 'revoked' && now > 0 ? { dates: { active: now, revoked: now } } : {};
  return new Key(state === 'retired' || state === 'revoked' ? material.kid : material, state, dates);
}
