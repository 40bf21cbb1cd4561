// Sessions in a store: the cookie carries a signed random id, the store a versioned record. Every write is a
// compare-and-set, so parallel requests lose nothing silently and a sign-out is never undone by a slower one.
import { KeyturnError } from '../../errors.js';
import type { Signer } from '../../signing/signer.js';
import { fromJson } from '../../signing/token.js';
import type { Awaitable, SessionRecord, SessionStore, StoredSession } from '../../stores/store.js';
import type { AppCookie } from '../cookie.js';
import {
  andThen,
  decode,
  encode,
  epochHolds,
  firstLive,
  type ResponseTraits,
  renewEpoch,
  type SessionHooks,
  type SessionKind,
  type SessionTimes,
  textToSave,
} from './kind.js';
import { type Carried, dataText, fill, SessionState, type SessionValues } from './session.js';

export interface StoreSessionParts {
  readonly store: SessionStore;
  readonly signer: Signer<string>;
  readonly cookie: AppCookie;
  readonly times: SessionTimes;
  readonly hooks: SessionHooks;
  /** Whether the cookie outlives the browser. */
  readonly persistent: boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Under so many writers at once something is wrong with the app, and an error helps more than patience. */
const ATTEMPTS = 100;

export class StoreSessions implements SessionKind {
  readonly #parts: StoreSessionParts;

  constructor(parts: StoreSessionParts) {
    this.#parts = parts;
  }

  open(cookies: readonly string[]): Awaitable<SessionState> {
    const found = firstLive(cookies, (cookie) => this.#read(cookie));
    return andThen(found, (state) => state ?? SessionState.fresh());
  }

  verifies(cookie: string): boolean {
    return this.#parts.signer.check(cookie).ok;
  }

  #read(cookie: string): Awaitable<SessionState | undefined> {
    const { signer, store } = this.#parts;
    const checked = signer.check(cookie);
    const id = checked.ok ? fromJson(checked.json)?.value : undefined;
    if (!checked.ok || typeof id !== 'string') return undefined;
    const { issuedAt, expiresAt } = checked;
    const carried = { id, issuedAt, expiresAt, stale: checked.key.state === 'retiring', version: 0 };
    return andThen(store.get(id), (stored) => stored && this.#load(stored, carried));
  }

  commit(state: SessionState, response: ResponseTraits): Awaitable<string | undefined> {
    const data = textToSave(state);
    if (state.ended) return this.#end(state);
    if (state.fresh) return data === '{}' && !state.regenerated ? undefined : this.#create(state);
    if (data !== state.base) return this.#save(state, response);
    if (response.publiclyCacheable || !response.canSign) return undefined;
    const expiresAt = this.#dueExpiry(state);
    return expiresAt === undefined ? this.#signedAgain(state, response) : this.#roll(state, expiresAt);
  }

  #load(stored: StoredSession, carried: Carried): Awaitable<SessionState | undefined> {
    const decoded = decode(stored.text);
    if (decoded === undefined || decoded.createdAt + this.#parts.times.maxAge <= this.#now())
      return undefined;
    return andThen(epochHolds(this.#parts.hooks, decoded), (holds) => {
      if (!holds) return undefined;
      carried.version = stored.version;
      return SessionState.loaded(decoded, carried, this.#update);
    });
  }

  async #end(state: SessionState): Promise<string | undefined> {
    if (state.carried === undefined) return undefined;
    await this.#bury(state.carried.id, state.createdAt);
    return this.#parts.cookie.clear();
  }

  async #create(state: SessionState): Promise<string> {
    const now = this.#now();
    const data = valuesOf(state.session);
    if (state.replaced !== undefined) await this.#dropLost(state, data);
    await renewEpoch(this.#parts.hooks, state, data);
    state.createdAt = now;
    const expiresAt = this.#parts.times.expiry(now, now);
    // Before anything is kept: where nothing can be signed nothing is to be left behind.
    const cookie = this.#cookie(state.id, now, expiresAt);
    await this.#parts.store.put(state.id, this.#record(state, dataText(data), expiresAt), 0);
    // Last, so that a store that fails leaves everything as it was.
    if (state.replaced !== undefined) await this.#bury(state.replaced, undefined);
    return cookie;
  }

  /** What was kept of a session that has been signed out meanwhile goes with it: the sign-out stands. */
  async #dropLost(state: SessionState, data: Record<string, unknown>): Promise<void> {
    if (state.kept.length === 0 || (await this.#parts.store.get(state.replaced as string)) !== undefined)
      return;
    const before = baseOf(state);
    for (const key of state.kept) if (same(data[key], before[key])) delete data[key];
  }

  async #save(state: SessionState, response: ResponseTraits): Promise<string | undefined> {
    const saved = await this.#write(state, (theirs) => merge(baseOf(state), valuesOf(state.session), theirs));
    // Ended meanwhile: that stands, and what this request wanted to keep goes with the session. Nothing is sent:
    // the browser may hold another session by now, and removing the cookie would end that one.
    if (!saved) return undefined;
    const expiresAt = this.#dueExpiry(state);
    if (!response.canSign) return undefined;
    return expiresAt === undefined
      ? this.#signedAgain(state, response)
      : this.#cookie(state.id, this.#now(), expiresAt);
  }

  /** `session.update(fn)`: saved when it resolves; other edits of the request stay as they are, to be saved later. */
  readonly #update = async (
    state: SessionState,
    change: (data: SessionValues) => void | Promise<void>,
  ): Promise<void> => {
    const saved = await this.#write(state, async (theirs) => {
      await change(theirs as SessionValues);
      // Other edits of this request must not clash with it: then nothing is saved.
      merge(baseOf(state), valuesOf(state.session), theirs);
      return theirs;
    });
    if (!saved)
      throw new KeyturnError(
        'session_ended',
        'the session was signed out while it was being changed',
        'treat the request as signed out',
      );
  };

  /**
   * Compare-and-set until it succeeds, at first on what this request has loaded: `change` gets the data as stored
   * and returns the data to store. What the app holds is brought up to date with it.
   *
   * @returns false when the session has been ended
   */
  async #write(
    state: SessionState,
    change: (theirs: Record<string, unknown>) => Awaitable<Record<string, unknown>>,
  ): Promise<boolean> {
    const { store, times, hooks } = this.#parts;
    const carried = state.carried as Carried;
    let { version } = carried;
    let theirs = baseOf(state);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const changed = await change(theirs);
      const text = dataText(changed as SessionValues);
      if (!(await renewEpoch(hooks, state, changed as SessionValues))) return false;
      const now = this.#now();
      const record = this.#record(state, text, times.expiry(now, state.createdAt ?? now));
      const outcome = await store.put(state.id, record, version);
      if (outcome === 'saved') {
        adopt(state.session, merge(baseOf(state), valuesOf(state.session), changed, 'mine'));
        state.base = text;
        carried.version = version + 1;
        return true;
      }
      const stored = outcome === 'gone' ? undefined : await store.get(state.id);
      const decoded = stored === undefined ? undefined : decode(stored.text);
      if (stored === undefined || decoded === undefined) return false;
      version = stored.version;
      theirs = { ...decoded.data };
    }
    throw conflict('was changed by too many requests at once');
  }

  /** The new expiry of a session that is due to be extended. */
  #dueExpiry(state: SessionState): number | undefined {
    const { times } = this.#parts;
    const carried = state.carried as Carried;
    const now = this.#now();
    const expiresAt = times.expiry(now, state.createdAt ?? now);
    return now - carried.issuedAt >= times.rollAfter && expiresAt > carried.expiresAt ? expiresAt : undefined;
  }

  async #roll(state: SessionState, expiresAt: number): Promise<string | undefined> {
    const alive = await this.#parts.store.touch(state.id, expiresAt * 1000);
    return alive ? this.#cookie(state.id, this.#now(), expiresAt) : undefined;
  }

  /** A stale cookie, with its own dates, and only where a lost response costs nothing. */
  #signedAgain(state: SessionState, { safe, publiclyCacheable }: ResponseTraits): string | undefined {
    const { stale, issuedAt, expiresAt } = state.carried as Carried;
    return stale && safe && !publiclyCacheable ? this.#cookie(state.id, issuedAt, expiresAt) : undefined;
  }

  /** The id stays refused for as long as any cookie with it could live. */
  async #bury(id: string, createdAt: number | undefined): Promise<void> {
    await this.#parts.store.destroy(id, ((createdAt ?? this.#now()) + this.#parts.times.maxAge) * 1000);
  }

  #record(state: SessionState, data: string, expiresAt: number): SessionRecord {
    const createdAt = state.createdAt ?? this.#now();
    const user = this.#parts.hooks.user?.(fromJson(data)?.value as SessionValues);
    return {
      text: encode(state, createdAt, data),
      createdAt: createdAt * 1000,
      expiresAt: expiresAt * 1000,
      ...(user === undefined ? {} : { user }),
    };
  }

  #cookie(id: string, issuedAt: number, expiresAt: number): string {
    const token = this.#parts.signer.issueAt(JSON.stringify(id), issuedAt, expiresAt);
    // Never too long: an id is all it holds.
    return this.#parts.cookie.set(
      token,
      this.#parts.persistent ? expiresAt - this.#now() : undefined,
    ) as string;
  }

  #now(): number {
    return Math.floor(this.#parts.clock() / 1000);
  }
}

/** The data that the app holds, as it would be saved. */
function valuesOf(session: SessionValues): Record<string, unknown> {
  return fromJson(dataText(session))?.value as Record<string, unknown>;
}

/** The data as this request has loaded, or last saved, it. */
function baseOf(state: SessionState): Record<string, unknown> {
  return fromJson(state.base)?.value as Record<string, unknown>;
}

/** Brings what the app holds up to date; what is as it was stays the same object, since the app may hold on to it. */
function adopt(session: SessionValues, data: Record<string, unknown>): void {
  for (const key of Object.keys(data)) if (same(session[key], data[key])) data[key] = session[key];
  fill(session, data);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * Lays the edits of this request (base to mine) over what another has stored, property by property.
 *
 * @param clash whose a property is that both changed; default: nobody's
 * @throws KeyturnError `session_conflict`
 */
function merge(
  base: Readonly<Record<string, unknown>>,
  mine: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
  clash?: 'mine',
): Record<string, unknown> {
  const merged = { ...theirs };
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    if (same(mine[key], base[key]) || same(mine[key], theirs[key])) continue;
    if (clash === undefined && !same(theirs[key], base[key]))
      throw conflict(`had its "${key}" changed by another request at the same time`);
    if (Object.hasOwn(mine, key)) merged[key] = mine[key];
    else delete merged[key];
  }
  return merged;
}

function conflict(what: string): KeyturnError {
  return new KeyturnError(
    'session_conflict',
    `the session ${what}`,
    'change what requests share with session.update(fn), which is repeated on newer data',
  );
}
