// Decides which rules apply: development, test or production. Forgetting to say so on a server fails closed.
import { KeyturnError } from '../errors.js';
import { isSlipOf, nearest } from './nearest.js';
import { DEVELOPMENT_CONTAINERS, PLATFORMS, TEST_RUNNERS } from './platforms.js';

/** Which rules apply: `dev`, `test` or `prod`. */
export type Profile = 'dev' | 'test' | 'prod';

/** What the decision is made from; gathered at the edge (`resolve/machine.ts`), so that it can be simulated. */
export interface Signs {
  /** Standard input or standard output is a terminal. */
  readonly terminal: boolean;
  /** Node was started with an inspector. */
  readonly debugger: boolean;
  /** The process runs inside a container. */
  readonly container: boolean;
  /** The test runner that was started, where it sets no variable: "mocha". */
  readonly testRunner?: string | undefined;
  /** The file that was started. */
  readonly started?: string | undefined;
}

/**
 * What spoke: the caller, one of the two variables, a test that runs, a platform, a container, a person at work, or
 * nothing at all.
 */
type DecidedBy =
  | 'caller'
  | 'KEYTURN_ENV'
  | 'NODE_ENV'
  | 'test'
  | 'platform'
  | 'container'
  | 'person'
  | 'nothing';

export interface ProfileDecision {
  readonly profile: Profile;
  readonly by: DecidedBy;
  /** The signal that decided and its value, as a clause: `NODE_ENV is "production"`, `this runs in a container`. */
  readonly signal: string;
  /** False when a variable or an argument said so outright; true when it was read from the surroundings. */
  readonly inferred: boolean;
  /** A sign of a platform beside a test that runs, which stands above it: `this runs in a container`. */
  readonly against?: string | undefined;
}

export type Variables = Readonly<Record<string, string | undefined>>;

const NAMES: Readonly<Record<string, Profile>> = {
  dev: 'dev',
  development: 'dev',
  test: 'test',
  prod: 'prod',
  production: 'prod',
};

/** What the rules of a profile are called. */
export const PROFILE_WORDS: Readonly<Record<Profile, string>> = {
  dev: 'development',
  test: 'test',
  prod: 'production',
};

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
  if (said !== undefined) {
    const profile = named(said, 'the profile');
    return { profile, by: 'caller', signal: `"${said}" was asked for`, inferred: false };
  }
  const own = env.KEYTURN_ENV;
  if (own !== undefined) {
    const profile = named(own, 'KEYTURN_ENV');
    return { profile, by: 'KEYTURN_ENV', signal: `KEYTURN_ENV is "${own}"`, inferred: false };
  }
  const node = env.NODE_ENV;
  if (node !== undefined) {
    const profile = node === 'development' ? 'dev' : node === 'test' ? 'test' : 'prod';
    const signal = `NODE_ENV is ${wordShown(node)}`;
    const which = node === 'production' || profile !== 'prod' ? '' : ', neither "development" nor "test"';
    return { profile, by: 'NODE_ENV', signal: signal + which, inferred: false };
  }
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

/** What says that nothing is served here, but built: an import must not need a secret. */
export function buildSign(env: Variables): string | undefined {
  const own = env.KEYTURN_BUILD;
  if (own === '1' || own === 'true') return `KEYTURN_BUILD is "${own}"`;
  if (own !== undefined && !['', '0', 'false'].includes(own)) {
    throw new KeyturnError(
      'config_invalid',
      'KEYTURN_BUILD is neither "1" nor "0"',
      'set it to 1 for the step that builds, and nowhere else',
    );
  }
  const phase = env.NEXT_PHASE;
  return phase === 'phase-production-build' ? `NEXT_PHASE is "${phase}"` : undefined;
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

/** Anything but a short word may be a secret that was put into the wrong variable. */
function wordShown(word: string): string {
  return /^[a-z_-]{0,16}$/i.test(word) ? JSON.stringify(word) : 'a text (not shown: it may be a secret)';
}

function named(word: string, where: string): Profile {
  // An own property only: "constructor" and the like must not pass for a profile without production's rules.
  const profile = Object.hasOwn(NAMES, word) ? NAMES[word] : undefined;
  if (profile === undefined) {
    const near = nearest(word.trim(), Object.keys(NAMES));
    const meant = word !== '' && isSlipOf(word.trim(), near) ? `did you mean "${near}"? It takes` : 'use';
    throw new KeyturnError(
      'profile_unknown',
      `${where} is ${wordShown(word)}, which names no profile`,
      `${meant} "dev", "test" or "prod" (or "development", "production")`,
    );
  }
  return profile;
}
