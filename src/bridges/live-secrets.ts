// What is given to libraries that keep the list of secrets which they are given: it changes in place.

import type { LibraryKey } from '../codecs/cookies.js';
import { generateSecret } from '../secret/generate.js';
import type { BridgeKeys } from './keys.js';

export class LiveSecrets {
  /**
   * All that verify, the one that signs first. Until it is followed for the first time a secret that is nobody's: libraries
   * refuse a list that is empty, and while an app is built there is no ring.
   */
  readonly list: string[] = [generateSecret()];
  readonly #keys: BridgeKeys;
  #id = '';

  constructor(keys: BridgeKeys) {
    this.#keys = keys;
  }

  /** Before the library looks at it. @throws KeyturnError as `BridgeKeys.current` */
  follow(): void {
    const { all, id } = this.#keys.current;
    if (id === this.#id) return;
    this.#id = id;
    // Libraries take bytes, too, where their types name texts only.
    const secrets: readonly LibraryKey[] = all.map(({ secret }) => secret);
    this.list.splice(0, this.list.length, ...(secrets as string[]));
  }
}
