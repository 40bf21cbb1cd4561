// The keys as better-auth takes them.
import type { BridgeKey, BridgeKeys } from '../keys.js';
import { textOf } from '../text.js';
import type { SecretConfig } from './library.js';

/**
 * What encrypts: any live key opens, the one that signs seals. Of the versions that better-auth writes down, those that the
 * app has given stay with their secrets.
 */
export function secretConfigOf({ current, name }: BridgeKeys, before: string | SecretConfig): SecretConfig {
  const given = typeof before === 'string' ? [] : [...before.keys];
  const olds = current.all.filter(({ state }) => state === 'old');
  const versionOf = (key: BridgeKey) => {
    const [version] = given.find(([, value]) => value === key.secret) ?? [];
    if (version !== undefined) return version;
    // No other replica has to be asked: 48 bits of the id of a key. Old secrets lie above.
    return key.state === 'old'
      ? 2 ** 48 + olds.indexOf(key)
      : Buffer.from(key.id, 'base64url').readUIntBE(0, 6);
  };
  return {
    keys: new Map(current.all.map((key) => [versionOf(key), textOf(key, name)])),
    currentVersion: versionOf(current.signing),
    // Before there were versions nothing was written down.
    ...(olds[0] !== undefined && { legacySecret: textOf(olds[0], name) }),
  };
}

const ENVELOPE = /^(?:\$|%24)ba(?:\$|%24)\d+(?:\$|%24)/i;

/** What was encrypted, as a replica without Keyturn can read it that has one secret, and no versions. */
export const withoutVersion = (value: string): string => value.replace(ENVELOPE, '');
