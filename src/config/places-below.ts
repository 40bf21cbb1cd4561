// Where configuration is below a folder: for commands that are typed at the root of a monorepo.
import { join, relative } from 'node:path';
import { foldersIn } from '../disk/read.js';
import { hasConfig } from './place.js';
import { shellQuote } from './shell-quote.js';

/** A monorepo has its packages two levels below, and rarely more than so many in one folder. */
const LEVELS = 2;
const MOST_FOLDERS = 100;

/** The folders below that have a configuration file: a command was typed at the root of a monorepo. */
export async function placesBelow(folder: string, levels: number = LEVELS): Promise<readonly string[]> {
  const names = (await foldersIn(folder, MOST_FOLDERS)).filter(
    (name) => name !== 'node_modules' && !name.startsWith('.'),
  );
  const found: string[] = [];
  // One after another: of a hundred times a hundred folders none needs to be fast.
  for (const name of names.sort()) {
    const below = join(folder, name);
    if (hasConfig(below)) found.push(below);
    else if (levels > 1) found.push(...(await placesBelow(below, levels - 1)));
  }
  return found;
}

/** The same in words: where to run a command instead. Undefined where there is no such place. */
export async function elsewhereBelow(
  cwd: string,
): Promise<{ readonly what: string; readonly hint: string } | undefined> {
  const [first, ...others] = (await placesBelow(cwd)).map((path) => relative(cwd, path));
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return {
    what: `configuration files are in ${first}${more}, and are not read from here`,
    hint: `run this in the folder of the app, or name it: --cwd ${shellQuote(first)}`,
  };
}
