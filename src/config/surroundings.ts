// Reads from the surroundings which rules apply, where nobody says so. Forgetting to on a server fails closed.
import { DEVELOPMENT_CONTAINERS, PLATFORMS, TEST_RUNNERS } from './platforms.js';
import {
  type DecidedBy,
  type Profile,
  type ProfileDecision,
  type Signs,
  saidProfile,
  type Variables,
} from './profile.js';

export const IN_CONTAINER = 'this runs in a container';
const DEVELOPMENT_SCRIPT = /^(?:dev|develop|debug|watch|start:dev|dev:.*)$/s;
const TEST_SCRIPT = /^test(?::.*)?$/s;
const BUILD_SCRIPT = /^(?:pre|post)?build(?::.*)?$/s;

/**
 * Decides the profile. Order: what the caller says, `KEYTURN_ENV`, `NODE_ENV`, a test that runs, signs of a platform,
 * signs of a person at work, and production when nothing speaks.
 *
 * @throws KeyturnError `profile_unknown`
 */
export function decideProfile(said: string | undefined, env: Variables, signs: Signs): ProfileDecision {
  const decided = saidProfile(said, env);
  if (decided !== undefined) return decided;
  const test = testSign(env, signs);
  const platform = platformSign(env, signs);
  const container = isServerContainer(env, signs) ? IN_CONTAINER : undefined;
  if (test !== undefined) return { ...inferred('test', 'test', test), against: platform ?? container };
  if (platform !== undefined) return inferred('prod', 'platform', platform);
  if (container !== undefined) return inferred('prod', 'container', container);
  const person = personSign(env, signs);
  if (person !== undefined) return inferred('dev', 'person', person);
  return inferred('prod', 'nothing', 'nothing here says that this is development');
}

function inferred(profile: Profile, by: DecidedBy, signal: string): ProfileDecision {
  return { profile, by, signal, inferred: true };
}

/** The package script that runs, as it may be shown, where it is one that builds: it needs no secret. */
export function buildScript(env: Variables): string | undefined {
  return scriptShown(env, BUILD_SCRIPT);
}

export function testSign(env: Variables, signs: Signs): string | undefined {
  return setRunner(env) ?? seenRunner(env, signs);
}

export function setRunner(env: Variables): string | undefined {
  // "0" is the first of several workers where the variable counts them, and no where it is a switch.
  const runner = TEST_RUNNERS.find(
    ([name]) => present(env, name) && env[name] !== 'false' && (env[name] !== '0' || name.endsWith('_ID')),
  );
  return runner && `${runner[1]} runs this (${shown(env, runner[0])})`;
}

export function seenRunner(env: Variables, signs: Signs): string | undefined {
  return signs.testRunner === undefined ? scriptSign(env, TEST_SCRIPT) : `${signs.testRunner} runs this`;
}

function scriptSign(env: Variables, pattern: RegExp): string | undefined {
  const script = scriptShown(env, pattern);
  return script && `the package script "${script}" runs this`;
}

export function platformSign(env: Variables, signs: Signs): string | undefined {
  for (const [variable, platform] of PLATFORMS) {
    if (present(env, variable)) return `this runs on ${platform} (${shown(env, variable)})`;
  }
  // systemd marks what it starts, and a desktop session's terminals inherit the mark: hence the second half.
  const systemd = ['INVOCATION_ID', 'JOURNAL_STREAM'].find((variable) => present(env, variable));
  if (!signs.terminal && systemd !== undefined)
    return `systemd has started this, without a terminal (${shown(env, systemd)})`;
  return undefined;
}

export function isServerContainer(env: Variables, signs: Signs): boolean {
  return signs.container && !DEVELOPMENT_CONTAINERS.some((variable) => present(env, variable));
}

function personSign(env: Variables, signs: Signs): string | undefined {
  if (signs.terminal) return 'this runs at a terminal';
  if (signs.debugger) return 'a debugger is attached';
  return scriptSign(env, DEVELOPMENT_SCRIPT);
}

function present(env: Variables, variable: string): boolean {
  return env[variable] !== undefined && env[variable] !== '';
}

/** What can be read at a glance, and moves no cursor. */
const SHORT = /^[\w.:-]{1,24}$/;

/**
 * The package script that runs this, where it is one of those: npm, pnpm, Yarn and Bun set one variable, `node --run`
 * another. Of a script that is known by its beginning the rest may be anything.
 */
function scriptShown(
  { npm_lifecycle_event, NODE_RUN_SCRIPT_NAME }: Variables,
  of: RegExp,
): string | undefined {
  const script = [npm_lifecycle_event, NODE_RUN_SCRIPT_NAME].find((name) => name && of.test(name));
  return script === undefined || SHORT.test(script) ? script : `${script.split(':', 1)[0]}:…`;
}

/** A variable that a platform sets, with its value where that is one that can be read at a glance. */
function shown(env: Variables, variable: string): string {
  const value = env[variable] ?? '';
  return SHORT.test(value) ? `${variable} is "${value}"` : `${variable} is set`;
}
