// What an adapter is told of the library that its sessions move in from.
import type { ExpressStore } from '../sessions/stores/express.js';

/** Attributes as the old library had them in its option `cookie` (cookie-session and koa-session: in their options). */
export interface OldCookieOptions {
  /** Milliseconds; null and undefined: the cookie ends with the browser. */
  readonly maxAge?: number | null;
  readonly path?: string;
  readonly domain?: string;
  readonly secure?: boolean | 'auto';
  readonly httpOnly?: boolean;
  readonly sameSite?: boolean | 'lax' | 'strict' | 'none';
  readonly partitioned?: boolean;
  readonly priority?: 'low' | 'medium' | 'high';
}

/** One library that sessions move in from. Its secrets stand in the section of the same name under `[move_in]`. */
export interface MoveInOptions {
  /**
   * Where the library keeps its sessions: the very store that it was given, or what `fromExpressStore(store)` made of it.
   * Left out where they are in the cookie.
   */
  readonly store?: ExpressStore;
  /** How it makes its cookie. Default: as the library does by itself. */
  readonly cookie?: OldCookieOptions;
}

/** By the name of the section under `[move_in]`. */
export type MoveInOption = Readonly<Record<string, MoveInOptions>>;
