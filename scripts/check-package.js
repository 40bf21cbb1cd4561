// npm run package: is what would be published right? Each step is a claim; the first that does not hold ends it.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'keyturn-package-'));
const run = (command, args, options = {}) =>
  execFileSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
const installed = join(scratch, 'node_modules', manifest.name);
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** A framework of the repository beside what is installed. */
function bring(name) {
  const place = join(scratch, 'node_modules', name);
  if (!existsSync(place)) symlinkSync(join(root, 'node_modules', name), place);
}

const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json');
const claims = [];
const claim = (text, check) => claims.push([text, check]);

claim('the lock file holds no download address', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (/"resolved": "https?:/.test(lock)) throw new Error('package-lock.json names a registry');
});

claim('no runtime dependency has dependencies or install scripts of its own', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  for (const name of Object.keys(manifest.dependencies)) {
    const entry = lock.packages[`node_modules/${name}`];
    if (entry.hasInstallScript || entry.dependencies) throw new Error(`${name} has`);
  }
});

let tarball;
let packed;
claim('it packs, with what it needs and nothing else', () => {
  // Other output of the scripts that pack stands before it.
  const said = run('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', scratch]);
  [packed] = JSON.parse(said.slice(said.indexOf('[')));
  tarball = join(scratch, packed.filename);
  const files = packed.files.map(({ path }) => path);
  const stray = files.filter(
    (path) =>
      !/^(dist\/.+\.(js|cjs|d\.ts|d\.cts)|docs\/.+|data\/(lists|bundled)\.js|(README|ARCHITECTURE|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE|package\.json)$/.test(
        path,
      ),
  );
  if (stray.length > 0) throw new Error(`stray files: ${stray.join(', ')}`);
  const entries = subpaths.flatMap((subpath) => {
    const { import: esm, require: cjs } = manifest.exports[subpath];
    return [esm.types, esm.default, cjs.types, cjs.default].map((file) => file.replace('./', ''));
  });
  for (const file of [
    'README.md',
    'LICENSE',
    'dist/cli/main.js',
    'data/lists.js',
    'data/bundled.js',
    ...entries,
  ]) {
    if (!files.includes(file)) throw new Error(`${file} is missing`);
  }
});

// The goal is 1.5 MB: the bridges and moving in came on top of what had reached it.
claim('it takes 1.85 MB at most, docs apart', () => {
  const isDocs = ({ path }) => path.startsWith('docs/') || path.endsWith('.md');
  const bytes = packed.files.filter((file) => !isDocs(file)).reduce((sum, { size }) => sum + size, 0);
  console.log(`  ${bytes} bytes`);
  if (bytes > 1_850_000) throw new Error(`${bytes} bytes`);
});

claim('it says where it comes from and where to report', () => {
  for (const field of ['repository', 'homepage', 'bugs']) {
    if (manifest[field] === undefined) throw new Error(`package.json has no ${field}`);
  }
});

claim('older ways of resolving types find every subpath, too', () => {
  const older = Object.entries(manifest.typesVersions['*']).map(([name, [file]]) => [`./${name}`, file]);
  const newer = subpaths
    .filter((subpath) => subpath !== '.')
    .map((subpath) => [subpath, manifest.exports[subpath].import.types]);
  if (JSON.stringify(older) !== JSON.stringify(newer)) throw new Error('typesVersions differs from exports');
});

claim('types are right in every way of resolving', () => run(bin('attw'), [tarball]));

claim('it installs by itself', () => {
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: scratch });
});

claim('nothing of it runs when it is installed', () => {
  const { scripts = {} } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const found = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => name in scripts);
  if (found.length > 0) throw new Error(`package.json has ${found.join(', ')}`);
});

claim('publint finds nothing', () => run(bin('publint'), ['--strict', '--pack', 'false', installed]));

claim('no link in it is broken', () => {
  const broken = packed.files
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...readFileSync(join(installed, path), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target.replace(/#.*$/, ''))
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(installed, path, '..', target)))
        .map((target) => `${path} → ${target}`),
    );
  if (broken.length > 0) throw new Error(broken.join(', '));
});

claim('every subpath loads by import and by require, as one copy, and the command runs', () => {
  // The one framework whose own code an adapter calls.
  bring('hono');
  const names = subpaths.map((subpath) => subpath.replace('.', manifest.name));
  const program = `
    const { createRequire } = await import('node:module');
    const require = createRequire(process.cwd() + '/x.js');
    for (const name of ${JSON.stringify(names)}) {
      const [imported, required] = [await import(name), require(name)];
      for (const member of Object.keys(imported))
        if (imported[member] !== required[member]) throw new Error(name + ' is two: ' + member);
    }`;
  run(process.execPath, ['--input-type=module', '--eval', program], { cwd: scratch });
  const secret = run(join(scratch, 'node_modules', '.bin', 'keyturn'), ['generate'], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (!/^[0-9a-f]{64}\n$/.test(secret)) throw new Error('keyturn generate printed something else');
});

claim('where nobody catches what a start is refused with, no line of the package stands before it', () => {
  const programs = {
    'refused.mjs': "(await import('keyturn/express')).default();",
    'refused.cjs': "require('keyturn/express').default();",
    'later.cjs': "require('keyturn').createKeyturn();",
  };
  for (const [file, program] of Object.entries(programs)) {
    writeFileSync(join(scratch, file), program);
    const env = { PATH: process.env.PATH, KEYTURN_ENV: 'prod' };
    const { stderr } = spawnSync(process.execPath, [file], { cwd: scratch, env, encoding: 'utf8' });
    const [before, after] = stderr.split('KeyturnError: no signing secret');
    if (after === undefined || before.includes('keyturn')) throw new Error(`${file} says ${stderr}`);
  }
});

claim('the demo runs with nothing else installed, and leaves nothing behind', () => {
  const place = mkdtempSync(join(scratch, 'demo-'));
  const said = run(join(scratch, 'node_modules', '.bin', 'keyturn'), ['demo', '--fast', '--json'], {
    cwd: scratch,
    env: { PATH: process.env.PATH, TMPDIR: place },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { store, byHand, withKeyturn } = JSON.parse(said);
  console.log(`  signed out: ${byHand.signedOut} by hand, ${withKeyturn.signedOut} by Keyturn`);
  if (store !== 'document') throw new Error(`it has found ${store}`);
  const left = readdirSync(place);
  if (left.length > 0) throw new Error(`it has left ${left.join(', ')}`);
});

claim('what one copy made the other takes, where a process has both', () => {
  bring('fastify');
  cpSync(join(root, 'scripts', 'check-package-copies.cjs'), join(scratch, 'copies.cjs'));
  run(process.execPath, ['copies.cjs'], { cwd: scratch, env: { PATH: process.env.PATH } });
});

for (const adapter of ['fastify', 'express', 'koa', 'hono', 'web'])
  claim(
    `keyturn/${adapter} loads 150 KB of JavaScript at most, with a variable and sessions in the cookie`,
    () => {
      for (const framework of ['fastify', 'express', 'koa', 'hono']) bring(framework);
      cpSync(join(root, 'scripts', 'check-package-loaded.js'), join(scratch, 'loaded.mjs'));
      const env = {
        PATH: process.env.PATH,
        KEYTURN_ENV: 'prod',
        KEYTURN_LOG__LEVEL: 'silent',
        KEYTURN_SECURITY__SIGNING_SECRET: randomBytes(32).toString('hex'),
        NODE_V8_COVERAGE: mkdtempSync(join(scratch, 'loaded-')),
      };
      const loaded = Object.entries(
        JSON.parse(run(process.execPath, ['loaded.mjs', adapter], { cwd: scratch, env })),
      ).filter(([path]) =>
        [manifest.name, ...Object.keys(manifest.dependencies)].includes(path.split('/')[0]),
      );
      const bytes = loaded.reduce((sum, [, size]) => sum + size, 0);
      if (!loaded.some(([path]) => path.endsWith(`dist/adapters/${adapter}/index.js`)))
        throw new Error('nothing was measured');
      console.log(`  ${bytes} bytes in ${loaded.length} files`);
      if (bytes > 150_000) {
        const list = loaded.sort((one, other) => other[1] - one[1]).map(([path, size]) => `${size} ${path}`);
        throw new Error(`${bytes} bytes:\n${list.join('\n')}`);
      }
    },
  );

claim('what copies a deployment by tracing its files finds all that is required when it is needed', () => {
  // @vercel/nft, which Nitro, Next and Vercel go by: in each of its versions it follows an import, and a plain `require`.
  const rarely = join(scratch, 'node_modules', manifest.name, 'dist/rarely');
  if (!/\bfrom"\.\/files\.cjs"/.test(readFileSync(join(rarely, 'required.js'), 'utf8')))
    throw new Error('dist/rarely/required.js does not import files.cjs');
  const text = readFileSync(join(rarely, 'files.cjs'), 'utf8');
  const names = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
  const files = names.filter((name) => name.startsWith('.'));
  if (files.length < 15) throw new Error(`it names ${files.length} files`);
  const frameworks = ['express', 'fastify', 'hono', 'koa'];
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    .filter((name) => !frameworks.includes(name))
    .sort();
  const traced = names.filter((name) => !name.startsWith('.'));
  if (`${traced}` !== `${packages}`) throw new Error(`it names ${traced}, and not ${packages}`);
});

// The goal is 25 KB. A third of what is left is what errors say, which has to be there when something is wrong at once.
claim('keyturn/edge takes 33.5 KB gzip at most, bundled as for Workers', () => {
  const folder = join(scratch, 'node_modules', manifest.name);
  const [[bytes, zipped], [, all]] = JSON.parse(
    run(process.execPath, [join(root, 'scripts', 'check-package-edge.js'), folder], { cwd: root }),
  );
  console.log(`  ${bytes} bytes, ${zipped} gzip; ${all} with all that is loaded where it is needed`);
  if (zipped > 33_500) throw new Error(`${zipped} bytes`);
});

try {
  for (const [text, check] of claims) {
    try {
      check();
      console.log(`✓ ${text}`);
    } catch (error) {
      console.error(`✗ ${text}: ${error.message}\n${error.stdout ?? ''}`);
      process.exitCode = 1;
      break;
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
