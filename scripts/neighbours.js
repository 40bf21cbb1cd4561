// The libraries that Keyturn lives beside, by way of the registry: what `compat/neighbours` names, installed once.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const FILES = ['package.json', '.npmrc', 'package-lock.json'];

/** Where they are, with a `node_modules` of its own. */
export const NEIGHBOURS = join(root, 'node_modules', '.cache', 'keyturn-neighbours');

/**
 * Installs them where what is asked for has changed.
 *
 * @returns whether all is there
 */
export function installNeighbours() {
  const wanted = join(root, 'compat/neighbours');
  const isSame = (file) =>
    existsSync(join(NEIGHBOURS, file)) &&
    readFileSync(join(NEIGHBOURS, file), 'utf8') === readFileSync(join(wanted, file), 'utf8');
  if (existsSync(join(NEIGHBOURS, 'node_modules')) && FILES.every(isSame)) return true;
  mkdirSync(NEIGHBOURS, { recursive: true });
  for (const file of FILES) {
    // Never written over: in a copy of the repository that is made of hard links it would be the other's, too.
    rmSync(join(NEIGHBOURS, file), { force: true });
    copyFileSync(join(wanted, file), join(NEIGHBOURS, file));
  }
  const how = { cwd: NEIGHBOURS, stdio: ['ignore', 'ignore', 'inherit'] };
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  if (spawnSync('npm', ['ci', ...options], how).status === 0) {
    // What imports a package from here, as a program of theirs would.
    writeFileSync(join(NEIGHBOURS, 'load.mjs'), 'export default (name) => import(name);\n');
    return true;
  }
  rmSync(join(NEIGHBOURS, 'package-lock.json'), { force: true });
  return false;
}
