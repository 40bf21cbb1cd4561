// Turns the keys in force into the first generation of a keyring document.
import { randomBytes } from 'node:crypto';
import { historyText } from './history-text.js';
import type { Key } from './key.js';
import { Keyring } from './keyring.js';

/** What a new document records of its beginning. */
export interface Beginning {
  /** Names the ring over all its generations. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The command that made it, for the history. */
  readonly what: string;
  readonly who?: string | undefined;
  /** Ids of rings whose place it takes. */
  readonly replaces?: readonly string[];
}

/** A name for a ring that nobody else has: 16 base64url characters. */
export function newRingId(): string {
  return randomBytes(12).toString('base64url');
}

/**
 * The same keys in the same states, as generation 1. Each state is dated now: when a key from a variable really
 * entered its state nobody knows, and the later date is the safe one for every wait that counts from it.
 */
export function adopt(keys: readonly Key[], beginning: Beginning): Keyring {
  const dated = keys.map((key) => key.enter(key.state, beginning.at));
  const active = dated.find((key) => key.state === 'active');
  const entry = { at: beginning.at, what: beginning.what, kid: active?.id ?? '' };
  return new Keyring(dated, {
    id: beginning.id,
    generation: 1,
    replaces: beginning.replaces ?? [],
    history: [{ ...entry, ...historyText({ who: beginning.who }) }],
  });
}
