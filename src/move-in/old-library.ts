// What moving in asks of the old library, whichever it is.
import type { SessionValues } from '../sessions/session.js';
import type { OldCookie } from './attributes.js';
import type { OldCookies } from './old-cookies.js';

/** A session as the old library has kept it. */
export interface OldSession {
  /** See {@link Counterpart.ref}. */
  readonly ref: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly cookie: OldCookie;
  /** When it ends unless it is used again, in seconds since 1970; undefined where nobody can tell. */
  readonly end: number | undefined;
  /** Whether its cookie is signed by a key that is going out: it is made anew, or would end with the key. */
  readonly isGoingOut?: boolean;
}

/** What is to be kept for the old library. */
export interface OldDraft {
  readonly ref: string;
  /** `Set-Cookie` headers; none where the browser has the cookie. */
  readonly setCookies: readonly string[];
  /** What there is once it is kept. */
  readonly session: OldSession;
  /** Keeps it. @returns false where the old library has ended the session meanwhile: nothing is kept then */
  keep(): Promise<boolean>;
}

export interface OldLibrary {
  /** The name under `[move_in]`. */
  readonly name: string;
  readonly cookies: OldCookies;
  /** Whether a cookie names one session. Else it is the data, and visitors whose data are alike have the same cookie. */
  readonly hasIds: boolean;
  /** What a genuine cookie leads to. @param payload what the cookie holds */
  refOf(payload: string): string;
  /** The session behind a genuine cookie; undefined where it has ended. @throws KeyturnError `engine_unavailable` */
  load(payload: string): Promise<OldSession | undefined>;
  /** Whether there still is one, as far as anybody can tell without its cookie. @throws KeyturnError `engine_unavailable` */
  lives(ref: string): Promise<boolean>;
  /**
   * @param ref of a session that begins; a library that keeps data in the cookie has one of its own
   * @param old the session as it was; undefined for one that it does not have
   * @param basis data that the edits of the request were made on; default: those of `old`
   */
  draft(
    ref: string,
    data: SessionValues,
    old: OldSession | undefined,
    basis: Readonly<Record<string, unknown>> | undefined,
  ): OldDraft;
  /** Whether what the browser and the store have is to be made anew, so that it does not end while it is used. */
  isDue(old: OldSession, sentAt: number): boolean;
  /** Lets a session that is used live on. */
  touch(old: OldSession): Promise<void>;
  /** Ends it. @throws KeyturnError `engine_unavailable` */
  end(ref: string): Promise<void>;
  /** `Set-Cookie` headers that remove its cookie. @param old attributes as it was; else as they are by default */
  clear(old: OldSession | undefined): readonly string[];
}
