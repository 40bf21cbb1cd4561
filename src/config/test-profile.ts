// The rules of tests where no tests run: loaded where those rules apply, by no server.
import { KeyturnError } from '../errors.js';
import { packageIn } from '../process/started.js';
import type { ProfileDecision, Signs, Variables } from './profile.js';
import {
  IN_CONTAINER,
  isServerContainer,
  platformSign,
  seenRunner,
  setRunner,
  testSign,
} from './surroundings.js';

/** Packages whose processes runners run tests in, and others other things: a sign beside the runner's variable alone. */
const TEST_WORKERS: readonly string[] = [
  'jest-worker',
  'tinypool',
  'workerpool',
  'playwright',
  '@wdio/local-runner',
];

/**
 * The test profile makes a secret and throws it away: a server that runs by it because of a variable that somebody
 * forgot in an image would sign everybody out with each restart, and check nothing.
 *
 * @throws KeyturnError `profile_refused`
 */
export function refuseTestOnPlatform(decision: ProfileDecision, env: Variables, signs: Signs): void {
  const { profile, by, signal } = decision;
  if (profile !== 'test' || isTested(decision, env, signs)) return;
  // What the code of a program says nobody has forgotten in an image; on a platform it runs no tests all the same.
  const container = by !== 'caller' && isServerContainer(env, signs);
  const platform = platformSign(env, signs) ?? (container ? IN_CONTAINER : undefined);
  if (platform === undefined) return;
  throw new KeyturnError(
    'profile_refused',
    `test rules are refused here: ${signal}, but no test runner is seen at work and ${platform}`,
    'set KEYTURN_ENV=prod on a server; to try something out in a container set KEYTURN_ENV=dev; run tests by a test runner, or by a package script named "test"',
  );
}

/**
 * Whether a test is at work, for certain. Beside a variable that says `test` that of a runner proves nothing: both may
 * have been forgotten in an image.
 */
function isTested({ by }: ProfileDecision, env: Variables, signs: Signs): boolean {
  if (by !== 'KEYTURN_ENV' && by !== 'NODE_ENV') return testSign(env, signs) !== undefined;
  return seenRunner(env, signs) !== undefined || (isTestFile(signs.started) && setRunner(env) !== undefined);
}

/** Names that `node --test` and other runners look for. */
const TEST_FILE =
  /(?:^|[\\/])(?:tests?|__tests__)[\\/]|(?:^|[.\-_\\/])(?:test|spec)\.[cm]?[jt]sx?$|[\\/]test-[^\\/]*$/;

/** Whether what was started is a file of tests, or what runners run them in. */
export function isTestFile(started: string | undefined): boolean {
  if (started === undefined) return false;
  const name = packageIn(started);
  return name === undefined ? TEST_FILE.test(started) : TEST_WORKERS.includes(name);
}
