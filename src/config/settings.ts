// Every setting there is: its kind, its default, what it is for. Files, variables, docs and `init` read this table.
import { cookieDomain, cookieName, cookiePath } from './cookie-values.js';
import type { Profile } from './profile.js';
import {
  duration,
  flag,
  type Kind,
  lifetime,
  list,
  oneOf,
  optional,
  origins,
  path,
  plainName,
  table,
  text,
  type WeakException,
  weakExceptions,
} from './value.js';

interface Setting<T> {
  readonly kind: Kind<Exclude<T, undefined>>;
  /** What it is for: one line, shown in `keyturn.toml` and the docs. */
  readonly about: string;
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

/** The type of each setting's value. `undefined` where a setting may be absent. */
interface SettingTypes {
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
  'session.sealed': boolean;
  'session.cookie.name': string;
  'session.cookie.domain': string | undefined;
  'session.cookie.path': string;
  'session.cookie.same_site': 'lax' | 'strict' | 'none';
  'session.cookie.partitioned': boolean;
  'session.cookie.persistent': boolean;
  'csrf.mode': 'token' | 'headers';
  'csrf.origins': readonly string[];
  'csrf.cookie': string | undefined;
  'log.level': 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

const SECRET = 'KEYTURN_SECURITY__SIGNING_SECRET';

// biome-ignore format: a table
export const SETTINGS: { readonly [N in keyof SettingTypes]: Setting<SettingTypes[N]> } = {
  'security.signing_secret.secret': { kind: text, about: 'the signing secret itself; in production only as a variable', variable: SECRET, secret: true },
  'security.signing_secret.file': { kind: path, about: 'a file with the signing secret: one line, a JSON array (newest first) or a keyring document', variable: `${SECRET}_FILE` },
  'security.signing_secret.command': { kind: text, about: 'a JSON argument list whose output is read like the file', variable: `${SECRET}_COMMAND`, variableOnly: true, secret: true },
  'security.signing_secret.previous_secrets': { kind: optional(list), about: 'secrets of the past: they only verify', default: [], secret: true },
  'security.signing_secret.next_secrets': { kind: optional(list), about: 'secrets of the next deploy: they only verify', default: [], secret: true },
  'security.signing_secret.revoked_kids': { kind: optional(list), about: 'ids of keys to refuse at once', default: [] },
  'security.signing_secret.accept_weak': { kind: optional(weakExceptions), about: 'weak keys that are let in until a moment, while one rotates away from them', default: [] },
  'security.signing_secret.dev_secret': { kind: oneOf('persisted', 'ephemeral'), about: 'the generated development secret: kept in .keyturn/secret, or in memory only', default: 'persisted', profileDefaults: { test: 'ephemeral' } },
  'security.keyring.store': { kind: oneOf('redis', 'postgres'), about: 'where replicas share one keyring, sealed under the signing secret; default: the secret is the keyring' },
  'security.keyring.name': { kind: plainName, about: 'names the shared keyring, where several apps use one Redis or database', default: 'default' },
  'security.keyring.redis.url': { kind: text, about: 'the Redis of the shared keyring (default: that of the sessions)', secret: true },
  'security.keyring.postgres.url': { kind: text, about: 'the database of the shared keyring (default: that of the sessions)', secret: true },
  'security.keyring.epoch': { kind: oneOf('none', 'day'), about: 'day: every UTC day signs with a child of the active key, nothing stored', default: 'none' },
  'security.keyring.max_lag': { kind: duration, about: 'the longest until every replica has a keyring that was published, roll-backs of deploys included', default: 60, profileDefaults: { dev: 2, test: 2 } },
  'security.keyring.lease': { kind: duration, about: 'how long a replica goes on without its shared keyring, and one that vanished holds up promote and retire', default: 900, profileDefaults: { dev: 30, test: 30 } },
  'security.keyring.clock_skew': { kind: duration, about: 'the most by which the clocks of two machines differ, that of an engine included', default: 300, profileDefaults: { dev: 2, test: 2 } },
  'security.rotation.every': { kind: duration, about: 'a new key signs so long after the last one began to, by itself: "90d" (default: never)' },
  'session.backend': { kind: oneOf('cookie', 'memory', 'redis', 'postgres'), about: 'where sessions live: in the cookie itself, in this process, in Redis or in PostgreSQL', default: 'cookie' },
  'session.redis.url': { kind: text, about: 'the Redis of the sessions: "redis://user:password@host:6379/0"', secret: true },
  'session.redis.prefix': { kind: plainName, about: 'the beginning of every key in Redis', default: 'keyturn:' },
  'session.postgres.url': { kind: text, about: 'the database of the sessions: "postgres://user:password@host:5432/name"', secret: true },
  'session.postgres.table': { kind: table, about: 'the table of the sessions, with a schema before it if need be', default: 'keyturn_sessions' },
  'session.idle': { kind: lifetime, about: 'a session ends after so long without a request', default: 7 * 86400 },
  'session.max_age': { kind: lifetime, about: 'a session ends so long after it began, whatever happens', default: 30 * 86400 },
  'session.roll_after': { kind: duration, about: 'a session in use is extended when so much of its idle time has passed (default: a tenth)' },
  'session.sealed': { kind: flag, about: 'whether sessions in the cookie are encrypted; needs the package libsodium-wrappers', default: false },
  'session.cookie.name': { kind: cookieName, about: 'the cookie; production puts __Host- (or __Secure-) before it', default: 'keyturn.sid' },
  'session.cookie.domain': { kind: cookieDomain, about: 'a domain for the cookies, where subdomains share them' },
  'session.cookie.path': { kind: cookiePath, about: 'the path of the cookies', default: '/' },
  'session.cookie.same_site': { kind: oneOf('lax', 'strict', 'none'), about: 'the SameSite attribute of the cookies', default: 'lax' },
  'session.cookie.partitioned': { kind: flag, about: 'whether the cookies are partitioned by the embedding site', default: false },
  'session.cookie.persistent': { kind: flag, about: 'whether the session cookie outlives the closing of the browser', default: true },
  'csrf.mode': { kind: oneOf('token', 'headers'), about: 'token: unsafe requests carry one; headers: Origin and Sec-Fetch-Site are enough, and whoever sends neither is refused', default: 'token' },
  'csrf.origins': { kind: origins, about: 'further origins whose pages may send forms here, such as "https://admin.example.com"', default: [] },
  'csrf.cookie': { kind: cookieName, about: 'a cookie that scripts read their token from, such as "XSRF-TOKEN", to send it as x-xsrf-token (default: none)' },
  'log.level': { kind: oneOf('debug', 'info', 'warn', 'error', 'silent'), about: 'how talkative the built-in logger is', default: 'info', profileDefaults: { test: 'warn' } },
};

export type SettingName = keyof SettingTypes;
export type SettingValue<N extends SettingName> = SettingTypes[N];

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** The variable that sets a setting. */
export function variableOf(name: SettingName): string {
  const setting: Setting<unknown> = SETTINGS[name];
  return setting.variable ?? `KEYTURN_${name.toUpperCase().replaceAll('.', '__')}`;
}

interface PurposeField<T> {
  readonly kind: Kind<T>;
  readonly about: string;
}

interface PurposeFields {
  readonly max_age: PurposeField<number>;
  readonly about: PurposeField<string>;
  readonly state: PurposeField<string>;
  readonly sealed: PurposeField<boolean>;
}

/** What can be said of a purpose under `[purposes.<name>]`. */
export const PURPOSE_FIELDS: PurposeFields = {
  max_age: { kind: lifetime, about: 'the longest that a token of this purpose may live' },
  about: { kind: text, about: 'what is signed, for the impact report' },
  state: { kind: text, about: 'where what the token stands for is kept, for the impact report' },
  sealed: { kind: flag, about: 'whether its tokens are encrypted: kt.sealer() instead of kt.signer()' },
};

/** Variables with the prefix `KEYTURN_` that are no settings. */
export const COMPANION_VARIABLES: readonly string[] = [
  'KEYTURN_ENV',
  'KEYTURN_BUILD',
  'KEYTURN_CONFIG',
  'KEYTURN_DATA_DIR',
  'KEYTURN_INSTANCE',
  'KEYTURN_WHO',
];
