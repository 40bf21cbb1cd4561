// Every setting there is: its kind, its default, what it is for. Files, variables, docs and `init` read this table.
import { cookieDomain, cookieName, cookiePath, fieldName } from './cookie-values.js';
import type { Profile } from './profile.js';
import {
  appName,
  duration,
  flag,
  type Kind,
  lifetime,
  list,
  oneOf,
  optional,
  origins,
  otherAppName,
  path,
  plainName,
  ringName,
  someOf,
  table,
  text,
  type WeakException,
  weakExceptions,
} from './value.js';

interface Setting<T> {
  readonly kind: Kind<Exclude<T, undefined>>;
  /** Undefined: not set. */
  readonly default?: T | undefined;
  readonly profileDefaults?: Partial<Record<Profile, T>>;
  /** The variable, where it is not `KEYTURN_` and the name in capitals with `__` for each dot. */
  readonly variable?: string;
  /** Refused in files: a configuration file found in a cloned folder must never run anything. */
  readonly variableOnly?: true;
  /** Its value must never be shown. */
  readonly secret?: true;
}

/** Built-in purposes that can be switched off; what sessions need comes with `session`. */
const BUILT_IN_NAMES = [
  'session',
  'csrf',
  'flash',
  'jwt',
  'refresh',
  'url',
  'password-reset',
  'email-verification',
  'invitation',
] as const;

export type BuiltInName = (typeof BUILT_IN_NAMES)[number];

/** The type of each setting's value. `undefined` where a setting may be absent. */
interface SettingTypes {
  app: string | undefined;
  app_accepts: string | undefined;
  'security.signing_secret.secret': string | undefined;
  'security.signing_secret.file': string | undefined;
  'security.signing_secret.command': string | undefined;
  'security.signing_secret.previous_secrets': readonly string[];
  'security.signing_secret.next_secrets': readonly string[];
  'security.signing_secret.revoked_kids': readonly string[];
  'security.signing_secret.accept_weak': readonly WeakException[];
  'security.signing_secret.dev_secret': 'persisted' | 'ephemeral';
  'security.keyring.store': 'redis' | 'postgres' | undefined;
  'security.keyring.name': string;
  'security.keyring.redis.url': string | undefined;
  'security.keyring.postgres.url': string | undefined;
  'security.keyring.epoch': 'none' | 'day';
  'security.keyring.max_lag': number;
  'security.keyring.lease': number;
  'security.keyring.clock_skew': number;
  'security.rotation.every': number | undefined;
  'session.backend': 'cookie' | 'memory' | 'redis' | 'postgres';
  'session.redis.url': string | undefined;
  'session.redis.prefix': string;
  'session.postgres.url': string | undefined;
  'session.postgres.table': string;
  'session.idle': number;
  'session.max_age': number;
  'session.roll_after': number | undefined;
  'session.remember': number | undefined;
  'session.sealed': boolean;
  'session.header': string | undefined;
  'session.cookie.name': string;
  'session.cookie.domain': string | undefined;
  'session.cookie.path': string;
  'session.cookie.same_site': 'lax' | 'strict' | 'none';
  'session.cookie.partitioned': boolean;
  'session.cookie.persistent': boolean;
  'csrf.mode': 'token' | 'headers';
  'csrf.origins': readonly string[];
  'csrf.cookie': string | undefined;
  'purposes.builtin': readonly BuiltInName[] | undefined;
  'log.level': 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** Where an operator puts a production secret. */
export const SECRET_VARIABLE = 'KEYTURN_SECURITY__SIGNING_SECRET';

// biome-ignore format: a table
export const SETTINGS: { readonly [N in keyof SettingTypes]: Setting<SettingTypes[N]> } = {
  app: { kind: appName },
  app_accepts: { kind: otherAppName },
  'security.signing_secret.secret': { kind: text, variable: SECRET_VARIABLE, secret: true },
  'security.signing_secret.file': { kind: path, variable: `${SECRET_VARIABLE}_FILE` },
  'security.signing_secret.command': { kind: text, variable: `${SECRET_VARIABLE}_COMMAND`, variableOnly: true, secret: true },
  'security.signing_secret.previous_secrets': { kind: optional(list), default: [], secret: true },
  'security.signing_secret.next_secrets': { kind: optional(list), default: [], secret: true },
  'security.signing_secret.revoked_kids': { kind: optional(list), default: [] },
  'security.signing_secret.accept_weak': { kind: optional(weakExceptions), default: [] },
  'security.signing_secret.dev_secret': { kind: oneOf('persisted', 'ephemeral'), default: 'persisted', profileDefaults: { test: 'ephemeral' } },
  'security.keyring.store': { kind: oneOf('redis', 'postgres') },
  'security.keyring.name': { kind: ringName, default: 'default' },
  'security.keyring.redis.url': { kind: text, secret: true },
  'security.keyring.postgres.url': { kind: text, secret: true },
  'security.keyring.epoch': { kind: oneOf('none', 'day'), default: 'none' },
  'security.keyring.max_lag': { kind: duration, default: 60, profileDefaults: { dev: 2, test: 2 } },
  'security.keyring.lease': { kind: duration, default: 900, profileDefaults: { dev: 30, test: 30 } },
  'security.keyring.clock_skew': { kind: duration, default: 300, profileDefaults: { dev: 2, test: 2 } },
  'security.rotation.every': { kind: duration },
  'session.backend': { kind: oneOf('cookie', 'memory', 'redis', 'postgres'), default: 'cookie' },
  'session.redis.url': { kind: text, secret: true },
  'session.redis.prefix': { kind: plainName, default: 'keyturn:' },
  'session.postgres.url': { kind: text, secret: true },
  'session.postgres.table': { kind: table, default: 'keyturn_sessions' },
  'session.idle': { kind: lifetime, default: 7 * 86400 },
  'session.max_age': { kind: lifetime, default: 30 * 86400 },
  'session.roll_after': { kind: duration },
  'session.remember': { kind: lifetime },
  'session.sealed': { kind: flag, default: false },
  'session.header': { kind: fieldName },
  'session.cookie.name': { kind: cookieName, default: 'keyturn.sid' },
  'session.cookie.domain': { kind: cookieDomain },
  'session.cookie.path': { kind: cookiePath, default: '/' },
  'session.cookie.same_site': { kind: oneOf('lax', 'strict', 'none'), default: 'lax' },
  'session.cookie.partitioned': { kind: flag, default: false },
  'session.cookie.persistent': { kind: flag, default: true },
  'csrf.mode': { kind: oneOf('token', 'headers'), default: 'token' },
  'csrf.origins': { kind: origins, default: [] },
  'csrf.cookie': { kind: cookieName },
  'purposes.builtin': { kind: someOf(...BUILT_IN_NAMES) },
  'log.level': { kind: oneOf('debug', 'info', 'warn', 'error', 'silent'), default: 'info', profileDefaults: { test: 'warn' } },
};

export type SettingName = keyof SettingTypes;
export type SettingValue<N extends SettingName> = SettingTypes[N];

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** The variable that sets a setting. */
export function variableOf(name: SettingName): string {
  const setting: Setting<unknown> = SETTINGS[name];
  return setting.variable ?? `KEYTURN_${name.toUpperCase().replaceAll('.', '__')}`;
}

/** What can be said of a purpose under `[purposes.<name>]`. */
export const PURPOSE_FIELDS: Readonly<
  Record<string, { readonly kind: Kind<number | string | boolean>; readonly about: string }>
> = {
  max_age: { kind: lifetime, about: 'the longest that a token of this purpose may live' },
  about: { kind: text, about: 'what is signed, for the impact report' },
  state: { kind: text, about: 'where what the token stands for is kept, for the impact report' },
  sealed: { kind: flag, about: 'whether its tokens are encrypted: kt.sealer() instead of kt.signer()' },
};

/** Variables with the prefix `KEYTURN_` that are not settings. */
export const COMPANION_VARIABLES: readonly string[] = [
  'KEYTURN_ENV',
  'KEYTURN_BUILD',
  'KEYTURN_CONFIG',
  'KEYTURN_DATA_DIR',
  'KEYTURN_INSTANCE',
  'KEYTURN_WHO',
];
