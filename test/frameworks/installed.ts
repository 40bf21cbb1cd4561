// Where `npm run test:examples` has installed an example.
import { join } from 'node:path';

export function installed(name: string): string {
  const { EXAMPLES_FOLDER } = process.env;
  if (EXAMPLES_FOLDER === undefined) throw new Error('run this by npm run test:examples');
  return join(EXAMPLES_FOLDER, name);
}

/** For what does not run on every Node that Keyturn runs on. */
export const NEWER_NODE: string = process.env.EXAMPLES_NODE ?? process.execPath;
