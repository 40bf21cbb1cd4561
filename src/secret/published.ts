// Secrets that are published: examples of frameworks, libraries, templates and tutorials, and what attackers' lists hold.
import { hash } from 'node:crypto';
import { vocabulary } from './vocabulary.js';

/** Bytes. Shorter ones are too short for a secret: none is on the list. */
export const SHORTEST = 32;
/** Parts are looked for this far. */
const LOOKED_AT = 1024;

/** Whether a secret is on the list, or a part of it that is set off by a comma, a space, a quote or the like. */
export function isPublished(secret: string): boolean {
  const parts = secret.slice(0, LOOKED_AT).split(/[\s,;:'"`|]+/);
  return [...new Set([secret, ...parts])].some(isListed);
}

function isListed(text: string): boolean {
  return Buffer.byteLength(text) >= SHORTEST && vocabulary().published.has(publishedHash(text));
}

/** Case, separators, quotes and the padding and prefix of base64 make no other secret of it. */
export function fold(secret: string): string {
  return secret
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/^base64/, '');
}

/** 37 bits of SHA-256: too few to find a secret by, enough that one in five million meets one of the list by chance. */
export function publishedHash(secret: string): number {
  return Math.floor(hash('sha256', fold(secret), 'buffer').readUIntBE(0, 6) / 2 ** 11);
}
