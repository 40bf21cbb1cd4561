// npm run test:bundlers [-- names…]: the packed package in real bundlers, test runners and frameworks, on the newest Node
// and on the oldest that is supported. Each has a folder in `compat`.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { envOf, nodeOf, versionOf } from './node-versions.js';
import { install, pack, placeFor, root, wanted } from './packed.js';

const compat = join(root, 'compat');
const NODES = ['26', '20'];
/** Not tools: what they share, what is found beside a bundle, and what other commands install. */
const SHARED = ['prove', 'peers', 'runtimes', 'neighbours'];

const known = readdirSync(compat).filter((name) => !SHARED.includes(name));
const names = wanted(known, 'compat');
const place = placeFor('compat');
const begun = performance.now();
const tarball = pack(place);
const peers = prepare('peers');
let failed = 0;
for (const name of names) {
  const folder = prepare(name);
  if (folder === undefined) {
    failed++;
    continue;
  }
  // What does not run on Node, such as a compiler's check of types, says so: one is enough.
  const { nodes = NODES } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const version of nodes) if (!check(name, folder, version)) failed++;
}
const seconds = Math.round((performance.now() - begun) / 1000);
console.log(failed === 0 ? `all of them, in ${seconds} s` : `${failed} failed, in ${seconds} s`);
process.exitCode = failed === 0 ? 0 : 1;

/** @returns where it is installed; undefined where it cannot be */
function prepare(name) {
  const folder = join(place, name);
  if (!install(join(compat, name), folder, name === 'peers' ? undefined : tarball)) return undefined;
  cpSync(join(compat, 'prove'), join(folder, 'prove'), { recursive: true });
  return folder;
}

function check(name, folder, version) {
  const node = nodeOf(version);
  if (node === undefined) {
    console.error(`✗ ${name}: node ${version} could not be installed`);
    return false;
  }
  // What this process was told of its profile is not for the apps that are started.
  const { KEYTURN_ENV, NODE_ENV, CI, ...env } = process.env;
  const started = performance.now();
  const run = spawnSync('npm', ['run', '--silent', 'check'], {
    cwd: folder,
    encoding: 'utf8',
    // A server that does not end is a failure, and no reason to wait.
    timeout: 300_000,
    killSignal: 'SIGKILL',
    env: { ...envOf(node, env), COMPAT_PEERS: peers, NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
  });
  const took = `${Math.round((performance.now() - started) / 1000)} s`;
  console.log(`${run.status === 0 ? '✓' : '✗'} ${name} on Node ${versionOf(node)} (${took})`);
  if (run.status !== 0) console.error(run.stdout + run.stderr);
  return run.status === 0;
}
