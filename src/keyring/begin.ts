// Begins a keyring: keys become the first generation of one that has an id, and a history.
import { randomBytes } from 'node:crypto';
import { type HistoryText, historyText } from './history-text.js';
import type { Key } from './key.js';
import { Keyring } from './keyring.js';

/** What a new keyring records of its beginning. */
interface Beginning extends Pick<HistoryText, 'who'> {
  /** Names the keyring over all its generations; default: a name that nobody else has. */
  readonly id?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The command that begins it, for the history. */
  readonly what: 'init' | 'import';
  /** Ids of keyrings whose place it takes. */
  readonly replaces?: readonly string[];
}

/** A name that nobody else has: 16 base64url characters. */
export function randomName(): string {
  return randomBytes(12).toString('base64url');
}

/**
 * The same keys in the same states. Each state is dated now: when a key from a variable really entered its state nobody
 * knows, and the later date is the safe one for every wait that counts from it.
 */
export function beginRing(
  keys: readonly Key[],
  { id = randomName(), at, what, who, replaces = [] }: Beginning,
): Keyring {
  const kid = keys.find(({ state }) => state === 'active')?.id ?? '';
  return new Keyring(
    keys.map((key) => key.enter(key.state, at)),
    { id, generation: 1, replaces, history: [{ at, what, kid, ...historyText({ who }) }] },
  );
}
