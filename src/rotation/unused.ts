// Keys are kept for the tokens that live longest, and those may be of built-in purposes that the app never uses. What
// processes report tells; whether it stays so nobody but the app knows, so that nothing is decided by it.
import type { Settings } from '../config/layers.js';
import type { BuiltInName } from '../config/settings.js';
import { formatDuration } from '../config/value.js';
import type { ReplicaReport } from '../fleet/report.js';
import { listOf } from '../printable.js';
import { BUILT_IN, isAmong } from '../purposes/built-in.js';
import type { PurposeRegistry } from '../purposes/registry.js';

/** Built-in purposes that keys are kept for, and that no process has used. */
export interface UnusedBuiltIn {
  /** Those whose tokens live longest. */
  readonly purposes: readonly string[];
  /** How long they live, in seconds: so long a key is kept. */
  readonly lifetime: number;
  /** How long it would be kept if all that are not used were switched off, in seconds. */
  readonly without: number;
  /** What `builtin` under `[purposes]` would say then. */
  readonly builtin: readonly string[];
  /** How many processes report. */
  readonly processes: number;
}

/** @returns undefined where keys are not kept longer because of them, or nothing is known of what is used */
export function unusedBuiltIn(
  { lifetimes }: Pick<PurposeRegistry, 'lifetimes'>,
  settings: Settings,
  reports: readonly Pick<ReplicaReport, 'uses'>[],
): UnusedBuiltIn | undefined {
  if (settings.get('purposes.builtin') !== undefined) return undefined;
  const used = new Set(
    reports.flatMap(({ uses }) =>
      uses.flatMap(({ purpose, signed, verified }) => (signed + verified > 0 ? [purpose] : [])),
    ),
  );
  // A process that has only just started has used nothing either.
  if (used.size === 0) return undefined;
  const builtin = builtInOf([...used, ...settings.purposes.keys()]);
  const isKept = (name: string) => !Object.hasOwn(BUILT_IN, name) || isAmong(builtin, name);
  const all = Object.entries(lifetimes);
  const longestOf = (some: typeof all) => Math.max(0, ...some.map(([, lifetime]) => lifetime));
  const [lifetime, without] = [longestOf(all), longestOf(all.filter(([name]) => isKept(name)))];
  if (without === 0 || without === lifetime) return undefined;
  const purposes = all.flatMap(([name, each]) => (each === lifetime ? [name] : []));
  return { purposes, lifetime, without, builtin, processes: reports.length };
}

/** An adapter has sessions, forms and messages, whichever of them a visitor needs. */
const WITH_SESSIONS: readonly string[] = ['session', 'session-header', 'csrf', 'csrf-id', 'flash'];

/** As the setting names them. */
function builtInOf(used: readonly string[]): readonly BuiltInName[] {
  const names = new Set(used.map((name) => (WITH_SESSIONS.includes(name) ? 'session' : name)));
  return Object.keys(BUILT_IN).filter((name) => names.has(name)) as BuiltInName[];
}

export function unusedInWords({ purposes, lifetime, without, processes }: UnusedBuiltIn): string {
  const isOne = processes === 1;
  const who = isOne ? 'the process that reports has' : `the ${processes} processes that report have`;
  return `a key is kept for ${formatDuration(lifetime)} because of ${listOf(purposes)}, which ${who} not used since ${isOne ? 'it' : 'they'} started; what is used would keep it for ${formatDuration(without)}`;
}

/** What to do about it. */
export function withoutUnused({ builtin }: UnusedBuiltIn): string {
  const names = builtin.map((name) => `"${name}"`).join(', ');
  return `if the app never does, say so before the next rotation: builtin = [${names}] under [purposes]`;
}
