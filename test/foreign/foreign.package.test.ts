// The suites of express-session and cookie-session against keyturn/express. EXPRESS_SESSION_SUITE and COOKIE_SESSION_SUITE
// name folders with those projects as they are in their repositories, where `npm install` has been run and, for the first,
// test/support/gencert.sh; without one its suite is left out, and says so. (test/cookie.js of express-session looks at a
// class of its own alone.)
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const HERE = import.meta.dirname;

const SUITES = [
  { name: 'express-session', folder: process.env.EXPRESS_SESSION_SUITE, file: 'test/session.js' },
  { name: 'cookie-session', folder: process.env.COOKIE_SESSION_SUITE, file: 'test/test.js' },
];

/** What tests fail for. The last: what Keyturn promises, and those libraries do not. */
const KINDS = [
  "the cookie's name and format",
  'unsigned ids',
  'the internals of their memory store',
  'the design',
];

/** Tests that fail for one reason. */
interface Exception {
  readonly suite: string;
  /** One of {@link KINDS}. */
  readonly kind: string;
  readonly reason: string;
  /** Part of what each of them says then: what fails otherwise is not excepted. */
  readonly shows: string;
  readonly tests: readonly string[];
}

const exceptions: readonly Exception[] = JSON.parse(readFileSync(join(HERE, 'exceptions.json'), 'utf8'));

interface Failure {
  readonly fullTitle: string;
  readonly err: { readonly message?: string };
}

/** What mocha says of a suite. */
interface Outcome {
  readonly passes: readonly unknown[];
  readonly failures: readonly Failure[];
}

function run(name: string, folder: string, file: string): Promise<Outcome> {
  const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js');
  const options = ['--no-config', '--exit', '--reporter', 'json', '--require', join(HERE, 'replace.cjs')];
  const env = {
    ...process.env,
    FOREIGN_SUITE: folder,
    FOREIGN_STAND_IN: join(HERE, `${name}.cjs`),
    NO_DEPRECATION: 'express-session',
  };
  return new Promise((done, refuse) => {
    execFile(process.execPath, [mocha, ...options, join(folder, file)], { env }, (error, stdout) => {
      const start = stdout.indexOf('{\n');
      if (start === -1) refuse(error);
      else done(JSON.parse(stdout.slice(start)) as Outcome);
    });
  });
}

test('each exception is of a kind, and stands there once', () => {
  expect(exceptions.filter(({ kind, reason }) => !KINDS.includes(kind) || reason === '')).toEqual([]);
  const tests = exceptions.flatMap(({ suite, tests }) => tests.map((title) => `${suite}: ${title}`));
  expect(tests.filter((title, at) => tests.indexOf(title) !== at)).toEqual([]);
});

describe.each(SUITES)('the suite of $name', ({ name, folder, file }) => {
  const title =
    folder === undefined ? 'left out, since its variable names no folder' : 'passes, but for exceptions';
  test.skipIf(folder === undefined)(title, async () => {
    const { passes, failures } = await run(name, resolve(folder as string), file);
    expect(passes.length).toBeGreaterThan(0);
    const left = [...failures];
    const pass: string[] = [];
    for (const { tests, shows } of exceptions.filter(({ suite }) => suite === name))
      for (const excepted of tests) {
        // Of two tests with one title one may pass.
        const at = left.findIndex(
          ({ fullTitle, err }) => fullTitle === excepted && err.message?.includes(shows),
        );
        if (at === -1) pass.push(excepted);
        else left.splice(at, 1);
      }
    expect(left.map(({ fullTitle, err }) => `${fullTitle}: ${err.message}`)).toEqual([]);
    expect(pass, 'exceptions that pass by now, or fail otherwise').toEqual([]);
  });
});
