// What the configuration says of time to a fleet.
import type { Settings } from '../config/layers.js';

/** In seconds. */
export interface FleetTimes {
  readonly maxLag: number;
  readonly lease: number;
  readonly skew: number;
}

/** @param settings those of the process or the command */
export function timesOf(settings: Settings): FleetTimes {
  return {
    maxLag: settings.get('security.keyring.max_lag'),
    lease: settings.get('security.keyring.lease'),
    skew: settings.get('security.keyring.clock_skew'),
  };
}
