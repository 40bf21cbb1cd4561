// The ring of a Keyturn as one that can be changed, also where nothing would change it by itself.
import { LiveKeyring } from '../keyring/live.js';
import type { SteadyRing } from '../keyring/steady-ring.js';
import { internalsOf, type Keyturn } from '../keyturn.js';

const made = new WeakMap<SteadyRing, LiveKeyring>();

export function liveRing(keyturn: Keyturn): LiveKeyring {
  const { ring, clock } = internalsOf(keyturn);
  if (ring instanceof LiveKeyring) return ring;
  const live = made.get(ring) ?? new LiveKeyring(ring.found, clock);
  if (!made.has(ring)) {
    made.set(ring, live);
    ring.giveWayTo(live);
  }
  return live;
}
