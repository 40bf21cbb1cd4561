// Sessions in a store: the cookie carries a signed random id, the store a versioned record. Every write is a
// compare-and-set (`store-writes.ts`), so that a sign-out is never undone by a slower request.
import { KeyturnError } from '../errors.js';
import type { Checked } from '../signing/purpose-keyring.js';
import type { ReceivedToken } from '../signing/received.js';
import type { Refusal } from '../signing/result.js';
import { andThen } from '../signing/thenable.js';
import { fromJson } from '../signing/token.js';
import { dataText, valuesOf } from './data.js';
import { baseOf, type ClashRules, merge } from './edits.js';
import { endInStore } from './end-in-store.js';
import { endedMeanwhile } from './ended-meanwhile.js';
import {
  cookieOf,
  decode,
  decodeOnce,
  firstLive,
  load,
  type ResponseTraits,
  refuseLateData,
  renewEpoch,
  type SessionKind,
  textToSave,
} from './kind.js';
import type { Carried } from './loaded.js';
import type { SessionEnd, WatchedSession } from './outside.js';
import type { SessionValues } from './session.js';
import { SessionState, type Updater } from './state.js';
import { recordOf, type StoreSessionParts, writeUntilSaved } from './store-writes.js';
import type { Awaitable, StoredSession } from './stores/contract.js';
import { endSession } from './stores/end-sessions.js';

/** Milliseconds. A request that comes so soon after its session ended may set no cookie: the browser may have a newer one. */
const OVERTAKEN = 60_000;

export class StoreSessions implements SessionKind {
  /** For those who take sessions over from elsewhere. */
  readonly parts: StoreSessionParts;

  constructor(parts: StoreSessionParts) {
    this.parts = parts;
  }

  open(cookies: readonly ReceivedToken[]): Awaitable<SessionState> {
    const dead: string[] = [];
    const found = firstLive(cookies, (cookie) => this.#read(cookie, dead));
    return andThen(found, (state) => state ?? this.#fresh(dead));
  }

  check(cookie: ReceivedToken): Checked | Refusal {
    return this.parts.signer.checkReceived(cookie);
  }

  /** @param dead gets the id where the cookie is genuine and its session has ended */
  #read(cookie: ReceivedToken, dead: string[]): Awaitable<SessionState | undefined> {
    const { signer, store } = this.parts;
    const checked = signer.checkReceived(cookie);
    const id = checked.ok ? fromJson(checked.json)?.value : undefined;
    if (!checked.ok || typeof id !== 'string') return undefined;
    const loaded = andThen(store.get(id), (stored) => stored && this.#load(stored, checked));
    return andThen(loaded, (state) => {
      if (state === undefined) dead.push(id);
      return state;
    });
  }

  #load(stored: StoredSession, checked: Checked): Awaitable<SessionState | undefined> {
    const stale = checked.key.state === 'retiring';
    const found = decodeOnce(stored.text, checked.recent);
    const loaded = load(this.parts, found, checked, stale, stored.version, this.update);
    return andThen(loaded, (state) => {
      if (state?.carried !== undefined) state.carried.seenAt = stored.seenAt;
      return state;
    });
  }

  /** A session that begins, where the request carries ids of ended ones or none. */
  #fresh(dead: readonly string[], at = 0): Awaitable<SessionState> {
    const id = dead[at];
    if (id === undefined) return SessionState.fresh(this.parts.times, this.update, dead[0]);
    return andThen(this.parts.store.ended?.(id), (ended) =>
      ended !== undefined && this.parts.clock() - ended.at < OVERTAKEN
        ? SessionState.fresh(this.parts.times, this.update, id, ended)
        : this.#fresh(dead, at + 1),
    );
  }

  commit(state: SessionState, response: ResponseTraits): Awaitable<string | undefined> {
    if (state.destroyed) return this.#end(state);
    const data = textToSave(state);
    if (state.fresh) return this.#begin(state, data);
    const isToBeNoted = state.rememberChanged || state.moving?.changed || response.early;
    if (data !== state.base || isToBeNoted) return this.#save(state, response);
    if (!response.canSign()) return undefined;
    const expiresAt = this.parts.times.dueExpiry(state, state.carried as Carried);
    if (expiresAt !== undefined)
      return response.isPubliclyCacheable() ? undefined : this.#roll(state, expiresAt, response);
    return andThen(this.#noteUse(state, response), () => this.#signedAgain(state, response));
  }

  endOf(watched: WatchedSession): Promise<SessionEnd | undefined> {
    return endInStore(this.parts, watched);
  }

  /** First of all, so that it stands whatever else fails. */
  async #end(state: SessionState): Promise<string | undefined> {
    const { carried, overtaken, former } = state;
    // A sign-out that was sent with the id from before a change of id means the session all the same.
    const id = carried?.id ?? (overtaken?.next === undefined ? undefined : former);
    // Not where somebody else has ended it: the browser may have the cookie of a new sign-in by now.
    if (id !== undefined && state.cleared === undefined) {
      const ended = await endSession(this.parts.store, id, this.#lastMoment());
      if (ended) state.cleared = this.parts.cookie.clear();
    }
    if (!state.ended) {
      textToSave(state);
      state.replaced = undefined;
      return await this.#create(state);
    }
    refuseLateData(state);
    return state.cleared;
  }

  #begin(state: SessionState, data: string): Awaitable<string | undefined> {
    if (data === '{}' && !state.regenerated) return undefined;
    return state.willBe ? this.#create(state) : this.#drop(state);
  }

  async #create(state: SessionState): Promise<string | undefined> {
    const { store, hooks } = this.parts;
    const { id, replaced } = state;
    const data = valuesOf(state.session);
    // Nothing is taken over from a session that has ended, or whose user has begun a new epoch.
    const over = state.overtaken !== undefined || !(await renewEpoch(hooks, state, data));
    if (over && !(await this.#withoutKept(state, data))) return this.#drop(state);
    const issuedAt = this.parts.times.now;
    state.createdAt = issuedAt;
    const expiresAt = this.parts.times.expiry(state);
    // Before anything is kept: where nothing can be signed nothing is to be left behind.
    const cookie = this.#cookie(state, issuedAt, expiresAt);
    const text = dataText(data);
    const written = { id, csrf: state.csrf, data: text, issuedAt, expiresAt };
    // Where ending the former session has failed before, it is there already.
    const version = state.written?.id === id ? state.written.version : 0;
    const record = recordOf(this.parts, state, text, expiresAt);
    if (version === 0) await store.begin(id, record);
    else if ((await store.put(id, record, version)) !== 'saved') return this.#drop(state);
    state.written = { ...written, version: version + 1 };
    if (replaced === undefined) return cookie;
    // Last, so that a store that fails leaves everything as it was. Here it is decided whose turn it was: nobody knows
    // the new id yet but those who list the sessions of the user, and they end it too.
    const next = state.kept.length > 0 ? id : undefined;
    const replaces = await store.destroy(replaced, this.#lastMoment(), next);
    if (replaces !== false || next === undefined || state.carried === undefined) return cookie;
    let shorter: string | undefined;
    try {
      if (await this.#withoutKept(state, data)) {
        const rest = dataText(data);
        // The one that was ended may have been remembered. What is left is a session like any other.
        const end = this.parts.times.expiry(state);
        const signed = this.#cookie(state, issuedAt, end);
        const outcome = await store.put(id, recordOf(this.parts, state, rest, end), version + 1);
        state.written = { ...written, data: rest, expiresAt: end, version: version + 2 };
        if (outcome === 'saved') shorter = signed;
      }
    } finally {
      // Nobody gets the cookie of it.
      if (shorter === undefined) await store.destroy(id, this.#lastMoment());
    }
    return shorter ?? this.#drop(state);
  }

  /**
   * Takes out what `regenerate` has kept of a session that was ended meanwhile: the sign-out stands.
   *
   * @returns false when nothing is left that would begin a session
   */
  async #withoutKept(state: SessionState, data: Record<string, unknown>): Promise<boolean> {
    const { kept } = state;
    for (const key of kept) delete data[key];
    state.takeNothing();
    await renewEpoch(this.parts.hooks, state, data);
    return kept.length === 0 || Object.keys(data).length > 0;
  }

  /** Nothing is sent: the browser may hold another session by now, and would lose it. */
  #drop(state: SessionState): undefined {
    state.written = undefined;
    state.dropped = true;
  }

  async #save(state: SessionState, response: ResponseTraits): Promise<string | undefined> {
    const saved = await writeUntilSaved(this.parts, state, (theirs) =>
      merge(baseOf(state), valuesOf(state.session), theirs, this.#clashRules()),
    );
    // Ended meanwhile: that stands, and what this request wanted to keep goes with the session.
    if (!saved) return this.#drop(state);
    const { times } = this.parts;
    const due = times.dueExpiry(state, state.carried as Carried);
    const expiresAt = state.rememberChanged ? times.expiry(state) : due;
    if (!response.canSign()) return undefined;
    if (expiresAt === undefined) return this.#signedAgain(state, response);
    const issuedAt = times.now;
    const { id, csrf, base: data } = state;
    state.written = { id, csrf, data, issuedAt, expiresAt, version: (state.carried as Carried).version };
    return this.#cookie(state, issuedAt, expiresAt);
  }

  /** `session.update(fn)`: saved when it resolves; other edits of the request stay as they are, to be saved later. */
  readonly update: Updater = async (
    state: SessionState,
    change: (data: SessionValues) => void | Promise<void>,
  ): Promise<void> => {
    const saved = await writeUntilSaved(this.parts, state, async (theirs) => {
      await change(theirs as SessionValues);
      // Other edits of this request must not clash with it: then nothing is saved.
      merge(baseOf(state), valuesOf(state.session), theirs, this.#clashRules());
      return theirs;
    });
    if (!saved) throw endedMeanwhile();
  };

  #clashRules(): ClashRules {
    return { lastWins: this.parts.hooks.lastWins ?? [], now: this.parts.clock() };
  }

  /**
   * Extends a session in use. Whoever only reads gets the page also from a store that takes no writes; the session is
   * extended by a later request.
   */
  async #roll(state: SessionState, expiresAt: number, response: ResponseTraits): Promise<string | undefined> {
    try {
      const { store, clock, times } = this.parts;
      if (!(await store.touch(state.id, expiresAt * 1000, clock()))) return undefined;
      if (!times.canRemember) return this.#cookie(state, times.now, expiresAt);
      return (await this.#lives(state)) ? this.#cookie(state, times.now, times.expiry(state)) : undefined;
    } catch (error) {
      if (error instanceof KeyturnError && error.code === 'engine_unavailable')
        return this.#signedAgain(state, response);
      throw error;
    }
  }

  /** That of a remembered session, which is not extended, as often as another is extended. */
  #noteUse(state: SessionState, response: ResponseTraits): Awaitable<unknown> {
    const { times, store, clock } = this.parts;
    const { seenAt } = state.carried as Carried;
    if (seenAt === undefined || !times.isRemembered(state)) return undefined;
    const now = clock();
    if (now - seenAt < times.rollAfter * 1000 || response.isPubliclyCacheable()) return undefined;
    // Nobody waits for a page because of it: where it cannot be noted a later request does.
    return Promise.resolve(store.touch(state.id, times.expiry(state) * 1000, now)).catch(() => false);
  }

  /**
   * A stale cookie, with its own dates, and only where a lost response costs nothing. Not that of a session which a
   * sign-in has ended since it was opened: it would take the place of the new one.
   */
  #signedAgain(
    state: SessionState,
    { safe, isPubliclyCacheable }: ResponseTraits,
  ): Awaitable<string | undefined> {
    const { stale, issuedAt, expiresAt } = state.carried as Carried;
    if (!stale || !safe || isPubliclyCacheable()) return undefined;
    return andThen(this.#lives(state), (lives) => {
      if (!lives) return undefined;
      const { times } = this.parts;
      const longer = times.isRemembered(state) ? times.expiry(state) : expiresAt;
      return longer > expiresAt
        ? this.#cookie(state, times.now, longer)
        : this.#cookie(state, issuedAt, expiresAt);
    });
  }

  /**
   * Whether it lives. What another request has said meanwhile of how long it is to live is taken over: a cookie that ends
   * sooner would take the place of the one that went with that.
   */
  #lives(state: SessionState): Awaitable<boolean> {
    return andThen(this.parts.store.get(state.id), (stored) => {
      const found = stored && decode(stored.text);
      if (found !== undefined) state.remembered = found.remembered;
      return found !== undefined;
    });
  }

  /** An ended id stays refused until then: no cookie with it lives longer. */
  #lastMoment(): number {
    const { now, longest } = this.parts.times;
    return (now + longest) * 1000;
  }

  #cookie(state: SessionState, issuedAt: number, expiresAt: number): string {
    const token = this.parts.signer.issueAt(JSON.stringify(state.id), issuedAt, expiresAt);
    // Never too long: an id is all it holds.
    return cookieOf(this.parts, state, token, expiresAt) as string;
  }
}
