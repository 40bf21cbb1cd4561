// Reads a pipe that an operator has typed, as shells make them: `<(vault kv get …)`, or one that has a name.
import { constants, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const CHUNK_BYTES = 64 * 1024;
const LOOK_EVERY_MS = 20;
/** Whoever writes may be started a moment later. One who has begun may take his time. */
const PATIENCE_MS = 3000;

/**
 * The content, to its end.
 *
 * @param limit bytes
 * @throws the file system's own error; `EFBIG` for more, `ETIMEDOUT` where nobody writes into it
 */
export async function readPipe(path: string, limit: number): Promise<Buffer> {
  // An open that waits for a writer could not be given up.
  const pipe = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const parts: Buffer[] = [];
    for (let [length, waited] = [0, 0]; ; ) {
      const read = await pipe.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null).catch(ifNothingYet);
      if (read === undefined) await sleep(LOOK_EVERY_MS);
      else if (read.bytesRead > 0) {
        length += read.bytesRead;
        if (length > limit) throw Object.assign(new Error('the pipe brings too much'), { code: 'EFBIG' });
        parts.push(read.buffer.subarray(0, read.bytesRead));
      } else if (length > 0) return Buffer.concat(parts);
      else if (waited >= PATIENCE_MS)
        throw Object.assign(new Error('nobody writes into the pipe'), { code: 'ETIMEDOUT' });
      else {
        await sleep(LOOK_EVERY_MS);
        waited += LOOK_EVERY_MS;
      }
    }
  } finally {
    await pipe.close();
  }
}

export function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}

function ifNothingYet(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EAGAIN') throw error;
}
