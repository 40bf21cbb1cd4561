// Takes away what a demo has made: it, or where it was killed its replicas, each of which may be the last.
import { openRedis } from '../engines/open-redis.js';
import { commandOf } from '../engines/redis.js';
import { removeFolder } from './folder.js';
import type { Belongings } from './messages.js';

const PAGE = '1000';
/** The cursor that a scan begins with, and that says that it has ended. */
const FIRST = '0';

/** The beginning of the names of all keys in Redis that are kept for a ring. */
export function redisKeysOf(ring: string): string {
  return `keyturn:{ring:${ring}}`;
}

/** To be called when nobody holds the ring any more: whoever does puts it back into an empty Redis. */
export async function takeAway({ folder, redis }: Belongings): Promise<void> {
  removeFolder(folder);
  if (redis === undefined) return;
  const { client, close } = await openRedis(redis.url);
  try {
    const ask = commandOf(client);
    const beginning = redisKeysOf(redis.ring);
    let cursor = FIRST;
    do {
      const scan = ['SCAN', cursor, 'MATCH', `${beginning}*`, 'COUNT', PAGE];
      const [next, keys] = (await ask(beginning, scan)) as [unknown, readonly unknown[]];
      if (keys.length > 0) await ask(beginning, ['DEL', ...keys.map(String)]);
      cursor = String(next);
    } while (cursor !== FIRST);
  } finally {
    await close();
  }
}
