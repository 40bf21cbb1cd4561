// Bun, Deno and workerd, by way of the registry, for npm run test:runtimes.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const contract = join(root, 'test', 'contract');
const folder = join(root, 'node_modules', '.cache', 'keyturn-runtimes');

/**
 * Installs what `compat/runtimes` names where that has changed.
 *
 * @returns whether all is there
 */
export function installRuntimes() {
  const lock = readFileSync(join(root, 'compat/runtimes/package-lock.json'), 'utf8');
  const mark = join(folder, 'package-lock.json');
  if (existsSync(join(folder, 'node_modules')) && existsSync(mark) && readFileSync(mark, 'utf8') === lock)
    return true;
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(root, 'compat/runtimes', file), join(folder, file));
  // Their binaries are put in place by scripts of theirs.
  const how = { cwd: folder, stdio: 'inherit' };
  if (spawnSync('npm', ['ci', '--no-audit', '--no-fund'], how).status === 0) return true;
  rmSync(mark, { force: true });
  return false;
}

/** The path of a runtime that was installed; undefined where it was not. */
export function runtimeNamed(name) {
  const path = join(folder, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
  return existsSync(path) ? path : undefined;
}

/** What starts a program of this repository on a runtime: the command, and what stands before the file. */
export const COMMANDS = {
  bun: (bun) => [bun],
  deno: (deno) => [deno, 'run', '--allow-all', '--quiet', '--node-modules-dir=manual'],
};

/**
 * Runs the contract in workerd, as far as Fetch goes.
 *
 * @returns whether all was passed
 */
export async function contractInWorkerd(workerd) {
  const place = mkdtempSync(join(tmpdir(), 'keyturn-workerd-'));
  let running;
  try {
    await bundleWorker(join(place, 'worker.js'));
    copyFileSync(join(contract, 'workerd/config.capnp'), join(place, 'config.capnp'));
    running = spawn(workerd, ['serve', '--control-fd=3', join(place, 'config.capnp')], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    const ended = new Promise((_, reject) => {
      running.once('error', reject);
      running.once('exit', (code) => reject(new Error(`workerd ended with ${code}`)));
    });
    const port = await Promise.race([listening(running.stdio[3]), ended]);
    const answer = await Promise.race([fetch(`http://127.0.0.1:${port}/`), ended]);
    console.log(await answer.text());
    return answer.status === 200;
  } catch (error) {
    console.error(`web: ${error.message}`);
    return false;
  } finally {
    running?.removeAllListeners('exit').kill();
    rmSync(place, { recursive: true });
  }
}

/** In one file: what Keyturn loads only where it is needed is in it, too. */
async function bundleWorker(file) {
  const bundle = await rolldown({
    input: join(contract, 'workerd/worker.mjs'),
    external: [/^node:/],
    platform: 'node',
    logLevel: 'silent',
  });
  await bundle.write({ file, format: 'es', codeSplitting: false });
  await bundle.close();
}

/** The port that workerd tells of. */
async function listening(control) {
  let said = '';
  for await (const piece of control) {
    said += piece;
    const event = said.split('\n').find((line) => line.includes('"listen"'));
    if (event !== undefined) return JSON.parse(event).port;
  }
  throw new Error('workerd told of no port');
}
