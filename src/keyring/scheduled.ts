// A promotion that was scheduled when a key was staged: it comes about by the clock alone, on every replica at once.
import type { Key } from './key.js';
import type { Keyring } from './keyring.js';

/**
 * The ring as it is at a moment: a staged key whose time has come has taken over. Every replica with the same
 * document sees the same.
 */
export function applyScheduled(ring: Keyring, now: number): Keyring {
  const at = nextScheduledAt(ring);
  if (at === undefined || at > now) return ring;
  const due = ring.keys.find((key) => key.scheduledFor === at) as Key;
  const keys = ring.keys.map((key) =>
    key === due ? key.enter('active', at) : key.state === 'active' ? key.enter('retiring', at) : key,
  );
  const history = [
    ...ring.history,
    { at, what: 'promote', kid: due.id, why: 'as scheduled when it was staged' },
  ];
  // A document written by hand may schedule more than one: they sign one after another.
  return applyScheduled(ring.with(keys, history), now);
}

/** When {@link applyScheduled} next changes; undefined when nothing is scheduled. Milliseconds since 1970. */
export function nextScheduledAt(ring: Keyring): number | undefined {
  const scheduled = ring.keys.flatMap((key) => key.scheduledFor ?? []);
  return scheduled.length === 0 ? undefined : Math.min(...scheduled);
}
