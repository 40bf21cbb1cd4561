// How a process is whose keyring cannot change by itself.
import type { SteadyRing } from '../keyring/steady-ring.js';
import type { RingHealth } from './health.js';

/** @param loadedAt milliseconds since 1970 */
export function steadyHealth(
  ring: SteadyRing,
  facts: { readonly profile: string; readonly source: string; readonly loadedAt: number },
): RingHealth {
  const { current, fresh, stopped } = ring;
  return {
    ready: fresh,
    degraded: stopped?.message,
    profile: facts.profile,
    source: facts.source,
    store: undefined,
    fingerprint: current.fingerprint,
    generation: current.generation,
    signs: fresh ? current.active.id : undefined,
    keys: current.keys.map(({ id, state }) => ({ id, state })),
    loadedAt: facts.loadedAt,
    reporting: false,
    lostLines: undefined,
  };
}
