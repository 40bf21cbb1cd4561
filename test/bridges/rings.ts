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
  readonly #secrets = [generateSecret(), generateSecret(), generateSecret()] as const;

  /** The one that an app starts with. */
  get secret(): string {
    return this.#secrets[0];
  }

  of(name: RingName): Keyring {
    return new Keyring(STATES[name].map((state, at) => keyOf(this.#secrets[at] as string, state)));
  }
}

function keyOf(secret: string, state: KeyState): Key {
  const material = new Material(secret);
  return new Key(state === 'retired' || state === 'revoked' ? material.kid : material, state);
}
