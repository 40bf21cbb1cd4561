// What apps on libraries with iron have in common.

/** The id that a seal names a key of the ring by. */
export const ironId = (kid) => String(Buffer.from(kid, 'base64url').readUIntBE(0, 6));

/** What a careful operator writes without Keyturn: every secret keeps the number that it has had from the beginning. */
export function namedByAppearance(shared, secrets) {
  const numbers = shared.get('numbers') ?? new Map();
  shared.set('numbers', numbers);
  for (const secret of secrets) if (!numbers.has(secret)) numbers.set(secret, numbers.size + 1);
  return Object.fromEntries(secrets.map((secret) => [numbers.get(secret), secret]));
}
