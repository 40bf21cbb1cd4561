// Secrets that are drawn at random, in the ways in which operators draw and write them: none may be refused. For
// `npm run measure:strength`, which draws a million of each, and the tests.
import { randomBytes, randomInt } from 'node:crypto';

/**
 * By kind, what draws one.
 *
 * @param {readonly string[]} words for Diceware; default: 7776 made up of syllables, which cost less to guess than
 *   English words of that length
 * @returns {Readonly<Record<string, () => string>>}
 */
export function drawnSecrets(words = syllables()) {
  const bytes = (length, encoding) => () => randomBytes(length).toString(encoding);
  const hex = bytes(32, 'hex');
  const drawn = (number, separator) => () =>
    Array.from({ length: number }, () => words[randomInt(words.length)]).join(separator);
  return {
    '32 bytes, hex': hex,
    '32 bytes, hex in groups': () => hex().match(/.{4}/g).join(':'),
    '32 bytes, hex behind 0x': () => `0x${hex()}`,
    '32 bytes, base64': bytes(32, 'base64'),
    '32 bytes, base64url': bytes(32, 'base64url'),
    '32 bytes, base64 of hex': () => Buffer.from(`${hex()}\n`).toString('base64'),
    '24 bytes, base64': bytes(24, 'base64'),
    '24 bytes, base64url': bytes(24, 'base64url'),
    '64 bytes, hex': bytes(64, 'hex'),
    '11 words, spaces': drawn(11, ' '),
    '11 words, hyphens': drawn(11, '-'),
    '11 words, joined': drawn(11, ''),
  };
}

function syllables() {
  const parts = 'ba ce di fo gu ha je ki lo mu na pe ri so tu ve'.split(' ');
  return Array.from({ length: 7776 }, (_, n) => {
    const third = n < 4096 ? parts[(n >> 8) % 16] : `${parts[(n >> 8) % 16]}n`;
    return parts[n % 16] + parts[(n >> 4) % 16] + third;
  });
}
