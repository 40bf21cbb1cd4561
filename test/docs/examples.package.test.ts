// The examples in comments, which editors and docs/api show, compile as strictly as can be.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pagesBelow, ROOT } from './blocks.js';
import { compile, snippetsOf } from './compile.js';

/**
 * Those of bridges need the real libraries, whose pages compile: test/docs/snippets.neighbours.test.ts. Those of the
 * console take an app of every framework at once.
 */
const LEFT_OUT = ['docs/api/bridges.md', 'docs/api/console.md'];
const pages = pagesBelow('docs/api').filter(
  (page) => !LEFT_OUT.includes(page) && snippetsOf(page).length > 0,
);

test('they compile', async () => {
  expect(pages.length).toBeGreaterThan(8);
  const { complaints } = await compile(pages, pages, [join(ROOT, 'node_modules')]);
  expect(complaints).toEqual([]);
});
