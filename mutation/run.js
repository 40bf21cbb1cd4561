// npm run test:mutation [-- [--seed N] [--size N] [--only REGEXP] [TESTS…]]: are mistakes noticed? Stryker changes the
// sources in one place at a time, and the unit tests ought to fail each time. Says how many they caught, and which they
// did not; docs/mutation-testing.md has the reasons. 10 to 30 minutes. Stryker is installed here by this command alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { draw, keyOf, ROOMS, SEED, SIZE } from './sample.js';

const here = import.meta.dirname;
const root = join(here, '..');
const reports = join(root, 'coverage', 'mutation');
/** Of a sample, some act only while the sources are loaded: others come in their place. */
const SPARE = 1.1;
/** There is none in Node 20: nothing here could try them. */
const NEEDS_SQLITE = /^src\/sessions\/stores\/sqlite/;
/** Per cent. */
const ENOUGH = 90;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, size: { type: 'string' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? SEED);
const size = Number(values.size ?? SIZE);
const only = new RegExp(values.only ?? '');
/** Parts have no spare ones: together they are not to be more than the whole. */
const drawn = values.only ? size : Math.ceil(size * SPARE);
// vitest.config.ts reads it, here and in Stryker's copy.
process.env.MUTATION_TESTS = positionals.join(' ');

if (!existsSync(join(here, 'node_modules/@stryker-mutator/core'))) {
  console.error('test:mutation: installing Stryker into mutation/node_modules, once');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => `src/${file.replaceAll('\\', '/')}`)
  .filter((file) => ROOMS.some((room) => room.test(file)))
  .filter((file) => !NEEDS_SQLITE.test(file) || process.getBuiltinModule('node:sqlite') !== undefined)
  .sort();
const order = draw(await mutantsOf(files), seed);
const candidates = order.slice(0, drawn).filter((key) => only.test(key));
mkdirSync(reports, { recursive: true });
const list = join(reports, 'sample.json');
writeFileSync(list, JSON.stringify(candidates, null, 2));
console.error(`test:mutation: ${size} of ${order.length} mutants of ${files.length} files, seed ${seed}`);

const config = join(reports, 'stryker.config.json');
const report = join(reports, 'report.json');
writeFileSync(
  config,
  JSON.stringify({
    mutate: files.filter((file) => candidates.some((key) => key.startsWith(`${file}:`))),
    testRunner: 'vitest-files',
    vitest: { configFile: 'mutation/vitest.config.ts', related: false },
    plugins: [join(here, 'runner.js'), join(here, 'checker.js')],
    // TypeScript 7 has no API of the kind that Stryker would rewrite a tsconfig.json with, and vitest asks for none.
    tsconfigFile: 'none',
    checkers: ['sample'],
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    // Half of them are checkers, which have next to nothing to do.
    concurrency: 4,
    timeoutMS: 120_000,
    dryRunTimeoutMinutes: 30,
    reporters: ['json', 'progress-append-only'],
    tempDirName: 'coverage/stryker',
    jsonReporter: { fileName: report },
    ignorePatterns: [
      'dist',
      'coverage',
      'compat',
      'bench',
      'examples/*/dist',
      'mutation/node_modules',
      '.keyturn',
    ],
    allowConsoleColors: false,
  }),
);
const env = { ...process.env, MUTATION_SAMPLE: list };
const stryker = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js');
const run = spawnSync(process.execPath, [stryker, 'run', config], {
  cwd: root,
  env,
  stdio: ['ignore', 2, 2],
});
if (run.status !== 0) process.exit(1);
process.exitCode = tell(JSON.parse(readFileSync(report, 'utf8')));

/** All mutants that Stryker can make of these files. */
async function mutantsOf(names) {
  const { createInstrumenter } = await import('@stryker-mutator/instrumenter');
  const { createInjector } = await import('typed-inject');
  const silent = Object.fromEntries(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, () => {}]),
  );
  const logger = { ...silent, isDebugEnabled: () => false };
  const instrumenter = createInjector().provideValue('logger', logger).injectFunction(createInstrumenter);
  const sources = names.map((name) => ({
    name,
    mutate: true,
    content: readFileSync(join(root, name), 'utf8'),
  }));
  const options = { ignorers: [], excludedMutations: [], plugins: null, noHeader: true };
  return (await instrumenter.instrument(sources, options)).mutants;
}

function testsToRun() {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [
    vitest,
    'list',
    '--filesOnly',
    '--json',
    '--config',
    'mutation/vitest.config.ts',
    '--root',
    '.',
  ];
  const { stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const files = JSON.parse(stdout.slice(stdout.indexOf('['))).map(({ file }) => relative(root, file));
  // Those that are skipped as a whole have no tests.
  return files.filter((file) => !file.includes('wycheproof'));
}

/** @returns the exit code */
function tell({ files: reported, testFiles }) {
  // A file that cannot even be loaded catches nothing, and Stryker does not say so.
  const loaded = Object.keys(testFiles).map((file) => relative(root, file).replace(/^.*?(?=test\/)/, ''));
  const missing = testsToRun().filter((file) => !loaded.includes(file));
  if (missing.length > 0) {
    console.error(`test:mutation: these tests did not run:\n${missing.join('\n')}`);
    return 1;
  }
  // A report counts lines and columns from 1, and mutants from 0.
  const less = ({ line, column }) => ({ line: line - 1, column: column - 1 });
  const found = new Map(
    Object.entries(reported).flatMap(([fileName, { mutants }]) =>
      mutants.map(({ location: { start, end }, ...mutant }) => [
        keyOf({ ...mutant, fileName, location: { start: less(start), end: less(end) } }),
        // 'Ignored' is what acts only while a module is loaded. What acts in tests as well was tried by those.
        mutant.status,
      ]),
    ),
  );
  const tried = candidates
    .map((key) => [key, found.get(key)])
    .filter(([, status]) => status !== 'Ignored' && status !== 'CompileError')
    .slice(0, size);
  if ((!values.only && tried.length < size) || tried.some(([, status]) => status === undefined)) {
    console.error('test:mutation: too few of the sample were tried');
    return 1;
  }
  const missed = tried.filter(([, status]) => !['Killed', 'Timeout'].includes(status));
  const inEditor = (_, line, column) => `:${Number(line) + 1}:${Number(column) + 1} `;
  for (const [key, status] of missed.sort()) {
    const place = key.replaceAll('\n', ' ').replace(/:(\d+):(\d+):\d+:\d+ /, inEditor);
    console.log(`${status}: ${place.slice(0, 200)}`);
  }
  const caught = ((tried.length - missed.length) / tried.length) * 100;
  console.log(`${tried.length - missed.length} of ${tried.length} caught: ${caught.toFixed(1)} %`);
  return caught >= ENOUGH ? 0 : 1;
}
