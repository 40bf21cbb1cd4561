// Files that look like configuration and are never read: a slip in the name of a profile would go unnoticed.
import { basename, dirname, extname } from 'node:path';
import { namesIn } from '../disk/files.js';
import { listOf, oneLine } from '../printable.js';
import { nearest } from './nearest.js';

const READ = ['dev', 'test', 'prod'];
/** The start says more of these, or they are what people keep beside a file on purpose. */
const FINE: readonly string[] = [
  ...READ,
  ...['development', 'testing', 'production', 'example', 'sample', 'template', 'dist', 'default'],
];

/** What is in the way of reading them, one for each. @param config the file that stands below that of the profile */
export async function misnamedConfigs(
  config: string,
): Promise<readonly { readonly what: string; readonly hint: string }[]> {
  const extension = extname(config);
  const beginning = `${basename(config, extension)}.`;
  const names = await namesIn(dirname(config));
  const profileIn = (name: string) => name.slice(beginning.length, -extension.length);
  return names
    .filter((name) => name.startsWith(beginning) && name.endsWith(extension) && name !== basename(config))
    .filter((name) => !FINE.includes(profileIn(name)))
    .sort()
    .map((name) => {
      const meant = nearest(profileIn(name), READ);
      const fileOf = (profile: string) => `${beginning}${profile}${extension}`;
      return {
        what: `${oneLine(name)} is never read`,
        hint:
          meant === undefined
            ? `the file of a profile is ${listOf(READ.map(fileOf))}`
            : `did you mean ${fileOf(meant)}?`,
      };
    });
}
