// What a step leaves out of the generation that it makes, so that a ring stays as large as a ring needs to be, however
// often it is rotated. Nothing else prunes: a ring that changed between two steps would look like another one.
import { FOLDED } from './folded.js';
import { Key } from './key.js';
import type { HistoryEntry } from './keyring.js';
import type { TransitionFacts } from './step-facts.js';
import { knownToAllAt, longestLifetime } from './waits.js';

const KEPT_LINES = 1000;

/**
 * Keys without those that were retired so long ago that nothing carries their id any more. A revoked key stays: its
 * secret may turn up again.
 */
export function prunedKeys(keys: readonly Key[], facts: TransitionFacts): readonly Key[] {
  return keys.flatMap((key) => {
    if (key.state === 'revoked') return new Key(key.id, 'revoked', { dates: key.dates });
    return isForgotten(key, facts) ? [] : key;
  });
}

/**
 * A key is retired when its last token has expired. For as long again its id is kept, so that whoever still has that
 * token is told why it is refused, and a replica that was cut off knows what became of it.
 */
function isForgotten(key: Key, facts: TransitionFacts): boolean {
  const { retired } = key.dates;
  if (key.state !== 'retired' || retired === undefined) return false;
  if (facts.replicas.some(({ verifies }) => verifies.includes(key.id))) return false;
  const known = knownToAllAt({ ...facts, now: retired });
  return facts.now > known + (longestLifetime(key, facts) + facts.skew) * 1000;
}

/** The first line and the last thousand; those in between as one, with their number and dates. */
export function foldedHistory(
  history: readonly HistoryEntry[],
  kept: number = KEPT_LINES,
): readonly HistoryEntry[] {
  const [first, ...rest] = history;
  if (first === undefined || rest.length <= kept) return history;
  const older = rest.slice(0, rest.length - kept);
  const [oldest] = older as [HistoryEntry];
  const folded = {
    at: Math.max(...older.map(({ at }) => at)),
    what: FOLDED,
    since: oldest.since ?? oldest.at,
    lines: older.reduce((lines, entry) => lines + (entry.lines ?? 1), 0),
  };
  return [first, folded, ...rest.slice(rest.length - kept)];
}
