// What a session is to the library that the app moves in from. See src/move-in, which is loaded where an app does so.
import type { Awaitable } from './stores/contract.js';

/** The session of the old library that one of Keyturn stands for. It is kept with it. */
export interface Counterpart {
  /** The name under `[move_in]`. */
  readonly name: string;
  /** The id in the old store; for a session that is the old cookie itself a digest of it. */
  readonly ref: string;
  /** The old one decides: Keyturn's is good beside it only. False: it was left behind. */
  readonly decides: boolean;
  /**
   * Where the old one decides: when its cookie was sent, in seconds since 1970. Else: a number that stands for the data of the
   * old one when Keyturn's began to decide, so that what the old library has done since is seen; 0: nobody knows.
   */
  readonly mark: number;
  /** The end that the old library had given it, in seconds since 1970: it is not to end sooner. */
  readonly until: number | undefined;
}

/** What happens to the counterpart while a request has the session. */
export interface Moving {
  /** There is something to save of it, whether or not the data has changed. */
  readonly changed: boolean;
  /**
   * The data that were there before the request's own edits, when the session is saved: the old library may have written
   * other edits since, which those stored here say nothing of.
   */
  basis: Readonly<Record<string, unknown>> | undefined;
  /** `Set-Cookie` headers for the old library. */
  setCookies: readonly string[];
  /** What the session says of its counterpart when it is saved with these data. */
  note(data: string): Counterpart | undefined;
  /** The session was saved with these data. @returns false where the old library has ended it meanwhile */
  follow(data: string): Awaitable<boolean>;
  /** It was saved before the response, and goes on as if the request had brought it so. */
  goOn(): void;
}

/** Messages for the next page. */
export interface Messages {
  /** Leaves one. */
  add(type: string, text: string): void;
  /** Those of a type, which are gone then. */
  take(type: string): readonly string[];
  /** All, by type. */
  takeAll(): Readonly<Record<string, readonly string[]>>;
}

/** As it stands in a session's text: a list, since it is in every cookie. */
export function counterpartText({ name, ref, decides, mark, until }: Counterpart): string {
  const list = [name, ref, decides ? 1 : 0, mark];
  return JSON.stringify(until === undefined ? list : [...list, until]);
}

export function counterpartIn(value: unknown): Counterpart | undefined {
  if (!Array.isArray(value)) return undefined;
  const [name, ref, decides, mark, until] = value;
  if (typeof name !== 'string' || typeof ref !== 'string' || typeof mark !== 'number') return undefined;
  return { name, ref, decides: decides === 1, mark, until: typeof until === 'number' ? until : undefined };
}
