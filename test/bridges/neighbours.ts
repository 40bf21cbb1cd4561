// The real libraries, as compat/neighbours names them: installed by test/setup/neighbours.ts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Where they are installed. */
export const NEIGHBOURS = join(import.meta.dirname, '../../node_modules/.cache/keyturn-neighbours');

/** Imports one, as a program in the folder beside them would. */
export async function neighbour(name: string): Promise<any> {
  const { default: load } = (await import(pathToFileURL(join(NEIGHBOURS, 'load.mjs')).href)) as {
    default: (name: string) => Promise<unknown>;
  };
  return await load(name);
}

/** The version that is installed. */
export async function versionOf(name: string): Promise<string> {
  const text = await readFile(join(NEIGHBOURS, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
