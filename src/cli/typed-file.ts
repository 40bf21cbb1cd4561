// Files that were typed as an argument.
import { isAbsolute, resolve as resolvePath } from 'node:path';
import { isThere } from '../disk/read.js';
import { looksLikeDocument } from '../keyring/document-text.js';
import { looksLikeArray } from '../secret/text.js';
import { readTypedSecret } from '../secret/typed-secret.js';
import type { Context } from './command.js';
import { refused } from './stop.js';

/**
 * The text of a file that was typed. A path with nothing there is not repeated: it may be a secret.
 *
 * @param name what the help calls it: `FILE`, `--from`
 */
export async function readTyped(context: Context, typed: string, name: string): Promise<string> {
  const path = pathOf(context, typed);
  if (!isThere(path)) {
    throw refused(`the file that ${name} names is not there`, `${name} takes the path of a file`);
  }
  return await readTypedSecret(path, name);
}

/** A path as it was typed, seen from `--cwd`. */
export function pathOf({ machine }: Context, typed: string): string {
  return isAbsolute(typed) ? typed : resolvePath(machine.cwd, typed);
}

/** The new secret that `--from` names; undefined without it. */
export async function secretFrom(context: Context): Promise<string | undefined> {
  const file = context.value('from');
  if (file === undefined) return undefined;
  const text = await readTyped(context, file, '--from');
  if (looksLikeDocument(text) || looksLikeArray(text)) {
    throw refused(
      'the file that --from names holds JSON, where one secret belongs',
      'it takes a file with one line; keyturn import takes over an array',
    );
  }
  return text;
}
