// One replica of an app beside Keyturn, for what the life of a key does not ask.
import { afterEach } from 'vitest';
import { BridgeKeys } from '../../src/bridges/keys.js';
import type { Keyturn } from '../../src/keyturn.js';
import { liveRing, OTHER_SECRET, ringOf, SECRET, testKeyturn, useRing } from '../support/keyturn.js';
import type { StartedReplica } from './life.js';

export const RINGS = {
  before: ringOf([SECRET, 'active']),
  staged: ringOf([SECRET, 'active'], [OTHER_SECRET, 'staged']),
  promoted: ringOf([SECRET, 'retiring'], [OTHER_SECRET, 'active']),
  revoked: ringOf([SECRET, 'revoked'], [OTHER_SECRET, 'active']),
};

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A Keyturn that is closed after the test. */
export async function openKeyturn(config?: Readonly<Record<string, unknown>>): Promise<Keyturn> {
  const keyturn = await testKeyturn(config === undefined ? {} : { config });
  opened.push(() => keyturn.close());
  return keyturn;
}

/** Closes a server after the test, before its Keyturn. */
export function closing({ url, close }: StartedReplica): string {
  opened.unshift(close);
  return url;
}

export const promote = (keyturn: Keyturn): void => useRing(keyturn, RINGS.promoted);

/** It has not heard of its ring for too long. */
export const stopSigning = (keyturn: Keyturn): void => liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });

/** How often each live key of a purpose has verified, the one that signs first. */
export const verifiedBy = (
  keyturn: Keyturn,
  name: string,
  maxAge: number | string = '1d',
): readonly number[] => new BridgeKeys(keyturn, { name, maxAge }).current.all.map(({ use }) => use.verified);
