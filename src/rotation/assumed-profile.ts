// By which rules a command goes that was told no profile: those of production, where a start by them would find a keyring
// here, and else those that the surroundings speak for. Either way it takes the waits of production: somebody at a
// terminal may sit at a server, and a short wait there would let a key sign that not every replica verifies with.
import type { Settings } from '../config/layers.js';
import type { Profile } from '../config/profile.js';
import type { SettingName } from '../config/settings.js';
import { decideProfile } from '../config/surroundings.js';
import type { ErrorCode } from '../errors.js';
import type { Machine } from '../resolve/machine.js';
import { type Resolution, resolve } from '../resolve/resolve.js';

/** What was chosen where nothing was said. */
export interface AssumedProfile {
  readonly profile: Profile;
  /** What is to be insisted on; undefined where the surroundings say the same, so that an error can name what they say. */
  readonly insistOn: Profile | undefined;
  /** What the surroundings speak for. */
  readonly inferred: Profile;
}

const WAITS: readonly SettingName[] = [
  'security.keyring.max_lag',
  'security.keyring.lease',
  'security.keyring.clock_skew',
];

/**
 * @param said the profile that the caller insists on
 * @param given the ring is handed in, and looked for nowhere
 * @returns undefined where a profile was said
 * @throws KeyturnError `profile_unknown`
 */
export async function assumeProfile(
  machine: Machine,
  said: string | undefined,
  given: boolean,
): Promise<AssumedProfile | undefined> {
  if (said !== undefined) return undefined;
  const { profile, inferred } = decideProfile(undefined, machine.env, machine.signs);
  if (!inferred) return undefined;
  const production =
    given ||
    profile === 'prod' ||
    isForProduction(await resolve({ machine, profile: 'prod', create: false }));
  const chosen = production ? 'prod' : profile;
  return { profile: chosen, insistOn: chosen === profile ? undefined : chosen, inferred: profile };
}

/** Of these a start by production's rules has nothing, or wants nothing to do with it. */
const NOTHING: readonly ErrorCode[] = ['secret_missing', 'secret_in_config'];

/** One that is named and cannot be read counts: it is an error, and no reason to look further. */
function isForProduction({ source, problems }: Resolution): boolean {
  if (source !== undefined) return source.kind !== 'config';
  return problems.some(
    ({ severity, area, error }) =>
      severity === 'error' && area === 'signing_secret' && !NOTHING.includes(error.code),
  );
}

/** With the waits of production, unless a file, a variable or the program says others. */
export function withProductionWaits(settings: Settings): Settings {
  return settings.withoutProfile(WAITS);
}
