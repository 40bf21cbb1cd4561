// Folders that tests write into.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/**
 * A folder of its own for one test. It goes when its file is through, and not with the test: of tests that run at the same
 * time nobody can tell which one has asked.
 */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'keyturn-test-'));
  made.push(path);
  return path;
}

/** Called by test/setup/temp-dirs.ts when a file is through. */
export function removeTempDirs(): void {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
}
