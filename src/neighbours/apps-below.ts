// The apps of a monorepo that sign with libraries, for a command that is typed at its root.
import { join, relative } from 'node:path';
import { foldersIn } from '../disk/read.js';
import { NEIGHBOURS } from './catalogue/index.js';
import { packagesOf } from './installed.js';

/** A monorepo has its packages two levels below, and rarely more than so many in one folder. */
const LEVELS = 2;
const MOST_FOLDERS = 100;

/** An app below a folder, with the libraries that its package.json names. */
export interface AppBelow {
  /** Relative to the folder. */
  readonly path: string;
  readonly packages: readonly string[];
}

/** Without those that need a look at the source to tell whether they sign at all. */
const SIGNING: ReadonlySet<string> = new Set(
  NEIGHBOURS.filter((one) => one.isFramework !== true).map((one) => one.package),
);

export async function appsBelow(root: string): Promise<readonly AppBelow[]> {
  const found: AppBelow[] = [];
  const visit = async (folder: string, levels: number): Promise<void> => {
    const names = (await foldersIn(folder, MOST_FOLDERS)).filter(
      (name) => name !== 'node_modules' && !name.startsWith('.'),
    );
    for (const name of names.sort()) {
      const below = join(folder, name);
      const packages = packagesOf(below).flatMap((one) => (SIGNING.has(one.name) ? [one.name] : []));
      if (packages.length > 0) found.push({ path: relative(root, below), packages });
      if (levels > 1) await visit(below, levels - 1);
    }
  };
  await visit(root, LEVELS);
  return found;
}
