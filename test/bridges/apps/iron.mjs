// What apps on libraries with iron have in common.
import { Visitor } from '../visitor.ts';

/** The id that a seal names a key of the ring by. */
export const ironId = (kid) => String(Buffer.from(kid, 'base64url').readUIntBE(0, 6));

/** What a careful operator writes without Keyturn: every secret keeps the number that it has had from the beginning. */
export function namedByAppearance(shared, secrets) {
  const numbers = shared.get('numbers') ?? new Map();
  shared.set('numbers', numbers);
  for (const secret of secrets) if (!numbers.has(secret)) numbers.set(secret, numbers.size + 1);
  return Object.fromEntries(secrets.map((secret) => [numbers.get(secret), secret]));
}

/**
 * Somebody else who signs in at one replica, and goes on at the other. Alone the library seals with the highest number, where
 * that key is only staged, too: nobody knows them elsewhere.
 */
export const newcomer = (signIn, isSignedIn) => async (_visitor, url) => {
  const other = new Visitor();
  await signIn(other, url);
  return async (where) => await isSignedIn(other, where);
};
