// Secrets that are published: examples of frameworks, libraries, templates and tutorials, and what attackers' lists hold.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Bytes. Shorter ones are too short for a secret: none is on the list. */
export const SHORTEST = 32;
/** Parts are looked for this far. */
const LOOKED_AT = 1024;

let list: ReadonlySet<string> | undefined;

/**
 * Read when the first secret is judged: an import alone costs nothing. Empty where a bundler left the file behind, or
 * knows no place of this module.
 */
function published(): ReadonlySet<string> {
  if (list === undefined) {
    try {
      // Beside `src` and `dist`. Its head says what is in it and where each part stands.
      const file = new URL('../../data/published-secrets.txt', import.meta.url);
      list = new Set(readFileSync(file, 'latin1').split('\n'));
    } catch {
      list = new Set();
    }
  }
  return list;
}

/** Whether the list is there. */
export function hasPublishedList(): boolean {
  return published().size > 1;
}

/** Whether a secret is on the list, or a part of it that is set off by a comma, a space, a quote or the like. */
export function isPublished(secret: string): boolean {
  const parts = secret.slice(0, LOOKED_AT).split(/[\s,;:'"`|]+/);
  return [...new Set([secret, ...parts])].some(isListed);
}

function isListed(text: string): boolean {
  return Buffer.byteLength(text) >= SHORTEST && published().has(publishedHash(text));
}

/** Case, separators, quotes and the padding and prefix of base64 make no other secret of it. */
export function fold(secret: string): string {
  return secret
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/^base64/, '');
}

/** 48 bits of SHA-256: too few to find a secret by, enough that none meets one by chance. */
export function publishedHash(secret: string): string {
  return hash('sha256', fold(secret), 'buffer').subarray(0, 6).toString('base64url');
}
