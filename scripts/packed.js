// The packed package in projects of its users: each has a lock file of its own, is installed by a command alone, outside
// of the repository, so that nothing here is found by chance, and kept there for the next time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** A folder for what is installed. @param kind one for each command */
export function placeFor(kind) {
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 8);
  const place = join(tmpdir(), `keyturn-${kind}-${hash}`);
  mkdirSync(place, { recursive: true });
  return place;
}

/** The path of the packed package. */
export function pack(place) {
  const said = npm(['pack', '--json', '--foreground-scripts=false', '--pack-destination', place], root);
  if (said === undefined) process.exit(1);
  return join(place, JSON.parse(said.slice(said.indexOf('[')))[0].filename);
}

/**
 * Copies a project, and installs what it asks for where that has changed; then the package.
 *
 * @param tarball undefined where the project does without
 * @returns whether that went well; npm has said what did not
 */
export function install(project, folder, tarball) {
  const lock = readFileSync(join(project, 'package-lock.json'), 'utf8');
  const mark = join(folder, 'node_modules', '.installed');
  const isThere = existsSync(mark) && readFileSync(mark, 'utf8') === lock;
  for (const entry of existsSync(folder) ? readdirSync(folder) : [])
    if (entry !== 'node_modules') rmSync(join(folder, entry), { recursive: true });
  cpSync(project, folder, { recursive: true });
  if (!isThere && npm(['ci'], folder) === undefined) return false;
  if (tarball !== undefined) {
    rmSync(join(folder, 'node_modules', 'keyturn'), { recursive: true, force: true });
    if (npm(['install', '--no-save', '--no-package-lock', tarball], folder) === undefined) return false;
  }
  writeFileSync(mark, lock);
  return true;
}

function npm(args, cwd) {
  const run = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd,
    encoding: 'utf8',
  });
  if (run.status !== 0) console.error(`npm ${args.join(' ')} in ${cwd}\n${run.stdout}${run.stderr}`);
  return run.status === 0 ? run.stdout : undefined;
}

/** What was asked for by name, or all. Ends the process where there is no such thing. */
export function wanted(known, where) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  console.error(`there is no ${unknown.map((name) => `${where}/${name}`).join(', ')}: ${known.join(', ')}`);
  process.exit(2);
}
