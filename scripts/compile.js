// Compiles what has changed, for commands of a clone that are there to try things out.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/**
 * @param folder with the tsconfig.json of what is to run
 * @param name whoever runs it knows it by
 * @param what is compiled, in words
 * @returns whether it can run; what is wrong has been said
 */
export function compile(folder, name, what) {
  const refuse = (message, hint) => {
    process.stderr.write(`${name}: error: ${message}\n${name}: hint: ${hint}\n`);
    process.exitCode = 1;
    return false;
  };
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) return refuse('the dependencies are not installed', 'run npm ci');
  if (!existsSync(join(folder, 'dist', '.tsbuildinfo')))
    process.stderr.write(`${name}: compiling ${what}, which takes a moment the first time\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-b', folder], { encoding: 'utf8' });
  if (status === 0) return true;
  process.stderr.write(stdout + stderr);
  return refuse('the sources do not compile', 'put right what is listed above');
}
