// Which rules apply, where the caller or a variable says so: development, test or production. Where nothing does, it is
// read from the surroundings (surroundings.ts).
import { KeyturnError } from '../errors.js';
import { isSlipOf, nearest } from './nearest.js';

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
export type DecidedBy =
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

/** What the caller says, `KEYTURN_ENV` or `NODE_ENV`; undefined where nothing does. @throws KeyturnError `profile_unknown` */
export function saidProfile(said: string | undefined, env: Variables): ProfileDecision | undefined {
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
  return undefined;
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
      `${where} is ${wordShown(word)}, not a valid profile`,
      `${meant} "dev", "test" or "prod" (or "development", "production")`,
    );
  }
  return profile;
}
