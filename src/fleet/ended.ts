// What processes signed that have ended: their tokens live on, and a key must not be retired before them.
//
// One small file for all of them, by key id: the last moment at which a process that is gone may have signed. A
// process that said goodbye tells it; for one that was killed it is the end of its lease, or its discovery.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeLoosely } from '../disk/files.js';
import { withLock } from '../disk/lock.js';

export const ENDED_FILE = 'ended.json';

/** Milliseconds since 1970, by key id. */
export type LastSigned = Readonly<Record<string, number>>;

/** Keeps the later of each moment. Where the folder cannot be written, nothing is kept. */
export async function noteEnded(folder: string, lastSigned: LastSigned): Promise<void> {
  const file = join(folder, ENDED_FILE);
  if (Object.values(lastSigned).every((at) => at === 0)) return;
  await withLock(file, async () => {
    const known = await readEnded(folder);
    const later = Object.entries(lastSigned).filter(([kid, at]) => at > (known[kid] ?? 0));
    if (later.length > 0)
      await writeLoosely(file, `${JSON.stringify({ ...known, ...Object.fromEntries(later) })}\n`);
  }).catch(() => {});
}

/** What is known of processes that have ended. */
export async function readEnded(folder: string): Promise<LastSigned> {
  try {
    const known = JSON.parse(await readFile(join(folder, ENDED_FILE), 'utf8')) as Record<string, unknown>;
    const moments = Object.entries(known).filter(([, at]) => typeof at === 'number');
    return Object.fromEntries(moments) as Record<string, number>;
  } catch {
    return {};
  }
}
