// What a holder of a key says of itself where others can write too: an HMAC-SHA256 under a key derived for that alone.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Key } from './key.js';

/** The HMAC of a text, of a holder that is a process of an app, as 43 base64url characters; undefined for a key whose material is gone. */
export function reportHmac({ material }: Key, text: string, app: string | undefined): string | undefined {
  if (material === undefined) return undefined;
  return createHmac('sha256', material.derive('ring', 'report', app))
    .update(text, 'utf8')
    .digest('base64url');
}

/** Whether a holder of the key has vouched for the text. @param found in the place of the HMAC, whatever it is */
export function isReportHmac(key: Key, text: string, found: unknown, app: string | undefined): boolean {
  const expected = reportHmac(key, text, app);
  if (expected === undefined || typeof found !== 'string') return false;
  const [one, other] = [Buffer.from(expected), Buffer.from(found)];
  return one.length === other.length && timingSafeEqual(one, other);
}
