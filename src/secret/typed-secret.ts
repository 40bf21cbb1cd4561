// A file with a secret that an operator has typed.
import { isPipe, readPipe } from '../disk/pipe.js';
import { readBounded, SOURCE_LIMIT } from '../disk/read.js';
import { emptyFile, fileFrom, unreadable } from './refused-file.js';
import { decodeText, isBlank } from './text.js';

/**
 * Reads it as one that a setting names. It may be a pipe, too.
 *
 * @throws KeyturnError `secret_unreadable`, `secret_empty`, `secret_malformed`
 */
export async function readTypedSecret(path: string, name: string): Promise<string> {
  const reading = isPipe(path) ? readPipe(path, SOURCE_LIMIT) : readBounded(path, SOURCE_LIMIT);
  const bytes = await reading.catch((error) => Promise.reject(unreadable(path, name, error)));
  const text = decodeText(bytes, fileFrom(path, name));
  if (isBlank(text)) throw emptyFile(path, name);
  return text;
}
