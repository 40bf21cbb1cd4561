// The keys as better-auth takes them.
import { KeyturnError } from '../../errors.js';
import type { BridgeKey, BridgeKeys } from '../keys.js';
import type { SecretConfig } from './library.js';

/** @throws KeyturnError `config_invalid` where an old secret is bytes */
export function textOf({ secret }: Pick<BridgeKey, 'secret'>): string {
  if (typeof secret === 'string') return secret;
  throw new KeyturnError(
    'config_invalid',
    'an old secret of better-auth has an encoding, and the library takes its secret as the text that it is',
    'take encoding out of [move_in.better-auth]',
  );
}

/**
 * What encrypts: any live key opens, the one that signs seals. Of the versions that better-auth writes down, those that the
 * app has given stay with their secrets.
 */
export function secretConfigOf({ current }: BridgeKeys, before: string | SecretConfig): SecretConfig {
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
    keys: new Map(current.all.map((key) => [versionOf(key), textOf(key)])),
    currentVersion: versionOf(current.signing),
    // Before there were versions nothing was written down.
    ...(olds[0] !== undefined && { legacySecret: textOf(olds[0]) }),
  };
}

const ENVELOPE = /^(?:\$|%24)ba(?:\$|%24)\d+(?:\$|%24)/i;

/** What was encrypted, as a replica without Keyturn can read it that has one secret, and no versions. */
export const withoutVersion = (value: string): string => value.replace(ENVELOPE, '');
