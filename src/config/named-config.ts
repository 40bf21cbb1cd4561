// What KEYTURN_CONFIG says: loaded where it is set.
import { join, resolve as resolvePath } from 'node:path';
import { isFolder, isThere } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { isQuoted } from './value.js';

/**
 * The file that `KEYTURN_CONFIG` names.
 *
 * @param name what a configuration is called in a folder
 * @throws KeyturnError `config_invalid`
 */
export function namedConfig(value: string, cwd: string, name: string): string {
  if (value.trim() === '') throw wrong('is empty', 'name a file or a folder, or unset it');
  if (isQuoted(value)) throw wrong('has quotation marks around it', 'take them out');
  const path = resolvePath(cwd, value);
  const config = isFolder(path) ? join(path, name) : path;
  // Its value is not repeated: it may be something else that was put there by mistake.
  if (!isThere(config)) {
    const what = config === path ? 'names nothing that is there' : `names a folder without ${name}`;
    throw wrong(what, 'correct it, or unset it');
  }
  return config;
}

function wrong(what: string, hint: string): KeyturnError {
  return new KeyturnError('config_invalid', `KEYTURN_CONFIG ${what}`, hint);
}
