// One ring at the beginning of each step, and the facts that steps go by.
import { KeyturnError } from '../../src/errors.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { type HistoryEntry, Keyring } from '../../src/keyring/keyring.js';
import type { ReplicaFacts, TransitionFacts } from '../../src/keyring/step-facts.js';

export const NOW = Date.parse('2026-11-20T12:00:00Z');
export const SECOND = 1000;
export const MAX_LAG = 60;
export const SKEW = 300;
export const LIFETIME = 3600;
/** Seconds from staging until a key can be promoted by the clock of any machine. */
export const PROMOTABLE = MAX_LAG + SKEW;
/** From the moment a key stopped signing until nobody can have a token of it, in milliseconds. */
export const WINDOW = (MAX_LAG + LIFETIME + 2 * SKEW) * SECOND;

export const [FIRST, SECOND_KEY, THIRD, FRESH] = ['one', 'two', 'three', 'four'].map(
  (name) => new Material(`secret ${name}`),
) as [Material, Material, Material, Material];
export const K1 = FIRST.kid;
export const K2 = SECOND_KEY.kid;
export const K3 = THIRD.kid;

export const EARLIER: HistoryEntry = { at: NOW - 1, what: 'init', kid: K1, who: 'ann' };

export function facts(changes: Partial<TransitionFacts> = {}): TransitionFacts {
  const lifetimes = { session: LIFETIME };
  return { now: NOW, maxLag: MAX_LAG, skew: SKEW, lifetimes, replicas: [], ...changes };
}

/** A moment so many seconds after the beginning. */
export function at(seconds: number, changes: Partial<TransitionFacts> = {}): TransitionFacts {
  return facts({ now: NOW + seconds * SECOND, ...changes });
}

export function key(of: Material, state: KeyState, more: KeyFacts = {}): Key {
  return new Key(of, state, { dates: { [state]: NOW }, ...more });
}

export function ring(...keys: Key[]): Keyring {
  return new Keyring(keys, { id: 'ring', generation: 7, history: [EARLIER] });
}

/** K1 signs, K2 waits, since NOW. */
export const STAGED = ring(key(SECOND_KEY, 'staged'), key(FIRST, 'active'));
/** K2 signs, K1 goes, since NOW. */
export const PROMOTED = ring(key(SECOND_KEY, 'active'), key(FIRST, 'retiring'));

export function replica(instance: string, changes: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return { instance, verifies: [K1, K2], signs: K1, ...changes };
}

export function states(of: Keyring): Record<string, KeyState> {
  const names = new Map([FIRST, SECOND_KEY, THIRD, FRESH].map(({ kid }, index) => [kid, `K${index + 1}`]));
  return Object.fromEntries(of.keys.map(({ id, state }) => [names.get(id) as string, state]));
}

export function refusal(step: () => unknown): KeyturnError {
  try {
    step();
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
