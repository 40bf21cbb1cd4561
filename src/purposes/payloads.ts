// What an app's tokens carry, as the compiler sees it: types alone.
import type { ConfigSections, Duration } from '../config/config-types.js';
import type { MoveInFormat, MoveInPhase } from '../config/move-in.js';

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

/** Where an old secret is. In production it is named by variable or file. */
export type OldSecretConfig =
  | string
  | (({ readonly env: string } | { readonly file: string } | { readonly text: string }) & {
      /** What the library decodes before it takes it as a key. Default: none, the text is the key. */
      readonly encoding?: 'hex' | 'base64';
    });

/** A library that the app moves in from, or that stays beside Keyturn: as under `[move_in.<name>]`. */
export interface MoveInConfig {
  /** The library whose cookies or tokens they are. Default: the name of the section. */
  readonly format?: MoveInFormat;
  /** The secrets that the library has used so far, the one that it signs with first. */
  readonly secrets?: string | readonly OldSecretConfig[];
  /** Whether the old secret goes on signing (`beside`, the default), or Keyturn signs (`over`). */
  readonly phase?: MoveInPhase;
  /** When the old secrets are accepted no longer: a date such as `"2027-01-31"`. It counts in the phase `over`. */
  readonly until?: string | Date;
  /** The name of the cookie. Default: that which the library gives it. */
  readonly cookie?: string;
}

/**
 * Settings as in `keyturn.toml`: `{ session: { idle: '1h' } }`. Which built-in purposes are used (`purposes.builtin`) is
 * said in a file or a variable, where commands see it.
 */
export interface Config extends Omit<ConfigSections, 'purposes'> {
  /** Purposes of the app, and lifetimes of the built-in ones. */
  readonly purposes?: { readonly [Name in PurposeName | OwnPurpose | 'session-at-rest']?: PurposeConfig };
  /** Libraries that the app moves in from, or that stay beside Keyturn, by the name of their section. */
  readonly move_in?: { readonly [name: string]: MoveInConfig };
}
