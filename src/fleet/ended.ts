// What processes signed that have ended: their tokens live on, and a key must not be retired before them.
//
// One small file for all of them, by key id: the last moment at which a process that is gone may have signed. A
// process that said goodbye tells it; for one that was killed it is the end of its lease, or its discovery.
import { join } from 'node:path';
import { readLoosely, writeLoosely } from '../disk/files.js';
import { withLock } from '../disk/lock.js';
import { isKid, isMoment, LIMIT_BYTES, readJson } from './shape.js';

export const ENDED_FILE = 'ended.json';

/** Milliseconds since 1970, by key id. */
export type LastSigned = Readonly<Record<string, number>>;

/**
 * Keeps the later of each moment.
 *
 * @returns false when it cannot be kept, as where the folder cannot be written: then what told it must stay
 */
export async function noteEnded(folder: string, lastSigned: LastSigned): Promise<boolean> {
  const file = join(folder, ENDED_FILE);
  const told = Object.entries(lastSigned).filter(([, at]) => at > 0);
  const isNews = (known: LastSigned) => told.some(([kid, at]) => at > (known[kid] ?? 0));
  // Most often it is known already, and nobody has to wait for anybody.
  if (!isNews(await readEnded(folder))) return true;
  return await withLock(file, async () => {
    const known = await readEnded(folder);
    const later = told.filter(([kid, at]) => at > (known[kid] ?? 0));
    if (later.length > 0)
      await writeLoosely(file, `${JSON.stringify({ ...known, ...Object.fromEntries(later) })}\n`);
    return true;
  }).catch(() => false);
}

/** What is known of processes that have ended. */
export async function readEnded(folder: string): Promise<LastSigned> {
  const known = readJson(await readLoosely(join(folder, ENDED_FILE), LIMIT_BYTES));
  const moments = Object.entries(known ?? {}).filter(([kid, at]) => isKid(kid) && isMoment(at));
  // Without a prototype: "toString" has the form of a key id.
  return Object.assign(Object.create(null), Object.fromEntries(moments));
}
