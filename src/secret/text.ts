// Turns what an operator provides into the text that becomes key material.
import { KeyturnError } from '../errors.js';
import { parseJson } from '../formats.js';

const OUTER = ' \t\r\n';

/**
 * Strict UTF-8: a lenient decoder would turn different broken files into the same text, and so the same key.
 *
 * @throws KeyturnError `secret_malformed`
 */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new KeyturnError(
      'secret_malformed',
      `${where} is not UTF-8 text`,
      'store the secret as text, for example as hex digits',
    );
  }
}

/**
 * Takes a byte-order mark and outer spaces, tabs and line ends off a secret. They come from editors and
 * `echo`, never from intent; every other control character is a mistake (a broken paste, a binary file).
 *
 * @param where names the place in errors; the text itself never appears in one
 * @throws KeyturnError `secret_empty`, `secret_malformed`
 */
export function cleanSecret(raw: string, where: string): string {
  const secret = trimmed(raw.replace(/^\uFEFF/, ''));
  if (secret === '') {
    throw new KeyturnError(
      'secret_empty',
      `${where} is empty`,
      'put its secret back; keyturn generate prints a first one',
    );
  }
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

/** Without a regular expression: an unanchored one takes quadratic time over long runs of spaces. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && OUTER.includes(text[start] as string)) start++;
  while (end > start && OUTER.includes(text[end - 1] as string)) end--;
  return text.slice(start, end);
}

export function looksLikeArray(text: string): boolean {
  return text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .startsWith('[');
}

/** A JSON array of secrets, the newest first. @throws KeyturnError `secret_empty`, `secret_malformed` */
export function parseSecretArray(text: string, where: string): readonly string[] {
  const secrets = parseJson(text.replace(/^\uFEFF/, ''));
  if (!Array.isArray(secrets) || !secrets.every((item) => typeof item === 'string')) {
    throw new KeyturnError(
      'secret_malformed',
      `${where} begins like a JSON array of secrets, and is not a valid one`,
      'write ["newest secret", "older secret"], each in double quotes',
    );
  }
  if (secrets.length > 0) return secrets;
  const hint = 'put its secret back; keyturn generate prints a first one';
  throw new KeyturnError('secret_empty', `${where} is an array without a secret`, hint);
}

export function notEmpty(text: string, where: string): string {
  if (isBlank(text)) cleanSecret('', where);
  return text;
}

/** Whether there is nothing but what editors leave. */
export function isBlank(text: string): boolean {
  return text.replace(/^\uFEFF/, '').trim() === '';
}
