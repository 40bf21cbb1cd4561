// npm run test:nodes [versions…]: the whole test suite on each Node line, by way of the registry's package `node`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24'];
const failed = [];

for (const version of versions) {
  const folder = join(root, 'node_modules', '.cache', 'keyturn-nodes', version);
  const node = join(
    folder,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
    const installed = spawnSync('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], {
      cwd: folder,
      stdio: 'inherit',
    });
    if (installed.status !== 0) {
      console.error(`node ${version} could not be installed`);
      failed.push(version);
      continue;
    }
  }
  console.log(`\n— ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  // Child processes of the tests must be of the same version.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const run = spawnSync(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=dot'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (run.status !== 0) failed.push(version);
}

console.log(
  failed.length === 0 ? `\npassed on Node ${versions.join(', ')}` : `\nfailed on Node ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
