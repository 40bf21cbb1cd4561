// Whether a revocation has reached everybody who reports.
import { setTimeout as sleep } from 'node:timers/promises';
import { replicasIn, silentOf } from '../fleet/silent.js';
import type { Machine } from '../resolve/machine.js';
import type { Rotation } from './rotation.js';

const LOOK_EVERY_MS = 200;

/**
 * Waits until no fresh report says any more that its process accepts a key. What cannot be asked proves nothing, and is
 * not waited for. Patience goes by the clock that nobody sets.
 *
 * @param patience milliseconds
 * @returns the instances that have not obeyed by then
 */
export async function stillAccepting(
  rotation: Rotation,
  kid: string,
  patience: number,
  { now, monotonic }: Pick<Machine, 'now' | 'monotonic'>,
): Promise<readonly string[]> {
  const deadline = monotonic().shows + patience;
  for (;;) {
    const replicas = replicasIn(await rotation.replicas().catch(() => []));
    const silent = silentOf(replicas, rotation.countsBy, now());
    const left = replicas.filter(({ instance, verifies }) => verifies.includes(kid) && !silent.has(instance));
    if (left.length === 0 || monotonic().shows >= deadline) return left.map(({ instance }) => instance);
    await sleep(LOOK_EVERY_MS);
  }
}
