// Lays the layers of configuration over each other.
import { KeyturnError } from '../errors.js';
import { LayerBuilder } from './layer-builder.js';
import { type Layer, Settings } from './layers.js';
import type { Profile } from './profile.js';
import { NO_APP } from './value.js';

/** The settings that the layers add up to, and everything in them that is wrong. */
interface Layered {
  readonly settings: Settings;
  readonly errors: readonly KeyturnError[];
}

/**
 * Lays `layers` (later wins) and then the variables over the built-in defaults. A value that does not fit is
 * reported and left out, so that a doctor can go on and show everything that is wrong at once.
 *
 * @throws Awaited where something moves in from elsewhere: what reads that has to be loaded first
 */
export function applyLayers(
  profile: Profile,
  layers: readonly Layer[],
  env: Readonly<Record<string, string | undefined>>,
): Layered {
  const builder = new LayerBuilder(profile);
  for (const { origin, tree } of layers) builder.addTree(tree, origin);
  builder.addVariables(env);
  const settings = new Settings(builder.placed, builder.purposes, builder.moveIn);
  return { settings, errors: [...builder.errors(), ...contradictions(settings)] };
}

/** Values that are fine each, and cannot work together. */
function contradictions(settings: Settings): readonly KeyturnError[] {
  const found: KeyturnError[] = [];
  const wrong = (what: string, hint: string) => found.push(new KeyturnError('config_invalid', what, hint));
  const rollAfter = settings.get('session.roll_after');
  const idle = settings.get('session.idle');
  if (rollAfter !== undefined && rollAfter > idle)
    wrong(
      `session.roll_after (${rollAfter} s) is longer than session.idle (${idle} s): every session would end before it is extended`,
      'shorten session.roll_after, or take it out: a tenth of session.idle is the default',
    );
  const own = settings.get('app') ?? NO_APP;
  const other = settings.get('app_accepts');
  if (other === own)
    wrong('app_accepts names the app itself', 'name the other one, or take it out when the change is over');
  // A ring is bound to the name of its app: it can move once, from no name to one.
  const isRenamed = own !== NO_APP && other !== undefined && other !== NO_APP;
  if (isRenamed && settings.get('security.keyring.store') !== undefined)
    wrong(
      'app_accepts is set, and the shared keyring of security.keyring.store belongs to one name only',
      'keep the name that the app has: whoever is signed in goes by the keys of that keyring',
    );
  return found;
}
