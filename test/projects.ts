// Which project of vitest a test file belongs to: its name says it, and test/projects.test.ts holds it to that.
//
//   x.test.ts           unit: needs nothing but Node and the sources; nothing is compiled or started for it. Many files share a
//                       process and its modules: none may leave anything behind
//   x.alone.test.ts     alone: the same, in a process of its own: it replaces or reloads modules, or measures the heap
//   x.package.test.ts   package: runs what is compiled (dist), as users do
//   x.engines.test.ts   engines: needs a Redis and a PostgreSQL, and may run what is compiled, and neighbours
//   x.neighbours.test.ts  neighbours: needs the libraries of compat/neighbours
//   test/browser/       browser: drives a Chromium, and may need the engines
//

/** Folders in which tests run what is compiled, and names need not say so. */
export const PACKAGE_FOLDERS: readonly string[] = ['cli', 'locker', 'proof', 'types'];

const ENGINES = 'test/**/*.engines.test.ts';
const NEIGHBOURS = 'test/**/*.neighbours.test.ts';
const ALONE = 'test/**/*.alone.test.ts';
const BROWSER = 'test/browser/**/*.test.ts';
const PACKAGE = ['test/**/*.package.test.ts', `test/{${PACKAGE_FOLDERS.join(',')}}/**/*.test.ts`];

export type ProjectName = 'unit' | 'alone' | 'engines' | 'browser' | 'package' | 'neighbours';

export interface ProjectFiles {
  readonly name: ProjectName;
  readonly include: string[];
  readonly exclude: string[];
}

export const PROJECTS: readonly ProjectFiles[] = [
  {
    name: 'unit',
    include: ['test/**/*.test.ts'],
    exclude: [ENGINES, BROWSER, NEIGHBOURS, ALONE, ...PACKAGE],
  },
  { name: 'alone', include: [ALONE], exclude: [BROWSER, ...PACKAGE] },
  { name: 'package', include: PACKAGE, exclude: [ENGINES, BROWSER] },
  { name: 'engines', include: [ENGINES], exclude: [BROWSER] },
  { name: 'browser', include: [BROWSER], exclude: [] },
  { name: 'neighbours', include: [NEIGHBOURS], exclude: [] },
];
