// Tests of the command line, of Locker and of the public entry points run what users run: the compiled package.
import { execFileSync } from 'node:child_process';

const DONE = Symbol.for('keyturn/test/built');
const once = globalThis as { [DONE]?: true };

export default function build(): void {
  // Each project sets up its own, in this process.
  if (once[DONE]) return;
  const compiler = 'node_modules/typescript/bin/tsc';
  execFileSync(process.execPath, [compiler, '-b', '.', 'examples/locker'], { stdio: 'inherit' });
  once[DONE] = true;
}
