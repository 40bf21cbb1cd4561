// npm run test:runtimes [-- names…]: the contract of every adapter over what is compiled, on each line of Node, on Bun and
// Deno, and in workerd as far as Fetch goes. What a case cannot be asked of is told.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { envOf, nodeOf, versionOf } from './node-versions.js';
import { COMMANDS, contractInWorkerd, installRuntimes, runtimeNamed } from './runtimes.js';

const root = join(import.meta.dirname, '..');
const program = join(root, 'test/contract/run.mjs');
const ADAPTERS = ['fastify', 'express5', 'express4', 'koa3', 'koa2', 'hono', 'web', 'edge'];
const NODES = ['20', '22', '24', '26'];
const OTHERS = ['bun', 'deno', 'workerd'];

const known = [...NODES.map((version) => `node${version}`), ...OTHERS];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : known;
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`there is no runtime ${unknown.join(', ')}: ${known.join(', ')}`);
  process.exit(2);
}

const begun = performance.now();
const failed = [];
for (const name of wanted) {
  const since = performance.now();
  if (!(await test(name))) failed.push(name);
  console.log(`  in ${Math.round((performance.now() - since) / 1000)} s`);
}
const seconds = Math.round((performance.now() - begun) / 1000);
console.log(failed.length === 0 ? `\nall of them, in ${seconds} s` : `\nfailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function test(name) {
  if (name.startsWith('node')) {
    const node = nodeOf(name.slice('node'.length));
    if (node === undefined) return notThere(name);
    console.log(`\n— Node ${versionOf(node)}`);
    return onEach([node], envOf(node));
  }
  const runtime = installRuntimes() ? runtimeNamed(name) : undefined;
  if (runtime === undefined) return notThere(name);
  console.log(
    `\n— ${spawnSync(runtime, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]} (${name})`,
  );
  if (name === 'workerd') return await contractInWorkerd(runtime);
  return onEach(COMMANDS[name](runtime), process.env);
}

function notThere(name) {
  console.error(`${name} could not be installed`);
  return false;
}

/** Each adapter in a process of its own: what one leaves open is none of the next one's. */
function onEach([command, ...before], env) {
  const run = (adapter) =>
    spawnSync(command, [...before, program, adapter], { cwd: root, env, stdio: 'inherit' });
  return ADAPTERS.map((adapter) => run(adapter).status === 0).every(Boolean);
}
