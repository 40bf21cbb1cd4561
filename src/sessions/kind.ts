// What the two kinds of session have in common: the interface, the times, and the text in which one is kept.
import { KeyturnError } from '../errors.js';
import type { Checked } from '../signing/purpose-keyring.js';
import type { ReceivedToken } from '../signing/received.js';
import type { RecentToken } from '../signing/recent-tokens.js';
import type { Refusal } from '../signing/result.js';
import { andThen } from '../signing/thenable.js';
import { fromJson } from '../signing/token.js';
import { Base } from './base.js';
import { counterpartIn, counterpartText, type Messages } from './counterpart.js';
import { isEmpty, type Values } from './data.js';
import type { LoadedSession } from './loaded.js';
import type { SessionEnd, WatchedSession } from './outside.js';
import type { SessionName, SessionValues } from './session.js';
import { SessionState, type Updater } from './state.js';
import type { Awaitable } from './stores/contract.js';
import type { Remembered, SessionTimes } from './times.js';

/** What matters of the response that a session is saved with. */
export interface ResponseTraits {
  /** The request's method was GET or HEAD. */
  readonly safe: boolean;
  /** A shared cache may keep the response: its cookies could reach somebody else. Asked only where something is due. */
  readonly isPubliclyCacheable: () => boolean;
  /** Where it says no nothing can be signed for now, so that what can wait does. */
  readonly canSign: () => boolean;
  /** It is saved before there is a response, because the app asks for it: a store also keeps what has not changed. */
  readonly early?: boolean;
}

/** Sessions of one kind. `open` and `commit` answer at once unless a store or the epoch makes them wait. */
export interface SessionKind {
  /**
   * Reads the session behind the cookies of a request: of several the first with a session that lives. Where there is
   * none, as with missing, altered or expired ones, it is a fresh session.
   *
   * @param header all cookies of the request, where those of another library may be among them
   */
  open(cookies: readonly ReceivedToken[], header?: string): Awaitable<SessionState>;
  /** Whether a cookie is genuine and in time; its session may have ended all the same. */
  check(cookie: ReceivedToken): Checked | Refusal;
  /**
   * Saves what has changed.
   *
   * @returns what its carrier is to send, if anything: a `Set-Cookie` header, or a token
   * @throws KeyturnError `session_too_large`, `session_conflict`, `session_invalid`
   */
  commit(state: SessionState, response: ResponseTraits): Awaitable<string | undefined>;
  /**
   * Whether a session that was opened a while ago has ended; undefined while it lives.
   *
   * @param watched brought up to date where the session goes on under another id, or longer
   */
  endOf(watched: WatchedSession, state: SessionState): Awaitable<SessionEnd | undefined>;
  /**
   * The messages of a request, where another library keeps some in the session.
   *
   * @param own those in Keyturn's cookie
   * @param state called when one is left or taken
   * @param shown whether anybody sees the page
   */
  messages?(own: Messages, state: () => SessionState, shown: boolean): Messages;
}

/** What an app can tell about its sessions. */
export interface SessionHooks {
  /**
   * The epoch of the session's user: a number or text that the app changes to end all sessions of that user
   * ("sign out everywhere"). A session saved under another epoch counts as none.
   */
  readonly epoch?: (data: SessionValues) => Awaitable<string | number | null | undefined>;
  /**
   * Whose session it is, so that a store can list the sessions of a user: a text, or a whole number, which is the same
   * user as its digits. `null` and `undefined` are nobody.
   */
  readonly user?: (data: SessionValues) => string | number | null | undefined;
  /**
   * What to call the session in a list for its user, such as the browser and the system that it began with:
   * `(data) => data.device`. Kept beside the session, readable, and cut to 256 characters.
   */
  readonly label?: (data: SessionValues) => string | null | undefined;
  /**
   * Properties that requests set without regard to each other, such as `lastPage`: where two do so at once the last one
   * wins, and none of them gets a conflict. Moments, such as `lastSeen = Date.now()`, need no mention: the later stays.
   */
  readonly lastWins?: readonly SessionName[];
}

/** What a token travels in: a cookie, or a header field of its own. */
export interface SessionCarrier {
  /**
   * What is sent to have it kept.
   *
   * @param maxAge seconds; undefined for one that ends with the browser
   * @returns undefined where the token is too long
   */
  set(token: string, maxAge: number | undefined): string | undefined;
  /** What is sent to have it forgotten. */
  clear(): string;
}

/** What sessions of both kinds are made of. */
export interface SessionParts {
  readonly cookie: SessionCarrier;
  readonly times: SessionTimes;
  readonly hooks: SessionHooks;
  /** Whether the cookie outlives the browser. */
  readonly persistent: boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** The first cookie with a session that lives. */
export function firstLive(
  cookies: readonly ReceivedToken[],
  read: (cookie: ReceivedToken) => Awaitable<SessionState | undefined>,
  at = 0,
): Awaitable<SessionState | undefined> {
  const cookie = cookies[at];
  if (cookie === undefined) return undefined;
  return andThen(read(cookie), (state) => state ?? firstLive(cookies, read, at + 1));
}

/** The session as text: in the token of one kind, in the store's record of the other. `data` stands last. */
export function encode(state: SessionState, createdAt: number, data: string): string {
  const csrf = state.csrf === undefined ? '' : `"csrf":${JSON.stringify(state.csrf)},`;
  const epoch = state.epoch === undefined ? '' : `"epoch":${JSON.stringify(state.epoch)},`;
  const remembered = state.remembered && `"for":[${state.remembered.at},${state.remembered.seconds}],`;
  const { moving, counterpart } = state;
  const noted = moving === undefined ? counterpart : moving.note(data);
  state.counterpart = noted;
  const old = noted === undefined ? '' : `"old":${counterpartText(noted)},`;
  return `{"id":"${state.id}","at":${createdAt},${csrf}${epoch}${remembered ?? ''}${old}"data":${data}}`;
}

type Decoded = LoadedSession & { readonly createdAt: number };

/** Undefined when the text is not a session: signed by this ring, but by a version that wrote it otherwise. */
export function decode(text: string): Decoded | undefined {
  const value = fromJson(text)?.value as
    | Partial<Record<'id' | 'at' | 'csrf' | 'epoch' | 'for' | 'old' | 'data', unknown>>
    | null
    | undefined;
  if (typeof value?.id !== 'string' || typeof value.at !== 'number') return undefined;
  if (typeof value.data !== 'object' || value.data === null) return undefined;
  const data = value.data as Values;
  return {
    id: value.id,
    createdAt: value.at,
    csrf: typeof value.csrf === 'string' ? value.csrf : undefined,
    epoch: typeof value.epoch === 'string' ? value.epoch : undefined,
    remembered: rememberedIn(value.for),
    counterpart: counterpartIn(value.old),
    data,
    base: new Base(text.slice(text.indexOf('"data":') + 7, -1), data),
  };
}

function rememberedIn(value: unknown): Remembered | undefined {
  if (!Array.isArray(value)) return undefined;
  const [at, seconds] = value;
  return typeof at === 'number' && typeof seconds === 'number' ? { at, seconds } : undefined;
}

/**
 * The same for the text that a token has led to, parsed once where both come again as they were.
 *
 * @param recent the token, where it came a moment ago
 */
export function decodeOnce(text: string, recent: RecentToken | undefined): Decoded | undefined {
  const read = recent?.read as Read | undefined;
  if (read?.text === text) return read.session;
  const session = decode(text);
  if (recent !== undefined && session?.base.isShared) recent.read = { text, session } satisfies Read;
  return session;
}

interface Read {
  readonly text: string;
  readonly session: Decoded;
}

/**
 * The session that a genuine cookie has led to; undefined where its time is over, or its user's epoch.
 *
 * @param found undefined where it is none
 * @param version 0 for one in the cookie
 */
export function load(
  parts: SessionParts,
  found: Decoded | undefined,
  checked: Checked,
  stale: boolean,
  version: number,
  update?: Updater,
): Awaitable<SessionState | undefined> {
  if (found === undefined || parts.times.isOver(found)) return undefined;
  const { issuedAt, key } = checked;
  const expiresAt = parts.times.tokenEnd(found, checked);
  if (parts.times.now >= expiresAt) return undefined;
  const { base, data, epoch } = found;
  return andThen(epochHolds(parts.hooks, { data: base.given(data), epoch }), (holds) =>
    holds
      ? SessionState.loaded(
          parts.times,
          found,
          { id: found.id, issuedAt, expiresAt, kid: key.id, stale, version },
          update,
        )
      : undefined,
  );
}

/** A token as its carrier sends it; undefined where that is too long. @param expiresAt seconds since 1970 */
export function cookieOf(
  { cookie, times, persistent }: SessionParts,
  state: SessionState,
  token: string,
  expiresAt: number,
): string | undefined {
  const outlives = persistent || times.isRemembered(state) || state.counterpart?.until !== undefined;
  return cookie.set(token, outlives ? expiresAt - times.now : undefined);
}

/** The data to save, which is noted: what comes after that is late. */
export function textToSave(state: SessionState): string {
  const { text } = state;
  state.saved = text;
  return text;
}

/** Data put into a destroyed session would vanish without a word. The session has been ended all the same. */
export function refuseLateData(state: SessionState): void {
  if (isEmpty(state.session)) return;
  throw new KeyturnError(
    'session_invalid',
    'data was put into a session after destroy()',
    'call regenerate() to start a new session',
  );
}

/** Whether the epoch that a session was saved under is still its user's. */
export function epochHolds(
  hooks: SessionHooks,
  saved: Pick<LoadedSession, 'data' | 'epoch'>,
): Awaitable<boolean> {
  if (hooks.epoch === undefined) return true;
  return andThen(hooks.epoch(saved.data), (epoch) => asText(epoch) === saved.epoch);
}

/**
 * Notes the epoch of the data that is about to be saved.
 *
 * @returns false when the session has been ended since it was opened: saved under the new epoch it would come back,
 * or what `regenerate` has kept of it
 */
export function renewEpoch(
  hooks: SessionHooks,
  state: SessionState,
  data: SessionValues,
): Awaitable<boolean> {
  if (hooks.epoch === undefined) return true;
  if (state.ownEpoch !== undefined && state.kept.length > 0) {
    // This request has begun it. Should another have followed, the session counts as none.
    state.epoch = asText(state.ownEpoch);
    return true;
  }
  return andThen(hooks.epoch(data), (value) => {
    const epoch = asText(value);
    if (epoch === state.epoch) return true;
    // A new epoch of the same user, or that of another who has signed in.
    const before = { epoch: state.epoch, data: fromJson(state.base)?.value as SessionValues };
    const begins = state.fresh && (state.carried === undefined || state.kept.length === 0);
    return andThen(begins || epochHolds(hooks, before), (holds) => {
      if (holds) state.epoch = epoch;
      return holds;
    });
  });
}

function asText(epoch: unknown): string | undefined {
  if (epoch === undefined || epoch === null) return undefined;
  // A whole row, say, or NaN would read the same whatever happens, and never end anything.
  if (typeof epoch === 'string' || typeof epoch === 'bigint' || Number.isFinite(epoch)) return String(epoch);
  throw new KeyturnError(
    'session_invalid',
    'the epoch of a session is not a valid number or text',
    'return a number or a text from the option epoch; null or undefined for none',
  );
}
