// Which key signed before the one that signs now, and whether that was gone back from.
import type { Key } from './key.js';
import type { HistoryEntry, Keyring } from './keyring.js';

type Dated = Pick<Key, 'state' | 'dates'>;

/** The key that signed before the active one, in whatever state it is now. */
export function formerKey<K extends Dated>({ keys }: { readonly keys: readonly K[] }): K | undefined {
  const stopped = keys.filter((key) => stoppedSigning(key) !== undefined);
  return stopped.sort((a, b) => (stoppedSigning(b) as number) - (stoppedSigning(a) as number))[0];
}

/** The line of the history that tells how the key that signs came to do so, where that was a rollback. */
export function lastRollback({ history, active }: Keyring): HistoryEntry | undefined {
  const last = history.findLast(({ what }) => what === 'promote' || what === 'rollback');
  return last?.what === 'rollback' && last.kid === active.id ? last : undefined;
}

/** After a rollback: the key that it went back from, as long as it can sign again. */
export function forwardAgain(ring: Keyring): Key | undefined {
  const newer = lastRollback(ring) === undefined ? undefined : formerKey(ring);
  return newer?.state === 'retiring' ? newer : undefined;
}

/** The key that has signed since a moment, in milliseconds since 1970, and is revoked by now. Only a ring with dates knows. */
export function revokedSince({ keys }: Keyring, moment: number): Key | undefined {
  return keys.find((key) => key.state === 'revoked' && (stoppedSigning(key) ?? 0) >= moment);
}

/** When a key last turned from active to something else; undefined when it never did. */
function stoppedSigning({ state, dates }: Dated): number | undefined {
  if (state === 'active') return undefined;
  // Revoked while it signed, it was never retiring after it was last active.
  const wasActive = dates.active !== undefined && dates.active > (dates.retiring ?? 0);
  return state === 'revoked' && wasActive ? dates.revoked : dates.retiring;
}
