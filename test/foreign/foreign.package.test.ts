// The suites of express-session and cookie-session against keyturn/express. EXPRESS_SESSION_SUITE and COOKIE_SESSION_SUITE
// name folders with those projects as they are in their repositories; without one its suite is left out, and says so.
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

interface Exception {
  readonly suite: string;
  readonly test: string;
  readonly reason: string;
}

const exceptions: readonly Exception[] = JSON.parse(readFileSync(join(HERE, 'exceptions.json'), 'utf8'));

/** What mocha says of a suite: the titles of tests. */
interface Outcome {
  readonly passes: readonly { readonly fullTitle: string }[];
  readonly failures: readonly { readonly fullTitle: string }[];
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

test('each exception has one of three reasons', () => {
  const reasons = /^(?:the cookie's name and format|unsigned ids|the internals of their memory store): ./;
  expect(exceptions.filter(({ reason }) => !reasons.test(reason))).toEqual([]);
});

describe.each(SUITES)('the suite of $name', ({ name, folder, file }) => {
  const title =
    folder === undefined ? 'left out, since its variable names no folder' : 'passes, but for exceptions';
  test.skipIf(folder === undefined)(title, async () => {
    const { passes, failures } = await run(name, resolve(folder as string), file);
    expect(passes.length).toBeGreaterThan(0);
    const excepted = exceptions.filter(({ suite }) => suite === name).map((exception) => exception.test);
    const titles = (tests: Outcome['passes']) => tests.map(({ fullTitle }) => fullTitle);
    expect(titles(failures).filter((failed) => !excepted.includes(failed))).toEqual([]);
    const failed = new Set(titles(failures));
    expect(excepted.filter((exception) => !failed.has(exception))).toEqual([]);
  });
});
