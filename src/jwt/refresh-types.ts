// Refresh tokens as an app sees them.
import type { SessionStore } from '../sessions/stores/contract.js';
import type { RefusalReason } from '../signing/result.js';

/** What `createRefreshTokens()` takes. */
export interface RefreshTokensOptions {
  /** Any session store; it may hold sessions as well. */
  readonly store: SessionStore;
  /** How long a sign-in lasts in all, however often it is refreshed. Default: `"30d"`. */
  readonly maxAge?: number | string;
  /** How long it lasts without being refreshed. Default: as long as `maxAge`. */
  readonly idle?: number | string;
  /**
   * For so many seconds a token that has just been used is answered with its successor once more: two tabs may
   * refresh at once, and an answer may get lost. 0 to 60; default: 10.
   */
  readonly graceSeconds?: number;
}

/** Whose refresh token it is. */
export interface RefreshSubject<D> {
  /** Whose tokens these are: the id of a user. */
  readonly user: string;
  /** What the app wants back at every rotation, such as the scopes. Kept in the store, not in the token. */
  readonly data?: D;
}

/** A refresh token, for a cookie that is HttpOnly or the safe of a device. */
export interface IssuedRefreshToken {
  /** The token itself. */
  readonly token: string;
  /** When it expires, if it is not used before. */
  readonly expiresAt: Date;
}

/** The next token of a family. */
export interface Rotated<D> extends IssuedRefreshToken {
  readonly ok: true;
  /** Whose family it is. */
  readonly user: string;
  /** What the app gave at sign-in. */
  readonly data: D | undefined;
}

/**
 * - `reused`: it was used before, so somebody has a copy; its family has been ended
 * - `gone`: its family has ended: signed out, revoked, reused or forgotten by the store
 */
export type RefreshRefusalReason = RefusalReason | 'reused' | 'gone';

/** That a refresh token is not accepted. */
export interface RefreshRefusal {
  readonly ok: false;
  /** Why, for logs and metrics; clients are never told. */
  readonly reason: RefreshRefusalReason;
  /** With `reused`: whose family it was, so that the app can tell them. */
  readonly user?: string;
}

/** What `rotate()` yields: look at `ok` first. */
export type RefreshResult<D> = Rotated<D> | RefreshRefusal;

/** Issues and rotates refresh tokens. Made by {@link createRefreshTokens}. */
export interface RefreshTokens<D = unknown> {
  /** How long a family lives, however often it is used: seconds. */
  readonly maxAge: number;
  /** How long a token waits to be used: seconds. */
  readonly idle: number;
  /**
   * The first token of a family: at sign-in.
   *
   * @throws KeyturnError `jwt_invalid`, `payload_not_json`, `engine_unavailable`
   */
  issue(subject: RefreshSubject<D>): Promise<IssuedRefreshToken>;
  /**
   * Takes a token and gives the next. Untrusted input never throws; a store that is out of reach does.
   *
   * @throws KeyturnError `engine_unavailable`; `jwt_invalid` when the store does not keep its contract
   */
  rotate(token: unknown): Promise<RefreshResult<D>>;
  /**
   * Ends the family of a token, a used one too: at sign-out.
   *
   * @returns false when the token is not genuine or has expired; there is nothing to end then
   */
  revoke(token: unknown): Promise<boolean>;
  /**
   * Ends all families of a user: "sign out everywhere", or a new password. Sessions in the same store stay.
   *
   * @returns how many it ended
   */
  revokeUser(user: string): Promise<number>;
}
