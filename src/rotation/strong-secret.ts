// What may enter a ring.
import { KeyturnError } from '../errors.js';
import { Material } from '../keyring/key.js';
import { strengthOf } from '../resolve/key-strength.js';
import { weakness } from '../secret/counted.js';
import { cleanSecret } from '../secret/text.js';
import { hasVocabulary, vocabularyMissing } from '../secret/vocabulary.js';

/**
 * The material of a secret that may enter the ring.
 *
 * @throws KeyturnError `secret_weak`, `secret_empty`, `secret_malformed`, `package_incomplete`
 */
export function strongMaterial(secret: string): Material {
  const material = new Material(cleanSecret(secret, 'the new secret'));
  if (!hasVocabulary()) throw vocabularyMissing();
  const strength = strengthOf({ material });
  if (strength.enough) return material;
  throw new KeyturnError(
    'secret_weak',
    `the new secret is too weak: ${weakness(strength)}`,
    'let keyturn make one, or use the output of keyturn generate',
  );
}
