// Runs one of the proofs in scripts/ as npm does, in a process of its own that does not outlive the tests.
import { type ExecFileException, execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { TestContext } from 'vitest';
import { afterwards } from '../support/ring-file.js';

export interface Proof {
  readonly code: number;
  readonly output: string;
}

/** How a proof ends on a machine that stands still for longer than its waits are. */
const TOO_SLOW_TO_JUDGE = 3;

/** Runs a proof whose waits are short, and once more where the machine was too slow to judge; then the test is skipped, and says why. */
export async function runTimed(
  { skip }: Pick<TestContext, 'skip'>,
  script: string,
  ...args: string[]
): Promise<Proof> {
  for (let tries = 0; ; tries++) {
    const proof = await runProof(script, ...args);
    if (proof.code !== TOO_SLOW_TO_JUDGE) return proof;
    if (tries > 0) skip(/too slow to judge.*/.exec(proof.output)?.[0]);
  }
}

export async function runProof(script: string, ...args: string[]): Promise<Proof> {
  return await new Promise((done) => {
    const child = execFile(
      process.execPath,
      [resolve('scripts', script), ...args],
      { maxBuffer: 16 * 1024 * 1024, timeout: 270_000 },
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, output: stdout + stderr });
      },
    );
    afterwards(() => child.kill());
  });
}
