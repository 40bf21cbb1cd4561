// The keyring in force, as every command finds it.
import type { Settings } from '../config/layers.js';
import { shellQuote } from '../config/shell-quote.js';
import { timesOf } from '../fleet/fleet-times.js';
import { type AssumedProfile, assumeProfile } from '../rotation/assumed-profile.js';
import type { RotationOptions } from '../rotation/opening.js';
import { Rotation } from '../rotation/rotation.js';
import { lengthOfTime } from '../words/time.js';
import type { Context } from './command.js';
import { orNoApp } from './no-app.js';

/** Opened for as long as the command runs. */
export async function openRotation(
  { machine, profile, defer }: Context,
  more: Partial<RotationOptions> = {},
): Promise<Rotation> {
  const assumed = await assumeProfile(machine, profile, more.document !== undefined);
  const insistOn = assumed?.insistOn ?? profile;
  const rotation = await Rotation.open({ machine, profile: insistOn, assumed, ...more }).catch(
    async (error) => {
      throw profile === undefined ? await orNoApp(error, machine) : error;
    },
  );
  defer(() => rotation.close());
  return rotation;
}

/**
 * Says which rules and waits a command that changes a keyring goes by, where nobody said it and others may be expected.
 *
 * @param settings undefined where no step is waited for
 */
export function noteRules(
  { machine, ui }: Pick<Context, 'machine' | 'ui'>,
  assumed: AssumedProfile | undefined,
  settings: Settings | undefined,
): void {
  if (assumed === undefined || (assumed.inferred === 'prod' && !machine.signs.terminal)) return;
  const { maxLag = 0, skew = 0 } = settings === undefined ? {} : timesOf(settings);
  const waits =
    settings === undefined
      ? ''
      : `, and the waits of production (max_lag ${lengthOfTime(maxLag)}, clock_skew ${lengthOfTime(skew)})`;
  ui.note(
    `no profile was said: this goes by the ${assumed.profile} profile${waits}; --env dev, test or prod says another`,
  );
}

/** The options that decide what a command sees, to be typed again: another folder or profile has another keyring. */
export function sameOptions({ value }: Pick<Context, 'value'>): string {
  return ['cwd', 'env', 'env-file']
    .map((name) => [name, value(name)] as const)
    .filter(([, typed]) => typed !== undefined)
    .map(([name, typed = '']) => ` --${name} ${shellQuote(typed)}`)
    .join('');
}
