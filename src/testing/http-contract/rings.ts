// Rings of two secrets, in every state that a rotation brings. The secrets are drawn for each case.
import { Key, type KeyState, Material } from '../../keyring/key.js';
import { Keyring } from '../../keyring/keyring.js';
import { generateSecret } from '../../secret/generate.js';

export class Rings {
  /** The one that an app starts with. */
  readonly secret: string = generateSecret();
  readonly #next: string = generateSecret();

  get before(): Keyring {
    return this.#of('active');
  }

  get staged(): Keyring {
    return this.#of('active', 'staged');
  }

  get promoted(): Keyring {
    return this.#of('retiring', 'active');
  }

  get rolledBack(): Keyring {
    return this.#of('active', 'retiring');
  }

  get retired(): Keyring {
    return this.#of('retired', 'active');
  }

  get revoked(): Keyring {
    return this.#of('revoked', 'active');
  }

  #of(state: KeyState, next?: KeyState): Keyring {
    const first = keyOf(this.secret, state);
    return new Keyring(next === undefined ? [first] : [keyOf(this.#next, next), first]);
  }
}

function keyOf(secret: string, state: KeyState): Key {
  const material = new Material(secret);
  return new Key(state === 'retired' || state === 'revoked' ? material.kid : material, state);
}
