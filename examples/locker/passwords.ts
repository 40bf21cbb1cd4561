// Passwords, and their hashes.
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** In characters. */
export const SHORTEST_PASSWORD = 8;
export const LONGEST_PASSWORD = 256;

/** About a tenth of a second and 32 MiB for each guess. */
const COST: ScryptOptions = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 };
const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password.normalize(), salt, 32, COST);
  return `scrypt:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

export async function matchesHash(password: string, hashed: string): Promise<boolean> {
  const [, salt = '', hash = ''] = hashed.split(':');
  const expected = Buffer.from(hash, 'base64url');
  const given = await derive(password.normalize(), Buffer.from(salt, 'base64url'), expected.length, COST);
  return timingSafeEqual(given, expected);
}

/** Compares in constant time; the digests make the lengths equal. */
export function isSame(given: string, password: string): boolean {
  return timingSafeEqual(digest(given), digest(password));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
