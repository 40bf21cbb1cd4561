// npm run test:bundlers [-- names…]: the packed package in real bundlers, test runners and frameworks, on the newest Node
// and on the oldest that is supported. Each has a folder in `compat` with a lock file of its own, is installed by this
// command alone, outside of the repository, so that nothing here is found by chance, and kept there for the next time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envOf, nodeOf, versionOf } from './node-versions.js';

const root = join(import.meta.dirname, '..');
const compat = join(root, 'compat');
const NODES = ['26', '20'];
/** Not tools: what they share, and what is found beside a bundle. */
const SHARED = ['prove', 'peers'];

const known = readdirSync(compat).filter((name) => !SHARED.includes(name));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : known;
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`there is no compat/${unknown.join(', compat/')}: ${known.join(', ')}`);
  process.exit(2);
}

const place = join(tmpdir(), `keyturn-compat-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`);
mkdirSync(place, { recursive: true });
const begun = performance.now();
const tarball = pack();
const peers = prepare('peers');
let failed = 0;
for (const name of wanted) {
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

function npm(args, cwd) {
  const run = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd,
    encoding: 'utf8',
  });
  if (run.status !== 0) console.error(`npm ${args.join(' ')} in ${cwd}\n${run.stdout}${run.stderr}`);
  return run.status === 0 ? run.stdout : undefined;
}

function pack() {
  const said = npm(['pack', '--json', '--foreground-scripts=false', '--pack-destination', place], root);
  if (said === undefined) process.exit(1);
  return join(place, JSON.parse(said.slice(said.indexOf('[')))[0].filename);
}

/** Copies a folder of `compat`, and installs what it asks for where that has changed; then the tarball. */
function prepare(name) {
  const folder = join(place, name);
  const lock = readFileSync(join(compat, name, 'package-lock.json'), 'utf8');
  const mark = join(folder, 'node_modules', '.installed');
  const isThere = existsSync(mark) && readFileSync(mark, 'utf8') === lock;
  for (const entry of existsSync(folder) ? readdirSync(folder) : [])
    if (entry !== 'node_modules') rmSync(join(folder, entry), { recursive: true });
  cpSync(join(compat, name), folder, { recursive: true });
  cpSync(join(compat, 'prove'), join(folder, 'prove'), { recursive: true });
  if (!isThere && npm(['ci'], folder) === undefined) return undefined;
  if (name !== 'peers') {
    rmSync(join(folder, 'node_modules', 'keyturn'), { recursive: true, force: true });
    if (npm(['install', '--no-save', '--no-package-lock', tarball], folder) === undefined) return undefined;
  }
  writeFileSync(mark, lock);
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
