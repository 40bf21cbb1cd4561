// npm run test:neighbours [-- options of vitest]: the bridges, moving in and the codecs against the real libraries, and those
// that ask for a newer Node than this one on a Node that they ask for.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { envOf, nodeOf, versionOf } from './node-versions.js';

const root = join(import.meta.dirname, '..');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
/** The Node that iron-session 9 asks for, and the tests that take it along there. */
const NEWER = { node: '22', tests: ['test/bridges/iron-session'] };

const run = (node, args) =>
  spawnSync(node, [vitest, 'run', '--project', 'neighbours', ...args], {
    cwd: root,
    env: envOf(node),
    stdio: 'inherit',
  }).status === 0;

let passed = run(process.execPath, process.argv.slice(2));
if (Number(process.versions.node.split('.')[0]) < Number(NEWER.node)) {
  const node = nodeOf(NEWER.node);
  if (node === undefined) console.error(`node ${NEWER.node} could not be installed`);
  else console.log(`\n— ${versionOf(node)}`);
  passed = node !== undefined && run(node, NEWER.tests) && passed;
}
process.exitCode = passed ? 0 : 1;
