// The snippets of docs/bridges compile beside the real libraries.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NEIGHBOURS } from '../bridges/neighbours.js';
import { PAGES, ROOT } from './blocks.js';
import { compile, snippetsOf } from './compile.js';

const pages = PAGES.filter((page) => snippetsOf(page).length > 0 && page.startsWith('docs/bridges/'));

/** What express-session and koa-session declare of a request would hold on other pages. */
const ALONE = ['docs/bridges/express-session.md', 'docs/bridges/keygrip.md'];

test('they compile, as strict as can be', async () => {
  // The declarations, which are there already wherever anything was compiled.
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { cwd: ROOT, stdio: 'inherit' });
  const installed = [join(NEIGHBOURS, 'node_modules'), join(ROOT, 'node_modules')];
  const { complaints } = await compile(pages, ALONE, installed);
  expect(complaints).toEqual([]);
});
