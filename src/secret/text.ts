// Turns what an operator provides into the text that becomes key material.
import { KeyturnError } from '../errors.js';

/**
 * Takes a byte-order mark and outer spaces, tabs and line ends off a secret. They come from editors and
 * `echo`, never from intent; every other control character is a mistake (a broken paste, a binary file).
 *
 * @param where names the place in errors; the text itself never appears in one
 * @throws KeyturnError `secret_empty`, `secret_malformed`
 */
export function cleanSecret(raw: string, where: string): string {
  const secret = raw.replace(/^\uFEFF/, '').replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  if (secret === '') {
    throw new KeyturnError(
      'secret_empty',
      `${where} is empty`,
      `put a secret there (keyturn generate prints one), or remove it`,
    );
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001F\u007F-\u009F]/.test(secret)) {
    throw new KeyturnError(
      'secret_malformed',
      `${where} holds a line end or another control character inside the secret`,
      'a secret is one line of text; write a list as a JSON array',
    );
  }
  // Two different broken texts would become the same bytes, and so the same key.
  if (!secret.isWellFormed()) {
    throw new KeyturnError(
      'secret_malformed',
      `${where} is not well-formed text`,
      'use hex digits (keyturn generate) or plain letters',
    );
  }
  return secret;
}
