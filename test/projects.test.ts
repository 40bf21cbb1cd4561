// A test file stands in the project that its needs ask for. Needs are read off: what it imports, and what that imports.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_FOLDERS, PROJECTS, type ProjectName } from './projects.js';

const ROOT = resolve(import.meta.dirname, '..');

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.test.ts'));

/** Names `dist`, and means one that it writes itself. */
const WRITES_ITS_OWN = ['test/clone.test.ts', 'test/projects.test.ts'];

/** Go by what package.json exports, or by scripts of their own that do. */
const BY_EXPORTS = [
  'test/public-api.package.test.ts',
  'test/adapters/start.package.test.ts',
  'test/docs/adapters.package.test.ts',
  'test/examples/small.package.test.ts',
  'test/docs/examples.package.test.ts',
  'test/docs/own-store.package.test.ts',
  'test/docs/snippets.package.test.ts',
  'test/foreign/foreign.package.test.ts',
];

/** Makes clients, and never connects them. */
const NEVER_CONNECTS = ['test/config/options.test.ts'];

const texts = new Map<string, string>();

/** What stands in a file, without comments. */
function textOf(file: string): string {
  const text =
    texts.get(file) ?? readFileSync(join(ROOT, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  texts.set(file, text);
  return text;
}

/** The file, and what it imports or runs of the tests, and what that does. */
function closure(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, path] of textOf(file).matchAll(/'(\.\.?\/[^'\s]+\.m?js)'/g)) {
    const named = join(dirname(file), path as string).replaceAll('\\', '/');
    const target = existsSync(join(ROOT, named)) ? named : named.replace(/\.js$/, '.ts');
    if (target.startsWith('test/') && existsSync(join(ROOT, target))) closure(target, seen);
  }
  return seen;
}

/** Modules that a test replaces or reloads are those of every file in its process. */
const REPLACES = /\bvi\.((do)?(un)?mock|resetModules|stubGlobal|stubEnv)\(/i;

function measuresHeap(text: string): boolean {
  return /from '(node:)?[v]8'|\.memoryUsage\(/.test(text);
}

function needsOf(file: string): ProjectName {
  if (file.startsWith('test/browser/')) return 'browser';
  const all = [...closure(file)];
  const some = (pattern: RegExp, except: readonly string[]) =>
    all.some((one) => !except.includes(one) && pattern.test(textOf(one)));
  if (all.includes('test/support/engines.ts')) return 'engines';
  if (some(/inject\('(redis|postgres)Url'\)|from '(redis|ioredis|pg)'/, NEVER_CONNECTS)) return 'engines';
  if (all.includes('test/bridges/neighbours.ts')) return 'neighbours';
  if (BY_EXPORTS.includes(file)) return 'package';
  const compiled = /['"`](\.\.\/)*(examples\/locker\/)?dist['"`/]|['"`](\.\.\/)*scripts\/proof/;
  if (some(compiled, WRITES_ITS_OWN)) return 'package';
  if (PACKAGE_FOLDERS.some((folder) => file.startsWith(`test/${folder}/`))) return 'package';
  return measuresHeap(textOf(file)) || some(REPLACES, []) ? 'alone' : 'unit';
}

/** As far as the globs of projects.ts go. */
function matches(glob: string, file: string): boolean {
  const pattern = glob
    .replaceAll('.', '\\.')
    .replace(/\{(.*)\}/, (_, names: string) => `(${names.replaceAll(',', '|')})`)
    .replaceAll('**/', '(.+/)?')
    .replaceAll(/(?<![.)])\*/g, '[^/]*');
  return new RegExp(`^${pattern}$`).test(file);
}

test.each(files)('%s is in the project that it needs', (file) => {
  const among = (globs: readonly string[]) => globs.some((glob) => matches(glob, file));
  const projects = PROJECTS.filter(({ include, exclude }) => among(include) && !among(exclude));
  expect(projects.map(({ name }) => name)).toEqual([needsOf(file)]);
});
