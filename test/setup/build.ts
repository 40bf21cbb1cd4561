// Tests of the command line, of Locker and of the public entry points run what users run: the compiled package.
import { execFileSync } from 'node:child_process';

export default function build(): void {
  const compiler = 'node_modules/typescript/bin/tsc';
  execFileSync(process.execPath, [compiler, '-b', '.', 'examples/locker'], { stdio: 'inherit' });
}
