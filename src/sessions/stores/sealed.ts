// Sessions sealed at rest: the text of every record is encrypted, and tied to the session's id and user. So nobody who can
// write to the engine can give one session the content of another.
import type { Sealer } from '../../signing/sealer.js';
import { andThen } from '../../signing/thenable.js';
import { SEALED } from '../../signing/token.js';
import type { SessionStore, StoredSession } from './contract.js';
import { requireRecord } from './validate.js';
import { wrapStore } from './wrap.js';

/** What happens to records that are not sealed. */
type PlainRecords = 'refuse' | 'accept' | 'write';

export function sealWith(sealer: Sealer<string>, store: SessionStore, plain: PlainRecords): SessionStore {
  /** Undefined when it does not open: what nobody vouches for is not a session. */
  const open = (id: string, stored: StoredSession): StoredSession | undefined => {
    if (!stored.text.startsWith(SEALED)) return plain === 'refuse' ? undefined : stored;
    const opened = sealer.open(stored.text, { bind: bindOf(id, stored.user) });
    return opened.ok ? { ...stored, text: opened.payload } : undefined;
  };
  return wrapStore(store, {
    get: (id) => andThen(store.get(id), (stored) => stored && open(id, stored)),
    put: (id, given, expected) => {
      const record = requireRecord(given);
      if (plain === 'write') return store.put(id, record, expected);
      const text = sealer.seal(record.text, { bind: bindOf(id, record.user) });
      return store.put(id, { ...record, text }, expected);
    },
  });
}

function bindOf(id: string, user: string | undefined): string {
  return JSON.stringify(user === undefined ? [id] : [id, user]);
}
