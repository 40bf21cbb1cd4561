// How strong the keys of a ring are, by everything that is known of secrets: for the doctor, and for commands.
import type { Key } from '../keyring/key.js';
import type { Strength } from '../secret/counted.js';
import { THOROUGH } from '../secret/strength.js';
import { strengthBy } from './weak-keys.js';

/** How strong the secret of a key is; one without its material has none. */
export function strengthOf(key: Pick<Key, 'material'>): Strength {
  return strengthBy(THOROUGH, key);
}

/** A key that is too weak to sign with in production. */
export interface WeakKey {
  readonly kid: string;
  /** How many bytes of its secret count. */
  readonly bytes: number;
  readonly why: string;
}

/** Those of the keys that are weak. */
export function weakAmong(keys: readonly Key[]): readonly WeakKey[] {
  return keys.flatMap((key) => {
    const { enough, bytes, why } = strengthOf(key);
    return enough ? [] : [{ kid: key.id, bytes, why }];
  });
}
