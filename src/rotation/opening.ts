// What a rotation begins with: the keyring in force, found through the one resolver, and the places where it is kept and
// where its processes report.
import { Engines } from '../engines/engines.js';
import { openRingPlaces } from '../keyring-stores/open.js';
import { NOWHERE, type RingPlaces } from '../keyring-stores/places.js';
import type { Machine } from '../resolve/machine.js';
import { refuseErrors } from '../resolve/problem.js';
import { type Resolution, resolve } from '../resolve/resolve.js';
import { type AssumedProfile, withProductionWaits } from './assumed-profile.js';

export interface RotationOptions {
  readonly machine: Machine;
  /** A profile that the caller insists on. */
  readonly profile?: string | undefined;
  /** Where no profile was given: what `profile` was chosen from. The waits are those of production then. */
  readonly assumed?: AssumedProfile | undefined;
  /** Settings written in the program, as `createKeyturn({ config })` takes them. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** A keyring document to work on instead of the source in force: nothing is written, see `document`. */
  readonly document?: string | undefined;
  /** What a process that runs goes by: it is not looked for again. */
  readonly found?: Resolution | undefined;
  /** Only to look: what processes that are gone have left behind is not cleared away. */
  readonly readOnly?: boolean | undefined;
  /** Connections to use; whoever made them closes them. Default: its own, closed by `Rotation.close`. */
  readonly engines?: Engines | undefined;
}

export interface OpenedRotation {
  readonly resolution: Resolution;
  readonly engines: Engines;
  readonly places: RingPlaces;
}

/**
 * A weak key does not keep a ring from rotating away from it; a configuration that is wrong does, since waits are
 * computed from it. Old secrets of other libraries no step needs.
 *
 * @throws KeyturnError whatever keeps a process from starting, weak secrets apart
 */
export async function openParts(options: RotationOptions): Promise<OpenedRotation> {
  const { machine, profile, config, document, assumed } = options;
  const found = options.found ?? (await resolve({ machine, profile, config, create: false }));
  const resolution =
    assumed === undefined ? found : { ...found, settings: withProductionWaits(found.settings) };
  refuseErrors(
    resolution.problems,
    ({ area, error, serving }) =>
      error.code === 'secret_weak' ||
      serving === true ||
      (document !== undefined && area !== 'configuration' && area !== 'profile'),
  );
  const engines = options.engines ?? new Engines(resolution.settings);
  if (document !== undefined) return { resolution, engines, places: NOWHERE };
  try {
    return { resolution, engines, places: await openRingPlaces(resolution, engines, machine.now) };
  } catch (error) {
    if (options.engines === undefined) await engines.close();
    throw error;
  }
}
