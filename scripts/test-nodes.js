// npm run test:nodes [versions…]: the whole test suite on each Node line.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envOf, nodeOf, versionOf } from './node-versions.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24', '26'];
const failed = [];

for (const version of versions) {
  const node = nodeOf(version);
  if (node === undefined) {
    console.error(`node ${version} could not be installed`);
    failed.push(version);
    continue;
  }
  console.log(`\n— ${versionOf(node)}`);
  // Child processes of the tests must be of the same version.
  const run = spawnSync(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=dot'], {
    cwd: root,
    env: envOf(node),
    stdio: 'inherit',
  });
  if (run.status !== 0) failed.push(version);
}

console.log(
  failed.length === 0 ? `\npassed on Node ${versions.join(', ')}` : `\nfailed on Node ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
