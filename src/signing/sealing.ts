// What makes sealers, loaded where something is sealed.
import type { PurposeKeyringParts } from './purpose-keyring.js';
import type { Sealer, TokenSealer } from './sealer.js';
import { loadAead } from './sodium.js';

export interface Sealing {
  /** A sealer for the package itself. */
  readonly own: <T>(parts: PurposeKeyringParts) => TokenSealer<T>;
  /** One that users get. */
  readonly given: <T>(parts: PurposeKeyringParts) => Sealer<T>;
}

/**
 * Loads the cipher and what seals with it.
 *
 * @returns undefined when the cipher is not installed
 * @throws KeyturnError `sealer_unavailable` when it is there and cannot be used
 */
export async function loadSealing(): Promise<Sealing | undefined> {
  const aead = await loadAead();
  if (aead === undefined) return undefined;
  const { publicSealer, TokenSealer } = await import('./sealer.js');
  const own = <T>(parts: PurposeKeyringParts) => new TokenSealer<T>(parts, aead);
  return { own, given: (parts) => publicSealer(own(parts)) };
}
