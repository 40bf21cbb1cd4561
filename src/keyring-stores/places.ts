// Where a keyring is kept and changed, and where its processes report.
import type { Fleet } from '../fleet/fleet.js';
import type { OtherPlace } from '../fleet/other-apps.js';
import type { FileRingStore } from './file.js';
import type { SharedRingStore } from './shared.js';

/** The places of a keyring and of what its processes say. */
export interface RingPlaces {
  /** Set where replicas share a keyring in an engine. */
  readonly shared: SharedRingStore | undefined;
  /** Where the ring can be changed: the shared one, or a keyring document; undefined for secrets by themselves. */
  readonly store: SharedRingStore | FileRingStore | undefined;
  /** Where processes report; undefined where they share nothing but their secret. */
  readonly fleet: Fleet | undefined;
  /** Where processes would report that go by another name of the app. */
  readonly others: readonly OtherPlace[];
}

/** No place at all. */
export const NOWHERE: RingPlaces = { shared: undefined, store: undefined, fleet: undefined, others: [] };
