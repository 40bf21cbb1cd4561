// A keyring as the public may see it: no material, and no way to any.
import type { KeyDates, KeyState } from './key.js';
import type { Keyring } from './keyring.js';

/** A key, without material. */
export interface KeyView {
  /** Its public name: 8 base64url characters, the same wherever the same secret is configured. */
  readonly id: string;
  /** What it does: see {@link KeyState}. */
  readonly state: KeyState;
  /** When it entered each state, in milliseconds since 1970; empty for keys from variables. */
  readonly dates: KeyDates;
}

/** A keyring, without material. */
export interface KeyringView {
  /** Equal on two replicas exactly when they hold the same keys in the same states. */
  readonly fingerprint: string;
  /** Raised by every transition of a keyring document; 0 for secrets from variables. */
  readonly generation: number;
  /** All of them, the retired and revoked ones included. */
  readonly keys: readonly KeyView[];
}

export function viewOf(ring: Keyring): KeyringView {
  const keys = ring.keys.map(({ id, state, dates }) => Object.freeze({ id, state, dates }));
  return Object.freeze({
    fingerprint: ring.fingerprint,
    generation: ring.generation,
    keys: Object.freeze(keys),
  });
}
