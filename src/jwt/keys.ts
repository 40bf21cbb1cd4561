// The keys of one ring for access tokens, derived when the ring comes into force and not per request.
import type { AppName } from '../config/app.js';
import type { Key } from '../keyring/key.js';
import type { Keyring } from '../keyring/keyring.js';
import { Hmac } from '../signing/hmac.js';
import type { Usage, Use } from '../signing/usage.js';
import { type CompactKey, type CompactKeys, headerOf } from './compact.js';

/** The purpose of access tokens. */
export const ACCESS = 'jwt';

interface JwtKey extends CompactKey {
  readonly key: Key;
  readonly use: Use;
}

export interface JwtKeys extends CompactKeys<JwtKey> {
  readonly ring: Keyring;
}

/**
 * A ring key signs itself here, also where `epoch = "day"` makes a child per day for other tokens: so the key
 * that somebody else checks tokens with is one per kid, and does not depend on what a token says of its age.
 */
export function jwtKeys(ring: Keyring, usage: Usage, app: AppName): JwtKeys {
  const byHeader = new Map<string, JwtKey>();
  const byKid = new Map<string, JwtKey>();
  for (const key of ring.keys) {
    if (key.material === undefined) continue;
    const hmac = new Hmac(key.material.derive('jwt', ACCESS, app));
    const entry = { kid: key.id, header: headerOf(key.id), hmac, key, use: usage.of(key.id, ACCESS) };
    byHeader.set(entry.header, entry);
    byKid.set(key.id, entry);
  }
  return { ring, byHeader, byKid, active: byKid.get(ring.active.id) as JwtKey };
}
