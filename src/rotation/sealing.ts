// Under which secrets the shared keyring is sealed: what an engine keeps in the clear, for those who look after it.
import type { Engines } from '../engines/engines.js';
import type { Resolution } from '../resolve/resolve.js';
import { openRingPlaces } from '../ring-stores/open.js';

/**
 * The ids of the secrets that each open the shared keyring; none where there is no such ring.
 *
 * @param now milliseconds since 1970
 * @throws KeyturnError what keeps it from being read
 */
export async function sealedUnder(
  resolution: Resolution,
  engines: Engines,
  now: () => number,
): Promise<readonly string[]> {
  const { shared } = await openRingPlaces(resolution, engines, now);
  return (await shared?.find())?.roots ?? [];
}
