// What a program may say of time in production: only what shortens it. Whoever takes a step, or plans a deploy, sees
// variables and files, and no program: a key would go while tokens live of which nobody could know.
import type { Settings } from '../config/layers.js';
import { SETTING_NAMES, SETTINGS, type SettingName, variableOf } from '../config/settings.js';
import { formatDuration, lifetime } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { PurposeRegistry } from './registry.js';

/** A setting that variables and files lack, and the line that they must have. */
type Lacking = readonly [setting: string, line: string];

/** What steps wait for besides lifetimes. */
const WAITS: readonly SettingName[] = [
  'security.keyring.max_lag',
  'security.keyring.lease',
  'security.keyring.clock_skew',
];
/** What the lifetime of sessions follows from. */
const OF_SESSIONS = SETTING_NAMES.filter(
  (name) => name.startsWith('session.') && Object.is(SETTINGS[name].kind, lifetime),
);

/**
 * @param settings those in force
 * @param seen what variables and files say by themselves: all that a command knows
 * @param waits whether to look at what steps wait for too: its defaults are others in development
 * @returns what production refuses to start with, `config_invalid`, where the program lengthens a lifetime, or what a
 * step waits for
 */
export function longerThanSeen(settings: Settings, seen: Settings, waits: boolean): KeyturnError | undefined {
  const lacking = [...longerLifetimes(settings, seen), ...longerSettings(waits ? WAITS : [], settings, seen)];
  if (lacking.length === 0) return undefined;
  const names = lacking.map(([setting]) => setting).join(', ');
  const lines = lacking.map(([, line]) => line).join('; and ');
  return new KeyturnError(
    'config_invalid',
    `the program lengthens ${names} beyond what variables and files say, which is all that keyturn commands see`,
    `add ${lines}: a program may only shorten it`,
  );
}

function longerLifetimes(settings: Settings, seen: Settings): readonly Lacking[] {
  const { lifetimes: known, off } = new PurposeRegistry(seen, true);
  return new PurposeRegistry(settings, true).all.flatMap(({ name, maxAge }) => {
    if (Object.hasOwn(known, name) && maxAge <= (known[name] as number)) return [];
    if (name === 'session-header') return lackingHeader(settings, seen);
    if (off.includes(name)) return [switchedOn(name)];
    if (name === 'session') return longerSettings(OF_SESSIONS, settings, seen);
    const variable = `KEYTURN_PURPOSES__${name.toUpperCase().replaceAll('-', '_')}__MAX_AGE`;
    return [longer(`purposes.${name}`, 'max_age', variable, maxAge)];
  });
}

/** What else it lacks, `session` lacks too. */
function lackingHeader(settings: Settings, seen: Settings): readonly Lacking[] {
  const name = settings.get('session.header') as string;
  if (seen.get('session.header') !== undefined) return [];
  const variable = variableOf('session.header');
  return [['session.header', `header = "${name}" under [session] in keyturn.toml, or ${variable}=${name}`]];
}

/** Outside it is switched off, and no key would be kept for it. */
function switchedOn(purpose: string): Lacking {
  const variable = variableOf('purposes.builtin');
  const line = `"${purpose}" to builtin under [purposes] in keyturn.toml, or to ${variable}`;
  return ['purposes.builtin', line];
}

function longer(section: string, name: string, variable: string, seconds: number): Lacking {
  const text = formatDuration(seconds);
  const line = `${name} = "${text}" under [${section}] in keyturn.toml, or ${variable}=${text}`;
  return [`${section}.${name}`, line];
}

function longerSettings(
  names: readonly SettingName[],
  settings: Settings,
  seen: Settings,
): readonly Lacking[] {
  return names.flatMap((path) => {
    const seconds = settings.get(path);
    if (typeof seconds !== 'number' || seconds <= Number(seen.get(path) ?? 0)) return [];
    const at = path.lastIndexOf('.');
    return [longer(path.slice(0, at), path.slice(at + 1), variableOf(path), seconds)];
  });
}
