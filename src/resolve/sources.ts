// Where the settings say that the secret is, and which of those places lie under another one.
import { dirname, resolve as resolvePath } from 'node:path';
import type { Origin, Settings } from '../config/layers.js';
import { type Place, profileConfig } from '../config/place.js';
import type { Profile } from '../config/profile.js';
import type { variableOf } from '../config/settings.js';
import type { LadderInput, Printed, Source } from '../secret/find-secret.js';
import type { Machine } from './machine.js';

/** Where the secret may be, for the ladder. */
export function ladderInput(
  options: { readonly machine: Machine; readonly create: boolean; readonly printed: Printed },
  profile: Profile,
  settings: Settings,
  at: Beginnings & { readonly dataDir: string },
): LadderInput {
  const provided = (name: 'secret' | 'file' | 'command') => {
    const setting = `security.signing_secret.${name}` as const;
    const origin = settings.origin(setting);
    const value = settings.get(setting);
    return origin === undefined || value === undefined
      ? undefined
      : { name: describe(setting, origin), value, origin };
  };
  const secret = provided('secret');
  const named = provided('file');
  const file = isForOthers(profile, named?.origin, at.place) ? undefined : named;
  // A secret in a file stands below every variable, and the variable `…_FILE` above the file's own.
  const fromVariable = secret?.origin.layer === 'variable';
  return {
    cwd: options.machine.cwd,
    dataDir: at.dataDir,
    development: profile !== 'prod',
    // Whatever a file says for development: tests leave nothing behind and find nothing.
    ephemeral: profile === 'test' || settings.get('security.signing_secret.dev_secret') === 'ephemeral',
    create: options.create,
    variable: fromVariable ? secret : undefined,
    file: file === undefined ? undefined : { ...file, folder: beginningOf(file.origin, at) },
    printed: options.printed,
    command: provided('command'),
    config: fromVariable ? undefined : secret,
  };
}

/** Where relative paths begin. */
interface Beginnings {
  readonly place: Place;
  readonly workingDirectory: string;
}

/** A path begins where whoever wrote it stands: a file in its own folder, a variable in the working directory. */
function beginningOf(origin: Origin, { place, workingDirectory }: Beginnings): string {
  if (origin.layer === 'variable') return workingDirectory;
  return origin.layer === 'file' ? dirname(origin.path) : place.folder;
}

/** What a file says for every profile tests find nothing of: theirs alone, or a variable, may give them a secret. */
function isForOthers(profile: Profile, origin: Origin | undefined, place: Place): boolean {
  return profile === 'test' && origin?.layer === 'file' && origin.path !== profileConfig(place, profile);
}

/**
 * A file may be named by a setting, and lie where development looks besides; by two settings, and then be the one in force.
 *
 * @param inForce hides the others
 */
export function eachOnce(
  inForce: Source,
  found: readonly Source[],
  lower: readonly Source[],
): readonly Source[] {
  const isOther = ({ path }: Source) => path === undefined || path !== inForce.path;
  const isNamed = ({ path }: Source) => path !== undefined && lower.some((other) => other.path === path);
  return [...found.filter((source) => !isNamed(source)), ...lower].filter(isOther);
}

/** The places where one layer's secret or file lies under that of a higher layer. */
export function overridden(settings: Settings, at: Beginnings): Source[] {
  return (['secret', 'file'] as const).flatMap((name) => {
    const setting = `security.signing_secret.${name}` as const;
    const lower = settings.values(setting).slice(0, -1).reverse();
    return lower.map(({ value, origin }): Source => {
      const described = describe(setting, origin);
      return name === 'file'
        ? { kind: 'file', name: described, path: resolvePath(beginningOf(origin, at), value ?? '') }
        : { kind: 'config', name: described };
    });
  });
}

/** What an operator calls the place of a setting: its variable, or its name and file. */
function describe(setting: Parameters<typeof variableOf>[0], origin: Origin): string {
  return origin.layer === 'variable' ? origin.name : `${setting} in ${origin.name}`;
}
