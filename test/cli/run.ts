// Runs the built program as users do: a process of its own, in a folder of its own, with no environment but the
// one that a test gives it.
import { type ExecFileException, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../support/machine.js';

export const MAIN: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export async function keyturn(args: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const options = {
    cwd: around.cwd ?? tempDir(),
    env: { PATH: process.env.PATH, ...around.env },
    maxBuffer: 16 * 1024 * 1024,
  };
  return await new Promise((done) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      options,
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(around.input ?? '');
  });
}

/** That standard error is exactly one error: two lines, lower case, no full stop. */
export const TWO_LINES: RegExp =
  /^keyturn: error: (?![A-Z][a-z]).*[^.\n]\nkeyturn: hint: (?![A-Z][a-z]).*[^.\n]\n$/;
