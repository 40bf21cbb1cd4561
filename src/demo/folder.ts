// The temporary folder of a demo: nothing else on the disk is touched.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'keyturn-demo-'));
}

export function removeFolder(folder: string): void {
  // Somebody may be writing a last report into it.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** The same while replicas may still write into it: what they write then they take away themselves. */
export function removeFolderAtOnce(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Nothing waits for this.
  }
}

/** A file that says that a replica is to stand still: it hears nothing else meanwhile. */
export function stillFile(folder: string, name: string): string {
  const path = join(folder, `${name}-stands-still`);
  writeFileSync(path, '');
  return path;
}

export function removeStillFile(path: string): void {
  rmSync(path, { force: true });
}

export function isThere(path: string): boolean {
  return existsSync(path);
}
