// What an app's tokens carry, as the compiler sees it: types alone.
import type { ConfigSections, Duration } from '../config/config-types.js';

/**
 * What the tokens of each purpose carry. Empty here; an app may say it once, and then every `keyturn.signer()` and
 * `keyturn.sealer()` knows it, and a purpose that is misspelt does not compile:
 *
 *     declare module 'keyturn' {
 *       interface Purposes {
 *         'password-reset': { userId: number };
 *         download: { file: string };
 *       }
 *     }
 */
export interface Purposes {}

/** Purposes that need no declaration. */
export type BuiltInPurpose = 'password-reset' | 'email-verification' | 'invitation';

/** The names of purposes: the declared ones and the built-in ones; any, while {@link Purposes} declares none. */
export type PurposeName = keyof Purposes extends never
  ? BuiltInPurpose | (string & {})
  : BuiltInPurpose | Extract<keyof Purposes, string>;

/** What Keyturn itself signs, and an app may only give another lifetime. */
type OwnPurpose = 'csrf' | 'csrf-id' | 'flash' | 'jwt' | 'refresh' | 'url';

/** What can be said of a purpose, as under `[purposes.<name>]`. */
export interface PurposeConfig {
  /** The longest that a token of this purpose may live. */
  readonly max_age?: Duration;
  /** What is signed, for the impact report. */
  readonly about?: string;
  /** Where what the token stands for is kept, for the impact report. */
  readonly state?: string;
  /** Whether its tokens are encrypted: `keyturn.sealer()` instead of `keyturn.signer()`. */
  readonly sealed?: boolean;
}

/**
 * Settings as in `keyturn.toml`: `{ session: { idle: '1h' } }`. Which built-in purposes are used (`purposes.builtin`) is
 * said in a file or a variable, where commands see it.
 */
export interface Config extends Omit<ConfigSections, 'purposes'> {
  /** Purposes of the app, and lifetimes of the built-in ones. */
  readonly purposes?: { readonly [Name in PurposeName | OwnPurpose | 'session-at-rest']?: PurposeConfig };
}
