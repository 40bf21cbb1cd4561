// Compiles the snippets of pages as an app of their reader would be: strict, against what the package exports.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { tempDir } from '../support/temp-dir.js';
import { type Block, blocksOf, ROOT } from './blocks.js';
import { examplesOf } from './examples.js';
import { type Module, modulesOf } from './modules.js';

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const GIVEN = join(ROOT, 'test/docs/given');

export interface Page {
  readonly page: string;
  /** Its folder in the folder of all. */
  readonly folder: string;
  readonly modules: readonly Module[];
}

export interface Compiled {
  readonly pages: readonly Page[];
  /** What the compiler says, with the page and the line in it. */
  readonly complaints: readonly string[];
  /** Where the JavaScript is. */
  readonly out: string;
}

/** Frameworks of which another page has declarations already. */
const BASES: Readonly<Record<string, string>> = {
  'getting-started-astro': 'web',
  'getting-started-nest': 'nest',
  'getting-started-next': 'web',
  'getting-started-nuxt': 'web',
  'getting-started-react-router': 'web',
  'getting-started-sveltekit': 'web',
};

/** Declares what holds for a whole program: compiled by itself. */
const DECLARES = /^\s*declare (module '|global)/m;

export function snippetsOf(page: string): readonly Block[] {
  if (page.startsWith('docs/api/')) return examplesOf(page);
  return blocksOf(page).filter(({ language }) => ['ts', 'tsx', 'js'].includes(language));
}

/** `docs/bridges/hono.md` is `bridges-hono`. */
export function nameOf(page: string): string {
  return page
    .replace(/^docs\//, '')
    .replace(/\.md$/, '')
    .replaceAll('/', '-');
}

/**
 * @param alone pages that are compiled by themselves, since what they import declares things for a whole program
 * @param installed folders like `node_modules`: of a name that is in several the first counts
 */
export async function compile(
  pages: readonly string[],
  alone: readonly string[],
  installed: readonly string[],
): Promise<Compiled> {
  const root = tempDir();
  linkAll(installed, join(root, 'node_modules'));
  symlinkSync(ROOT, join(root, 'node_modules/keyturn'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  cpSync(join(GIVEN, 'environment.d.ts'), join(root, 'environment.d.ts'));
  const written = pages.map((page) => writePage(root, page));
  const isAlone = ({ page, folder, modules }: Page) =>
    alone.includes(page) ||
    existsSync(join(GIVEN, folder)) ||
    modules.some(({ text }) => DECLARES.test(text));
  const together = written.filter((page) => !isAlone(page));
  const programs = [together, ...written.filter(isAlone).map((page) => [page])].filter(
    ({ length }) => length > 0,
  );
  const said = await Promise.all(programs.map((program, nth) => run(root, program, `tsconfig.${nth}.json`)));
  return {
    pages: written,
    complaints: said.flat().map((line) => placeIn(line, written)),
    out: join(root, 'out'),
  };
}

function linkAll(installed: readonly string[], target: string): void {
  mkdirSync(target, { recursive: true });
  for (const folder of installed)
    for (const name of readdirSync(folder)) {
      if (name.startsWith('.')) continue;
      const [from, to] = [join(folder, name), join(target, name)];
      if (name.startsWith('@')) linkAll([from], to);
      else if (!existsSync(to)) symlinkSync(from, to);
    }
}

function writePage(root: string, page: string): Page {
  const folder = nameOf(page);
  const given = join(GIVEN, `${folder}.ts`);
  const text = existsSync(given) ? readFileSync(given, 'utf8') : undefined;
  const modules = modulesOf(
    snippetsOf(page).filter(({ excused }) => excused === undefined),
    text,
  );
  for (const name of [BASES[folder], folder]) {
    const beside = join(GIVEN, name ?? '');
    if (name !== undefined && existsSync(beside)) cpSync(beside, join(root, folder), { recursive: true });
  }
  for (const { file, text } of modules) {
    const path = join(root, folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  if (text !== undefined) writeFileSync(join(root, folder, 'given.ts'), text);
  return { page, folder, modules };
}

async function run(root: string, program: readonly Page[], config: string): Promise<string[]> {
  const own = program.length === 1 ? join(root, program[0]?.folder ?? '', 'tsconfig.json') : '';
  const { compilerOptions: more = {} } = existsSync(own) ? JSON.parse(readFileSync(own, 'utf8')) : {};
  const compilerOptions = {
    lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
    rootDir: '.',
    outDir: 'out',
    jsx: 'preserve',
    // Not for what is read: an import that the text mentions, and a helper that is explained only.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
    paths: Object.assign({}, ...program.map(({ folder }) => standIns(root, folder))),
    ...more,
  };
  const include = ['environment.d.ts', ...program.map(({ folder }) => `${folder}/**/*`)];
  const project = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include };
  writeFileSync(join(root, config), JSON.stringify(project));
  return await new Promise((done) => {
    execFile(process.execPath, [TSC, '-p', config, '--pretty', 'false'], { cwd: root }, (_, stdout) =>
      done(stdout.split('\n').filter((line) => line !== '')),
    );
  });
}

/** Packages that are not installed, and what a page of them needs: `given/PAGE/stand-ins/NAME.ts`. */
function standIns(root: string, folder: string): Record<string, string[]> {
  const place = `${folder}/stand-ins`;
  if (!existsSync(join(root, place))) return {};
  const files = readdirSync(join(root, place), { recursive: true, encoding: 'utf8' });
  const names = files.filter((file) => file.endsWith('.ts')).map((file) => file.replace(/\.ts$/, ''));
  return Object.fromEntries(names.map((name) => [name, [`./${place}/${name}.ts`]]));
}

/** The same complaint with the place in the page in front. */
function placeIn(complaint: string, pages: readonly Page[]): string {
  const [, folder, file, line, what] = /^([^/]+)\/(.+?)\((\d+),\d+\): (.*)$/.exec(complaint) ?? [];
  const page = pages.find((one) => one.folder === folder);
  const block = page?.modules.find((one) => one.file === file)?.block;
  if (page === undefined || block === undefined) return complaint;
  return `${page.page}:${block.line + Number(line) - 2}: ${what}`;
}
