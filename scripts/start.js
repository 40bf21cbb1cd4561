// What `npm start` runs: compiles what has changed, then starts the example app in this process.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const locker = join(root, 'examples', 'locker');

if (compile()) {
  // For trying things out, not for a server: a real app leaves this to its surroundings.
  if (process.env.KEYTURN_ENV === undefined && process.env.NODE_ENV === undefined) {
    process.env.KEYTURN_ENV = 'dev';
  }
  await import(pathToFileURL(join(locker, 'dist', 'main.js')).href);
}

function compile() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) return refuse('the dependencies are not installed', 'run npm ci');
  if (!existsSync(join(locker, 'dist', '.tsbuildinfo')))
    process.stderr.write('locker: compiling Keyturn and Locker, which takes a moment the first time\n');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-b', locker], { encoding: 'utf8' });
  if (status === 0) return true;
  process.stderr.write(stdout + stderr);
  return refuse('the sources do not compile', 'put right what is listed above');
}

function refuse(message, hint) {
  process.stderr.write(`locker: error: ${message}\nlocker: hint: ${hint}\n`);
  process.exitCode = 1;
  return false;
}
