// What stands in keyturn.toml, for programs. Made from the table of settings: run node scripts/docs.js.

/** A number of seconds, or a text such as `"45s"`, `"15min"`, `"3h"` or `"90d"`. */
export type Duration = number | string;

/** The settings, section by section. */
export interface ConfigSections {
  /** The name that keeps this app apart from another one on the same secret, engine or host. */
  readonly app?: string;
  /** While the name changes: the other one, whose tokens and cookies are accepted too; "none" for the time before there was one. */
  readonly app_accepts?: string;
  /** As under `[security]`. */
  readonly security?: {
    /** As under `[security.signing_secret]`. */
    readonly signing_secret?: {
      /** The signing secret itself; in production only as a variable. */
      readonly secret?: string;
      /** A file with the signing secret: one line, a JSON array (newest first) or a keyring document. */
      readonly file?: string;
      /** Secrets of the past: they only verify. Default: empty. */
      readonly previous_secrets?: readonly string[];
      /** Secrets of the next deploy: they only verify. Default: empty. */
      readonly next_secrets?: readonly string[];
      /** Ids of keys to refuse at once. Default: empty. */
      readonly revoked_kids?: readonly string[];
      /** Weak keys that are let in until a moment, while one rotates away from them. Default: empty. */
      readonly accept_weak?: readonly { readonly kid: string; readonly until: string | Date }[];
      /** The generated development secret: kept in .keyturn/secret, or in memory only. Default: `persisted`; test: `ephemeral`. */
      readonly dev_secret?: 'persisted' | 'ephemeral';
    };
    /** As under `[security.keyring]`. */
    readonly keyring?: {
      /** Where replicas share one keyring, sealed under the signing secret; default: the secret is the keyring. */
      readonly store?: 'redis' | 'postgres';
      /** Names the shared keyring, where one app has several. Default: `default`. */
      readonly name?: string;
      /** As under `[security.keyring.redis]`. */
      readonly redis?: {
        /** The Redis of the shared keyring (default: that of the sessions). */
        readonly url?: string;
      };
      /** As under `[security.keyring.postgres]`. */
      readonly postgres?: {
        /** The database of the shared keyring (default: that of the sessions). */
        readonly url?: string;
      };
      /** day: every UTC day signs with a child of the active key, nothing stored. Default: `none`. */
      readonly epoch?: 'none' | 'day';
      /** The longest until every replica has a keyring that was published, roll-backs of deploys included. Default: `1min`; dev: `2s`; test: `2s`. */
      readonly max_lag?: Duration;
      /** How long a replica goes on without its shared keyring, and one that vanished holds up promote and retire. Default: `15min`; dev: `30s`; test: `30s`. */
      readonly lease?: Duration;
      /** The most by which the clocks of two machines differ, that of an engine included. Default: `5min`; dev: `2s`; test: `2s`. */
      readonly clock_skew?: Duration;
    };
    /** As under `[security.rotation]`. */
    readonly rotation?: {
      /** A new key signs so long after the last one began to, by itself: "90d" (default: never). */
      readonly every?: Duration;
    };
  };
  /** As under `[session]`. */
  readonly session?: {
    /** Where sessions live: in the cookie itself, in this process, in Redis or in PostgreSQL. Default: `cookie`. */
    readonly backend?: 'cookie' | 'memory' | 'redis' | 'postgres';
    /** As under `[session.redis]`. */
    readonly redis?: {
      /** The Redis of the sessions: "redis://user:password@host:6379/0". */
      readonly url?: string;
      /** The beginning of every key in Redis; the name of the app follows it. Default: `keyturn:`. */
      readonly prefix?: string;
    };
    /** As under `[session.postgres]`. */
    readonly postgres?: {
      /** The database of the sessions: "postgres://user:password@host:5432/name". */
      readonly url?: string;
      /** The table of the sessions, with a schema before it if need be. Default: `keyturn_sessions`. */
      readonly table?: string;
    };
    /** A session ends after so long without a request. Default: `7d`. */
    readonly idle?: Duration;
    /** A session ends so long after it began, whatever happens. Default: `30d`. */
    readonly max_age?: Duration;
    /** A session in use is extended when so much of its idle time has passed (default: a tenth). */
    readonly roll_after?: Duration;
    /** The longest that session.remember() may let a session live, used or not: "90d" (default: no session is remembered). */
    readonly remember?: Duration;
    /** Whether sessions in the cookie are encrypted; needs the package libsodium-wrappers. Default: `false`. */
    readonly sealed?: boolean;
    /** A header field that sessions of native apps travel in, in place of the cookie, such as "x-session" (default: none). */
    readonly header?: string;
    /** As under `[session.cookie]`. */
    readonly cookie?: {
      /** The cookie; production puts __Host- (or __Secure-) before it (default where the app has a name: "keyturn.APP.sid"). Default: `keyturn.sid`. */
      readonly name?: string;
      /** A domain for the cookies, where subdomains share them. */
      readonly domain?: string;
      /** The path of the cookies. Default: `/`. */
      readonly path?: string;
      /** The SameSite attribute of the cookies. Default: `lax`. */
      readonly same_site?: 'lax' | 'strict' | 'none';
      /** Whether the cookies are partitioned by the embedding site. Default: `false`. */
      readonly partitioned?: boolean;
      /** Whether the session cookie outlives the closing of the browser. Default: `true`. */
      readonly persistent?: boolean;
    };
  };
  /** As under `[csrf]`. */
  readonly csrf?: {
    /** token: unsafe requests carry one; headers: Origin and Sec-Fetch-Site are enough, and whoever sends neither is refused. Default: `token`. */
    readonly mode?: 'token' | 'headers';
    /** Further origins whose pages may send forms here, such as "https://admin.example.com". Default: empty. */
    readonly origins?: readonly string[];
    /** A cookie that scripts read their token from, such as "XSRF-TOKEN", to send it as x-xsrf-token (default: none). */
    readonly cookie?: string;
  };
  /** As under `[purposes]`. */
  readonly purposes?: {
    /** The built-in purposes that the app uses, such as ["session", "jwt"]: the others are refused, and hold no key up (default: all); csrf and flash come with session. */
    readonly builtin?: readonly string[];
  };
  /** As under `[log]`. */
  readonly log?: {
    /** How talkative the built-in logger is. Default: `info`; test: `warn`. */
    readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  };
}
