// What every step starts from, and the generation that comes of it.
import { KeyturnError } from '../errors.js';
import { historyText } from './history-text.js';
import type { Key } from './key.js';
import { Keyring } from './keyring.js';
import { gatherMarks } from './marks.js';
import { foldedHistory, prunedKeys } from './prune.js';
import { applyScheduled } from './scheduled.js';
import type { TransitionFacts } from './step-facts.js';

/** The ring that a transition starts from: as it is now, scheduled promotions that are due included. */
export function presentRing(published: Keyring, facts: TransitionFacts): Keyring {
  const ring = applyScheduled(published, facts.now);
  if (ring === published) return ring;
  // The one that was taken over from may have signed with the lifetimes in force until now.
  const former = ring.get(published.active.id) as Key;
  return ring.with(withKey(ring, former.withLifetimes(facts.lifetimes)));
}

/** The next generation, with a line in the ring's own history. */
export function nextGeneration(
  ring: Keyring,
  keys: readonly Key[],
  what: string,
  kid: string,
  facts: TransitionFacts,
): Keyring {
  if (ring.id === undefined) {
    throw new KeyturnError(
      'keyring_not_document',
      'the keys in force are not in a keyring document',
      'turn them into one: keyturn init, or keyturn import FILE',
    );
  }
  const entry = {
    at: facts.now,
    what,
    kid,
    ...historyText(facts),
    ...(facts.gone && facts.gone.length > 0 ? { gone: facts.gone } : {}),
  };
  // Whoever signs may have issued tokens with the lifetimes in force until now.
  const noted = keys.map((key) => (key.state === 'active' ? key.withLifetimes(facts.lifetimes) : key));
  const generation = ring.generation + 1;
  return new Keyring(prunedKeys(noted, facts), {
    id: ring.id,
    generation,
    history: foldedHistory([...ring.history, entry]),
    marks: gatherMarks(ring.marks, generation),
    replaces: ring.replaces,
  });
}

export function handOver(ring: Keyring, to: Key, what: string, facts: TransitionFacts): Keyring {
  const former = ring.active.enter('retiring', facts.now).withLifetimes(facts.lifetimes);
  const keys = withKey(ring, former).map((key) => (key === to ? key.enter('active', facts.now) : key));
  return nextGeneration(ring, keys, what, to.id, facts);
}

export function withKey(ring: Keyring, by: Key): readonly Key[] {
  return ring.keys.map((key) => (key.id === by.id ? by : key));
}
