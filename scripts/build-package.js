// npm pack and npm publish run this first: makes of `dist`, as the compiler writes it for development, what is published.
//
// - One copy for `import` and one for `require`, of the modules that the entry points need, in a few files: what an app
//   loads is read from the disk file by file. Comments stay in the declarations, and names of classes and methods, so
//   that a stack trace can be read.
// - Declarations of what is public, and of nothing else.
//
// With `--undo`, as npm calls it when it has packed, the compiler's own output takes its place again.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { minifySync } from 'rolldown/experimental';
import { dts } from 'rolldown-plugin-dts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const made = join(root, 'dist.new');
const compiled = join(root, 'dist.compiled');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Names of entry points below `src` and `dist`, without an ending. */
const entries = Object.values(manifest.exports)
  .filter((target) => typeof target === 'object')
  .map((target) => nameOf(target.import.default));
const commands = Object.values(manifest.bin).map(nameOf);
/** What a command starts as a process of its own. */
const programs = ['demo/replica'];
/** What the package itself imports by a name, so that bundlers get something else in its place. */
const named = [
  ...new Set(
    Object.values(manifest.imports)
      .flatMap((target) => Object.values(target))
      .filter((file) => file.startsWith('./dist/') && file.endsWith('.js'))
      .map(nameOf),
  ),
];

function nameOf(file) {
  return relative('dist', file).replaceAll('\\', '/').replace(/\.js$/, '');
}

// The packages that it needs and those that it may be given stay what they are: packages of their own, with all that can be
// imported of them. An app knows a class of theirs by `instanceof`.
const external = [
  ...Object.keys(manifest.imports),
  ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).map(
    (name) => new RegExp(`^${name}(/|$)`),
  ),
  ...builtinModules,
  /^node:/,
  /\/files\.cjs$/,
];

/** The modules that an entry point loads in any case, or all that it may load. */
async function modulesOf(entry, { all = false } = {}) {
  const bundle = await rolldown({
    input: join(root, 'src', `${entry}.ts`),
    external,
    platform: 'node',
  });
  const { output } = await bundle.generate({ format: 'es' });
  await bundle.close();
  const byName = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  const found = new Set(output.filter(({ isEntry }) => isEntry));
  for (const chunk of found)
    for (const name of [...chunk.imports, ...(all ? chunk.dynamicImports : [])])
      if (byName.has(name)) found.add(byName.get(name));
  const ids = [...found].flatMap((chunk) => Object.keys(chunk.modules));
  // An entry point stays what it is.
  return new Set(ids.filter((id) => !entries.some((name) => id === join(root, 'src', `${name}.ts`))));
}

/**
 * What holds all adapters to their contract is long, and there once: who requires it gets what is there for `import`. Every
 * Node that Keyturn runs on can do that; Jest cannot, and has to import it.
 */
const CONTRACT = 'testing/http-contract/index';
const contractOnce = {
  name: 'contract-once',
  load: (id) =>
    id === join(root, 'src', `${CONTRACT}.ts`)
      ? "export const httpContract = (...given) => module.require('./http-contract/index.js').httpContract(...given);"
      : undefined,
};

/** The pages of the console, too: its bindings load them when somebody is let in. */
const CONSOLE = 'console/open';
const consoleOnce = {
  name: 'console-once',
  load: (id) =>
    id === join(root, 'src', `${CONSOLE}.ts`)
      ? "export const openConsole = (...given) => module.require('../console/open.js').openConsole(...given);"
      : undefined,
};

/**
 * The same of entries that no test of an app needs in Jest's CommonJS: steps of a rotation are an operator's, and
 * of the bridges all but those whose library is at home in Express and CommonJS.
 */
const IN_COMMONJS = ['cookie-parser', 'express-session', 'jsonwebtoken', 'keygrip'];
const ONCE = entries.filter(
  (name) =>
    name === 'rotation/index' || (name.startsWith('bridges/') && !IN_COMMONJS.includes(name.split('/')[1])),
);

async function write(names, { folder, ending, plugins = [], options }) {
  const input = Object.fromEntries(names.map((name) => [name, join(root, folder, `${name}${ending}`)]));
  const bundle = await rolldown({
    input,
    external,
    plugins,
    platform: 'node',
    // What the bundler warns of is a fault of this script or of the sources, but for two things. That one adapter has from
    // the beginning what another loads when it needs it is meant: see src/start/in-place.ts. A busy machine is no fault.
    onLog: (_level, log) => {
      if (!['INEFFECTIVE_DYNAMIC_IMPORT', 'PLUGIN_TIMINGS'].includes(log.code)) throw new Error(log.message);
    },
  });
  const { output } = await bundle.write({ dir: made, exports: 'named', ...options });
  const foreign = output.flatMap(({ moduleIds = [] }) =>
    moduleIds.filter((id) => id.includes('node_modules')),
  );
  if (foreign.length > 0) throw new Error(`the bundle would have a copy of ${foreign.join(', ')}`);
  await bundle.close();
}

const code = (format, ending) => ({
  format,
  entryFileNames: `[name]${ending}`,
  // As deep as the modules of `src`, which find the files beside `dist` by their own place.
  chunkFileNames: `lib/[name]${ending}`,
  // What every server loads is three files: cut into many it would grow by what those say of each other. A worker, which
  // may have so many bytes, loads the first, and the second when it needs some of it.
  codeSplitting: {
    groups: [
      { name: 'core', test: (id) => server.has(id) && edge.has(id), priority: 3 },
      { name: 'more', test: (id) => server.has(id) && edgeLater.has(id), priority: 2 },
      { name: 'server', test: (id) => server.has(id), priority: 1 },
    ],
  },
  minify: { compress: true, mangle: { keepNames: { function: false, class: true } } },
  comments: false,
});

const remove = (folder) => rmSync(folder, { recursive: true, force: true });

if (existsSync(compiled)) {
  remove(dist);
  renameSync(compiled, dist);
}
if (process.argv.includes('--undo')) process.exit();

execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', root], {
  stdio: 'inherit',
});
remove(made);
// What is required by the name of the file, and traced by it: a bundler would put the files themselves in its place.
const FILES = 'rarely/files.cjs';
const written = readFileSync(join(dist, FILES), 'utf8').replace(/^Object\.defineProperty\(exports.*\n/m, '');
const { code: traced } = minifySync(FILES, written, { compress: true, mangle: false });
const calls = traced.matchAll(/\brequire\("(\.[^"]+)"\)/g);
const required = [...calls].map(([, file]) => nameOf(join('dist/rarely', file)));
const server = await modulesOf('adapters/fastify/index');
const edge = await modulesOf('adapters/edge/index');
const edgeLater = await modulesOf('adapters/edge/index', { all: true });
await write([...entries, ...named, ...required, ...commands, ...programs, CONTRACT, CONSOLE], {
  folder: 'src',
  ending: '.ts',
  options: code('es', '.js'),
});
writeFileSync(join(made, FILES), traced);
await write([...entries.filter((name) => !ONCE.includes(name)), ...named], {
  folder: 'src',
  ending: '.ts',
  plugins: [contractOnce, consoleOnce],
  options: code('cjs', '.cjs'),
});
for (const name of ONCE)
  writeFileSync(join(made, `${name}.cjs`), `module.exports = require('./${basename(name)}.js');\n`);
await write(entries, {
  folder: 'dist',
  ending: '.d.ts',
  plugins: [dts({ dtsInput: true })],
  options: { format: 'es', entryFileNames: '[name].ts', chunkFileNames: 'lib/[name].ts' },
});
// The same for those who `require`: TypeScript tells the two by the ending.
for (const file of readdirSync(made, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.d.ts')) continue;
  const bundled = readFileSync(join(made, file), 'utf8');
  // What declarations need of the compiler's own library the bundler leaves out.
  const needs = bundled.includes('Symbol.asyncDispose') ? '/// <reference lib="esnext.disposable" />\n' : '';
  const text = needs + bundled;
  const forRequire = text.replace(/(from ")(\.[^"]*)\.js(";)/g, '$1$2.cjs$3');
  writeFileSync(join(made, file.replace(/\.d\.ts$/, '.d.cts')), forRequire);
  writeFileSync(join(made, file), isAlikeInBoth(text) ? sameAs(file) : text);
}

/**
 * Whether it says the same to `import` and to `require`. What other packages declare may differ between the two, and
 * what is a module's default does.
 */
function isAlikeInBoth(text) {
  const said = text.replace(/\/\*[\s\S]*?\*\//g, '');
  const packages = [...said.matchAll(/(?:from |import\(|declare module )["']([^"']+)["']/g)].map(
    ([, name]) => name,
  );
  return packages.every((name) => /^(\.|node:)/.test(name)) && !/export default|\bas default\b/.test(said);
}

/** Every declaration once in the package: a module may import what is there for `require`, and not the other way round. */
function sameAs(file) {
  return `export * from "./${basename(file, '.d.ts')}.cjs";\n`;
}

// What files of the package say to each other takes a getter each, written out: the same in a loop. Nobody outside reads them.
const GETTER =
  /Object\.defineProperty\(exports,"([^"]+)",\{enumerable:!0,get:function\(\)\{return ([\w$.`]+)\}\}\)/;
const GETTERS = new RegExp(`${GETTER.source}(?:,${GETTER.source})+`, 'g');
for (const file of readdirSync(join(made, 'lib'))) {
  if (!file.endsWith('.cjs')) continue;
  const text = readFileSync(join(made, 'lib', file), 'utf8');
  const shorter = text.replace(GETTERS, (all) => {
    const each = [...all.matchAll(new RegExp(GETTER, 'g'))].map(([, name, value]) => `${name}:()=>${value}`);
    return `Object.entries({${each.join()}}).forEach(([n,get])=>Object.defineProperty(exports,n,{enumerable:!0,get}))`;
  });
  writeFileSync(join(made, 'lib', file), shorter);
}

// Node prints the line that an uncaught error was made or thrown in, before its message: one that is a whole file would bury
// it. It prints none that says so itself: where a KeyturnError is made, and where a start in place throws one again. No other has
// the bytes for it.
const SILENT = '//node-do-not-add-exception-line\n';
const LONG = 200;
const lengthOfLast = (text) => text.length - text.lastIndexOf('\n') - 1;
function inLines(text) {
  const [first, ...throwing] = text.split(/(?<=[;{})])(?=throw )/);
  let lines = first;
  for (const part of throwing) {
    const [again] = /^throw [\w$]+;(?=return )/.exec(part) ?? [];
    const begins = again !== undefined || lengthOfLast(lines) > LONG;
    const ends = part.replace(/([;}])(?=(?:async )?function[ *]|class )/, '$1\n');
    lines += (begins ? '\n' : '') + (again === undefined ? ends : again + SILENT + part.slice(again.length));
  }
  return lines.replace('Error.captureStackTrace?.(this),', `\n$&${SILENT}`);
}
for (const file of readdirSync(made, { recursive: true, encoding: 'utf8' }))
  if (/\.c?js$/.test(file)) writeFileSync(join(made, file), inLines(readFileSync(join(made, file), 'utf8')));
renameSync(dist, compiled);
renameSync(made, dist);
