// What Auth.js and next-auth have in common: how their bridges begin, and what both read of the configuration.
import type { Keyturn } from '../keyturn.js';
import { AuthHashes, type HashFormat } from './auth-hashes.js';
import { AuthSessions } from './auth-sessions.js';
import { AuthTokens, type TokenFormat } from './auth-tokens.js';
import { BridgeKeys } from './keys.js';
import { textOf } from './text.js';

const DAY = 86_400;

/** What a bridge works with. */
export interface AuthParts {
  readonly keys: BridgeKeys;
  readonly tokens: AuthTokens;
  readonly hashes: AuthHashes;
  readonly sessions: AuthSessions;
}

/** @throws KeyturnError for an old secret that is no text: both libraries take nothing else */
export function authParts(
  keyturn: Keyturn,
  { purpose, maxAge }: { readonly purpose: string; readonly maxAge: number | string },
  format: TokenFormat,
  forms: HashFormat,
): AuthParts {
  const keys = new BridgeKeys(keyturn, { name: purpose, maxAge });
  for (const old of keys.moving?.secrets ?? []) textOf(old, purpose);
  return {
    keys,
    tokens: new AuthTokens(keys, format),
    hashes: new AuthHashes(keys, forms),
    sessions: new AuthSessions(keys),
  };
}

/** A provider of links in e-mails has the key that signs: what the library would take may be another one, for forms. */
// biome-ignore lint/suspicious/noExplicitAny: the library's own
export function withSecret(provider: any, secret: string): any {
  if (typeof provider === 'function')
    return Object.assign((options: unknown) => withSecret(provider(options), secret), provider);
  const hasOwn = provider?.secret !== undefined || provider?.options?.secret !== undefined;
  return provider?.type !== 'email' || hasOwn ? provider : { ...provider, secret };
}

/** What is read of the configuration for {@link authLifetime}. */
interface Lasting {
  readonly session?: { readonly maxAge?: number | undefined } | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly jwt?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the library's own
  readonly providers: any[];
}

/** Seconds: the longest of sessions, tokens and links in e-mails. */
export function authLifetime({ session, jwt, providers }: Lasting): number {
  const links = providers.map((provider) =>
    provider?.type === 'email' ? (provider.options?.maxAge ?? provider.maxAge ?? DAY) : 0,
  );
  return Math.max(session?.maxAge ?? 30 * DAY, jwt?.maxAge ?? 0, ...links);
}
