// Tokens of csrf-csrf: an HMAC in hex over a session and a random value, and that value behind it.
import { createHmac } from 'node:crypto';
import { type LibraryKey, sameSignature } from './cookies.js';

export interface CsrfCsrfFormat {
  /** Between the parts of what is signed. */
  readonly messageDelimiter: string;
  /** Between the HMAC and the random value. */
  readonly tokenDelimiter: string;
  readonly algorithm: string;
}

/** A token of a session. */
export interface CsrfCsrfToken {
  readonly hmac: string;
  readonly random: string;
}

/** @returns undefined where it is none */
export function readCsrfCsrf(text: unknown, { tokenDelimiter }: CsrfCsrfFormat): CsrfCsrfToken | undefined {
  if (typeof text !== 'string') return undefined;
  const [hmac, random] = text.split(tokenDelimiter);
  return hmac && random ? { hmac, random } : undefined;
}

/** A token of the same session and random value, by that key. */
export function csrfCsrf(session: string, random: string, key: LibraryKey, format: CsrfCsrfFormat): string {
  const { messageDelimiter, tokenDelimiter, algorithm } = format;
  const message = [session.length, session, random.length, random].join(messageDelimiter);
  return createHmac(algorithm, key).update(message).digest('hex') + tokenDelimiter + random;
}

export function isCsrfCsrfBy(
  { hmac, random }: CsrfCsrfToken,
  session: string,
  key: LibraryKey,
  format: CsrfCsrfFormat,
): boolean {
  return sameSignature(csrfCsrf(session, random, key, format), hmac + format.tokenDelimiter + random);
}
