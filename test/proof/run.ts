// Runs one of the proofs in scripts/ as npm does, in a process of its own that does not outlive the tests.
import { type ExecFileException, execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { afterwards } from '../support/ring-file.js';

export interface Proof {
  readonly code: number;
  readonly output: string;
}

export async function runProof(script: string, ...args: string[]): Promise<Proof> {
  return await new Promise((done) => {
    const child = execFile(
      process.execPath,
      [resolve('scripts', script), ...args],
      { maxBuffer: 16 * 1024 * 1024, timeout: 150_000 },
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, output: stdout + stderr });
      },
    );
    afterwards(() => child.kill());
  });
}
