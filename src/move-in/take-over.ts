// An old session becomes one of Keyturn. Where old ones have ids, requests that come at once with one old cookie get one
// session: in a store its id follows from the old one's, and whoever is first creates it. An ended one is remembered under
// that id, so that a sign-out stands, however slow another request is. An old session that is the cookie itself has no id:
// two devices of one person may have the same cookie, and must not share a session, nor a sign-out.
import type { MoveInPhase } from '../config/move-in.js';
import type { Internals } from '../internals.js';
import { Base } from '../sessions/base.js';
import { dataText, fill } from '../sessions/data.js';
import type { CookieSessions } from '../sessions/in-cookie.js';
import { StoreSessions } from '../sessions/in-store.js';
import { decode, epochHolds, load, renewEpoch, type SessionParts } from '../sessions/kind.js';
import type { SessionValues } from '../sessions/session.js';
import { SessionState } from '../sessions/state.js';
import { recordOf } from '../sessions/store-writes.js';
import type { PutOutcome, StoredSession } from '../sessions/stores/contract.js';
import type { Checked } from '../signing/purpose-keyring.js';
import type { ReceivedToken } from '../signing/received.js';
import { fromJson } from '../signing/token.js';
import type { OldLibrary, OldSession } from './old-library.js';
import { endedThere, idOf, leftBehind, markOf, wasEndedThere } from './own-id.js';

/** Milliseconds: see sessions/in-store.ts. */
const OVERTAKEN = 60_000;

/** A cookie that the browser has not got: it is due, whatever is asked for. */
const UNSENT = { issuedAt: 0, stale: true };

/** Data of an old session as Keyturn's would have it: names that are no data here are left to the old library. */
export function textOf(data: Readonly<Record<string, unknown>>): string {
  const values: Record<string, unknown> = {};
  fill(values, data);
  return dataText(values as SessionValues);
}

/** The epoch that the user of these data has now. */
export async function epochOf(parts: SessionParts, text: string): Promise<string | undefined> {
  const begun = SessionState.fresh(parts.times);
  await renewEpoch(parts.hooks, begun, fromJson(text)?.value as SessionValues);
  return begun.epoch;
}

export type TakenOver =
  | { readonly isNew: true; readonly state: SessionState; readonly old: OldSession }
  /** Another request was faster, or its cookie was lost. */
  | { readonly isNew: false; readonly state: SessionState };

export class TakeOver {
  readonly #inner: StoreSessions | CookieSessions;
  readonly #library: OldLibrary;
  readonly #internals: Internals;
  readonly #isOver: boolean;
  #toldShorter = false;

  constructor(
    inner: StoreSessions | CookieSessions,
    library: OldLibrary,
    internals: Internals,
    phase: MoveInPhase,
  ) {
    this.#inner = inner;
    this.#library = library;
    this.#internals = internals;
    this.#isOver = phase === 'over';
  }

  /**
   * The session that a genuine old cookie leads to.
   *
   * @param payload what the cookie holds
   * @param cookies those of Keyturn, none of which has led to a session
   * @returns undefined where it leads to none
   */
  async session(payload: string, cookies: readonly ReceivedToken[]): Promise<TakenOver | undefined> {
    const inner = this.#inner;
    if (!(inner instanceof StoreSessions)) return await this.#inCookie(inner, payload, cookies);
    return this.#library.hasIds ? await this.#inStore(inner, payload) : await this.#anew(inner, payload);
  }

  /** Whether a session of Keyturn was signed out, or got another id. */
  async wasEnded(id: string): Promise<boolean> {
    const inner = this.#inner;
    return inner instanceof StoreSessions && (await inner.parts.store.ended?.(id)) !== undefined;
  }

  /**
   * Remembers that an old session was left behind. Sessions in the cookie have no place for that.
   *
   * @param end of the old one, in seconds since 1970; undefined where nobody can tell
   */
  async leave(ref: string, mark: number, end: number | undefined): Promise<void> {
    const inner = this.#inner;
    if (!(inner instanceof StoreSessions) || !this.#library.hasIds) return;
    const { store, times } = inner.parts;
    // Keyturn's own lives no longer than the longest, and the old one is not renewed any more.
    const until = Math.max(end ?? 0, times.now + 2 * times.longest);
    await store.destroy(leftBehind(ref, mark), until * 1000);
  }

  /** Whether an old session was left behind just as it is: then Keyturn's has ended, and nothing brings it back. */
  async #wasLeft(inner: StoreSessions, old: OldSession): Promise<boolean> {
    if (!this.#isOver) return false;
    return (await inner.parts.store.ended?.(leftBehind(old.ref, markOf(old)))) !== undefined;
  }

  /** @param id of the session; default: a random one */
  async #create(inner: StoreSessions, old: OldSession, id?: string): Promise<SessionState | PutOutcome> {
    const state = await this.#state(old, id, 1);
    const record = recordOf(inner.parts, state, state.base, inner.parts.times.expiry(state));
    const outcome = await inner.parts.store.put(state.id, record, 0);
    return outcome === 'saved' ? state : outcome;
  }

  async #anew(inner: StoreSessions, payload: string): Promise<TakenOver | undefined> {
    const old = await this.#old(payload);
    const state = old && (await this.#create(inner, old));
    return typeof state === 'object' ? { isNew: true, state, old: old as OldSession } : undefined;
  }

  async #inStore(inner: StoreSessions, payload: string): Promise<TakenOver | undefined> {
    const { store, times, clock } = inner.parts;
    const ref = this.#library.refOf(payload);
    const id = idOf(ref);
    for (;;) {
      const stored = await store.get(id);
      if (stored !== undefined) {
        const state = await load(
          inner.parts,
          decode(stored.text),
          this.#checked(stored),
          true,
          stored.version,
          inner.update,
        );
        if (state !== undefined) return { isNew: false, state };
        // Its user has been signed out everywhere.
        await this.#library.end(ref);
        return undefined;
      }
      const ended = await store.ended?.(id);
      if (ended !== undefined) {
        // A slower request on the old library may have brought it back.
        await this.#library.end(ref);
        const isOvertaken = clock() - ended.at < OVERTAKEN && !wasEndedThere(id, ended);
        return isOvertaken
          ? { isNew: false, state: SessionState.fresh(times, inner.update, id, ended) }
          : undefined;
      }
      const old = await this.#old(payload);
      if (old === undefined) return undefined;
      if (await this.#wasLeft(inner, old)) {
        // Another request may have taken it over just now.
        if ((await store.get(id)) === undefined) return undefined;
        continue;
      }
      const state = await this.#create(inner, old, id);
      if (state === 'gone') return undefined;
      if (typeof state === 'string') continue;
      // Had it been ended before that, nobody would know of it any more.
      if (!this.#isOver || (await this.#library.load(payload)) !== undefined) {
        if (this.#isOver) await this.leave(ref, markOf(old), old.end);
        return { isNew: true, state, old };
      }
      await store.destroy(id, (times.now + times.longest) * 1000, endedThere(id));
      return undefined;
    }
  }

  async #inCookie(
    inner: CookieSessions,
    payload: string,
    cookies: readonly ReceivedToken[],
  ): Promise<TakenOver | undefined> {
    const ref = this.#library.refOf(payload);
    for (const cookie of cookies) {
      const checked = inner.check(cookie);
      const found = checked.ok ? decode(checked.json) : undefined;
      if (found?.counterpart?.ref !== ref || (await epochHolds(inner.parts.hooks, found))) continue;
      // Its user has been signed out everywhere.
      await this.#library.end(ref);
      return undefined;
    }
    const old = await this.#old(payload);
    if (old === undefined) return undefined;
    // Forms are bound to the id: it must be nobody else's.
    const id = this.#library.hasIds ? idOf(ref) : SessionState.fresh(inner.parts.times).id;
    return { isNew: true, state: await this.#state(old, id, 0), old };
  }

  /** One that holds nothing begins when something is put there. */
  async #old(payload: string): Promise<OldSession | undefined> {
    const old = await this.#library.load(payload);
    return old !== undefined && Object.keys(old.data).length > 0 ? old : undefined;
  }

  async #state(old: OldSession, given: string | undefined, version: number): Promise<SessionState> {
    const { parts } = this.#inner;
    const { times } = parts;
    const text = textOf(old.data);
    const id = given ?? SessionState.fresh(times).id;
    const counterpart = {
      name: this.#library.name,
      ref: old.ref,
      decides: !this.#isOver,
      mark: this.#isOver ? markOf(old) : times.now,
      until: this.#isOver ? old.end : undefined,
    };
    const begun = {
      id,
      createdAt: times.now,
      csrf: undefined,
      epoch: await epochOf(parts, text),
      remembered: undefined,
      counterpart,
      data: fromJson(text)?.value as Record<string, unknown>,
      base: new Base(text),
    };
    this.#tellShorter(old, times.expiry(begun));
    const carried = {
      id,
      ...UNSENT,
      expiresAt: times.expiry(begun) - 1,
      kid: this.#kid,
      version,
    };
    const update = this.#inner instanceof StoreSessions ? this.#inner.update : undefined;
    return SessionState.loaded(times, begun, carried, update);
  }

  /** Once: it is a setting that is wrong, and each visitor would say so again. */
  #tellShorter({ end }: OldSession, expiresAt: number): void {
    if (!this.#isOver || end === undefined || end <= expiresAt || this.#toldShorter) return;
    this.#toldShorter = true;
    this.#internals.logger.warn(
      {
        event: 'move_in.shorter',
        name: this.#library.name,
        hint: 'set max_age under [session] to no less than the maxAge of the library',
      },
      'a session that has moved in ends sooner than the old library would have ended it: session.max_age is shorter',
    );
  }

  get #kid(): string {
    return this.#internals.ring.current.active.id;
  }

  /** As of a token that the ring signs now, and that the browser has not got. */
  #checked({ text, expiresAt }: StoredSession): Checked {
    const key = this.#internals.ring.current.active;
    return {
      ok: true,
      json: text,
      recent: undefined,
      key,
      issuedAt: 0,
      expiresAt: Math.floor(expiresAt / 1000) - 1,
    };
  }
}
