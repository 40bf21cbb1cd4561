// npm run package: is what would be published right? Each step is a claim; the first that does not hold ends it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const bin = (name) => join(root, 'node_modules', '.bin', name);

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

claim('publint finds nothing', () => run(bin('publint'), ['--strict']));

let tarball;
claim('it packs, with what it needs and nothing else', () => {
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch]),
  );
  tarball = join(scratch, packed.filename);
  const files = packed.files.map(({ path }) => path);
  const stray = files.filter(
    (path) =>
      !/^(dist\/.+\.(js|d\.ts)|docs\/.+|data\/published-secrets\.txt|(README|CHANGELOG|SECURITY)\.md|LICENSE|package\.json)$/.test(
        path,
      ),
  );
  if (stray.length > 0) throw new Error(`stray files: ${stray.join(', ')}`);
  for (const file of [
    'README.md',
    'LICENSE',
    'dist/index.js',
    'dist/cli/main.js',
    'data/published-secrets.txt',
  ]) {
    if (!files.includes(file)) throw new Error(`${file} is missing`);
  }
});

claim('types are right in every way of resolving that ESM has', () =>
  run(bin('attw'), [tarball, '--profile', 'esm-only']),
);

claim('installed from its tarball, every subpath loads and the command runs', () => {
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: scratch });
  const imports = subpaths.map(
    (subpath) => `await import(${JSON.stringify(subpath.replace('.', manifest.name))});`,
  );
  run(process.execPath, ['--input-type=module', '--eval', imports.join('\n')], { cwd: scratch });
  const secret = run(join(scratch, 'node_modules', '.bin', 'keyturn'), ['generate'], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (!/^[0-9a-f]{64}\n$/.test(secret)) throw new Error('keyturn generate printed something else');
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
