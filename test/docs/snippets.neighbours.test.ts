// The snippets of docs/bridges compile beside the real libraries, and those that need no framework around them run.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { NEIGHBOURS } from '../bridges/neighbours.js';
import { STRONG } from '../support/machine.js';
import { PAGES, ROOT } from './blocks.js';
import { type Compiled, compile, snippetsOf } from './compile.js';
import { runPage } from './run.js';

const pages = PAGES.filter((page) => snippetsOf(page).length > 0 && page.startsWith('docs/bridges/'));

/** What express-session and koa-session declare of a request would hold on other pages. */
const ALONE = ['docs/bridges/express-session.md', 'docs/bridges/keygrip.md'];

/** Why the snippets of a page are compiled and not run. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'docs/bridges/authjs.md': 'its version of next-auth is not installed, and neither is Next',
  'docs/bridges/next-auth.md': 'Next is not installed',
  'docs/bridges/better-auth.md': 'needs a database',
};

/** What needs a framework around it. */
const without = (code: string) => /defineNitroPlugin|app\/root/.test(code);

/** What the library had before. */
const variables = Object.fromEntries(
  ['COOKIE_KEY', 'COOKIE_SECRET', 'CSRF_SECRET', 'JWT_SECRET', 'SESSION_PASSWORD', 'SESSION_SECRET'].map(
    (name) => [name, `${STRONG}${name}`],
  ),
);
variables.SESSION_KEY = Buffer.alloc(32, 7).toString('base64');

let compiled: Compiled;

beforeAll(async () => {
  // The declarations, which are there already wherever anything was compiled.
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { cwd: ROOT, stdio: 'inherit' });
  const installed = [join(NEIGHBOURS, 'node_modules'), join(ROOT, 'node_modules')];
  compiled = await compile(pages, ALONE, installed);
});

test('they compile, as strict as can be', () => {
  expect(compiled.complaints).toEqual([]);
});

describe('they run', () => {
  test.concurrent.each(pages.filter((page) => !(page in NOT_RUN)))('%s', async (page) => {
    expect(await runPage(compiled, page, { variables, settings: true, without })).toMatch(/^all ran$/m);
  });
});
