// Passwords, and their hashes.
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** In characters, as `maxlength` counts. */
export const SHORTEST_PASSWORD = 8;
/**
 * Looked at before anything else is done with a password: `normalize()` takes the square of the length of a text that
 * is all accents, and blocks everybody meanwhile.
 */
export const LONGEST_PASSWORD = 256;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** About a tenth of a second and 32 MiB for each guess. */
const COST: ScryptOptions = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 };
const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** No password fits. Checking one against it takes as long as against any other. */
export const DECOY: string = written(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return written(salt, await derive(normal(password), salt, HASH_BYTES, COST));
}

export async function matchesHash(password: string, hashed: string): Promise<boolean> {
  const [, salt = '', hash = ''] = hashed.split(':');
  const expected = Buffer.from(hash, 'base64url');
  const given = await derive(normal(password), Buffer.from(salt, 'base64url'), HASH_BYTES, COST);
  return timingSafeEqual(given, expected);
}

/** Compares in constant time; the digests make the lengths equal. */
export function isSame(given: string, password: string): boolean {
  return timingSafeEqual(digest(normal(given)), digest(normal(password)));
}

/** Keyboards differ in how they write an accent. @throws RangeError for one that is longer than any */
function normal(password: string): string {
  if (password.length > LONGEST_PASSWORD) throw new RangeError('a password has too many characters');
  return password.normalize();
}

function written(salt: Buffer, hash: Buffer): string {
  return `scrypt:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
