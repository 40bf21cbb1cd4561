// Makes the secrets that operators are given: `keyturn generate`, and `keyturn init` where there is none yet.
import { randomBytes } from 'node:crypto';

/** Random bytes as hex digits, by default what `openssl rand -hex 32` prints. */
export function generateSecret(bytes = 32): string {
  return randomBytes(bytes).toString('hex');
}
