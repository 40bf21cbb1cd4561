// Whether a session in a store has ended, for whoever has it open for longer than a request.
import { decode, epochHolds } from './kind.js';
import type { SessionEnd, WatchedSession } from './outside.js';
import type { StoreSessionParts } from './store-writes.js';

/** Undefined while it lives. @param watched brought up to date where it goes on under another id, or longer */
export async function endInStore(
  { store, times, hooks, clock }: StoreSessionParts,
  watched: WatchedSession,
): Promise<SessionEnd | undefined> {
  for (;;) {
    const stored = await store.get(watched.id);
    if (stored !== undefined) {
      watched.expiresAt = stored.expiresAt / 1000;
      const found = decode(stored.text);
      if (found === undefined || times.isOver(found)) return 'expired';
      return (await epochHolds(hooks, found)) ? undefined : 'signed_out';
    }
    const ended = await store.ended?.(watched.id);
    if (ended?.next === undefined)
      return ended === undefined && watched.expiresAt * 1000 <= clock() ? 'expired' : 'signed_out';
    watched.id = ended.next;
  }
}
