// Putting a file into the place of another.

import { rename } from 'node:fs/promises';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** What Windows says while somebody has one of the two open: a reader, or a program that looks for viruses. */
const IN_USE: readonly unknown[] = ['EPERM', 'EACCES', 'EBUSY'];
const PATIENCE_MS = 2000;
const PAUSE_MS = 20;

/**
 * Renames a file, over another one where there is one. Elsewhere than on Windows it does not matter who has them open;
 * there it is tried again for two seconds.
 *
 * @throws the file system's own error
 */
export async function renameInto(
  from: string,
  to: string,
  system: NodeJS.Platform = platform(),
  move: typeof rename = rename,
): Promise<void> {
  const patient = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await move(from, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (system !== 'win32' || !IN_USE.includes(code) || performance.now() > patient) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
