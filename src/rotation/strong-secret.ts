// What may enter a ring.
import { KeyturnError } from '../errors.js';
import { judge, MINIMUM_BYTES } from '../secret/strength.js';
import { cleanSecret } from '../secret/text.js';
import { hasVocabulary, vocabularyMissing } from '../secret/vocabulary.js';

/**
 * A secret that may enter the ring.
 *
 * @throws KeyturnError `secret_weak`, `secret_empty`, `secret_malformed`, `package_incomplete`
 */
export function strongSecret(secret: string): string {
  const clean = cleanSecret(secret, 'the new secret');
  if (!hasVocabulary()) throw vocabularyMissing();
  const { enough, bytes, why } = judge(clean);
  if (enough) return clean;
  throw new KeyturnError(
    'secret_weak',
    `the new secret is too weak: ${bytes} of ${MINIMUM_BYTES} bytes count, since ${why}`,
    'let keyturn make one, or use the output of keyturn generate',
  );
}
