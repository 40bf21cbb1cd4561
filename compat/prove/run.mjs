// Runs what a bundler made, away from the packages that it was made of.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Copies the folder of the bundle somewhere where there are no packages, and runs it. */
export async function run(file) {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bundle-'));
  try {
    expectProof(file, folder, []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same beside the optional packages, which it must find there. */
export async function runWithPeers(file) {
  expectProof(file, join(process.env.COMPAT_PEERS, 'bundle'), ['peers']);
}

function expectProof(file, folder, args) {
  cpSync(dirname(file), folder, { recursive: true });
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, basename(file)), ...args], {
    encoding: 'utf8',
  });
  if (stdout.trim() !== 'proved') throw new Error(`${file} ${args.join(' ')} said: ${stdout}${stderr}`);
}
