// Makes the secrets that operators are given: `keyturn generate`, and `keyturn init` where there is none yet.
import { randomBytes } from 'node:crypto';

/** 32 random bytes as 64 hex digits: what `openssl rand -hex 32` prints. */
export function generateSecret(): string {
  return randomBytes(32).toString('hex');
}
