// Other versions of Node, by way of the registry's package `node`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The path of a Node of that line, installed where it is not yet.
 *
 * @returns undefined where it cannot be installed
 */
export function nodeOf(version) {
  if (process.versions.node.split('.')[0] === version) return process.execPath;
  const folder = join(root, 'node_modules', '.cache', 'keyturn-nodes', version);
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const node = join(folder, 'node_modules', 'node', 'bin', name);
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const how = { cwd: folder, stdio: 'inherit' };
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], how);
  // The package fetches its program by a script, which a newer npm does not run.
  if (status === 0 && !existsSync(node))
    spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: join(folder, 'node_modules', 'node'),
    });
  return existsSync(node) ? node : undefined;
}

/** What such a Node says of itself: `v26.1.0`. */
export function versionOf(node) {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
}

/** The environment of a process whose children are to run on the same Node. */
export function envOf(node, env = process.env) {
  const separator = process.platform === 'win32' ? ';' : ':';
  return { ...env, PATH: `${dirname(node)}${separator}${env.PATH}` };
}
