// A takeover that was planned when a key was staged: it comes about by the clock alone, on every replica at once.
import type { Key } from './key.js';
import { Keyring, type KeyringFacts } from './keyring.js';

/**
 * The ring as it is at a moment: a staged key whose time has come has taken over. Every replica with the same
 * document sees the same.
 */
export function effective(ring: Keyring, now: number): Keyring {
  const at = nextChangeAt(ring);
  if (at === undefined || at > now) return ring;
  const due = ring.keys.find((key) => key.activatesAt === at) as Key;
  const keys = ring.keys.map((key) =>
    key === due ? key.enter('active', at) : key.state === 'active' ? key.enter('retiring', at) : key,
  );
  const history = [
    ...ring.history,
    { at, what: 'promote', kid: due.id, why: 'as planned when it was staged' },
  ];
  // A document written by hand may plan more than one: they take over one after another.
  return effective(new Keyring(keys, { ...factsOf(ring), history }), now);
}

/** When {@link effective} next changes; undefined when nothing is planned. Milliseconds since 1970. */
export function nextChangeAt(ring: Keyring): number | undefined {
  const planned = ring.keys.flatMap((key) => key.activatesAt ?? []);
  return planned.length === 0 ? undefined : Math.min(...planned);
}

/** What a ring carries besides its keys, for what the clock alone has made of it. */
export function factsOf({ id, generation, history, marks, replaces, published }: Keyring): KeyringFacts {
  return { ...(id === undefined ? {} : { id }), generation, history, marks, replaces, published };
}
