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
  noteEpoch,
  type ResponseTraits,
  type SessionHooks,
  type SessionKind,
  type SessionTimes,
  textToSave,
} from './kind.js';
import { dataText, fill, SessionState, type SessionValues } from './session.js';

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

  open(cookie: string | undefined): Awaitable<SessionState> {
    if (cookie === undefined) return SessionState.fresh();
    const { signer, store } = this.#parts;
    const checked = signer.check(cookie);
    const id = checked.ok ? fromJson(checked.json)?.value : undefined;
    if (!checked.ok || typeof id !== 'string') return SessionState.fresh();
    const { issuedAt, expiresAt } = checked;
    const carried = { id, issuedAt, expiresAt, stale: checked.key.state === 'retiring', version: 0 };
    return andThen(store.get(id), (stored) =>
      stored === undefined ? SessionState.fresh() : this.#load(stored, carried),
    );
  }

  commit(state: SessionState, response: ResponseTraits): Awaitable<string | undefined> {
    const data = textToSave(state);
    if (state.ended) return this.#end(state);
    if (state.fresh) return data === '{}' && !state.regenerated ? undefined : this.#create(state, data);
    if (data !== state.base) return this.#save(state);
    const { carried } = state;
    if (carried === undefined || response.publiclyCacheable) return undefined;
    const now = this.#now();
    const { times } = this.#parts;
    const expiresAt = times.expiry(now, state.createdAt ?? now);
    if (now - carried.issuedAt >= times.rollAfter && expiresAt > carried.expiresAt)
      return this.#roll(state, now, expiresAt);
    if (carried.stale && response.safe) return this.#cookie(state.id, carried.issuedAt, carried.expiresAt);
    return undefined;
  }

  #load(stored: StoredSession, carried: NonNullable<SessionState['carried']>): Awaitable<SessionState> {
    const decoded = decode(stored.text);
    if (decoded === undefined || decoded.createdAt + this.#parts.times.maxAge <= this.#now())
      return SessionState.fresh();
    return andThen(epochHolds(this.#parts.hooks, decoded), (holds) => {
      if (!holds) return SessionState.fresh();
      carried.version = stored.version;
      return SessionState.loaded(decoded, carried, this.#update);
    });
  }

  async #end(state: SessionState): Promise<string | undefined> {
    if (state.carried === undefined) return undefined;
    await this.#bury(state.carried.id, state.createdAt);
    return this.#parts.cookie.clear();
  }

  async #create(state: SessionState, data: string): Promise<string> {
    const now = this.#now();
    if (state.replaced !== undefined) await this.#bury(state.replaced, undefined);
    await noteEpoch(this.#parts.hooks, state);
    state.createdAt = now;
    const expiresAt = this.#parts.times.expiry(now, now);
    await this.#parts.store.put(state.id, this.#record(state, data, expiresAt), 0);
    return this.#cookie(state.id, now, expiresAt);
  }

  async #save(state: SessionState): Promise<string | undefined> {
    const saved = await this.#write(state, (theirs) => {
      const mine = fromJson(dataText(state.session))?.value as Record<string, unknown>;
      return merge(fromJson(state.base)?.value as Record<string, unknown>, mine, theirs);
    });
    // Signed out meanwhile: the sign-out stands, and what this request wanted to keep goes with the session.
    if (!saved) return this.#parts.cookie.clear();
    const now = this.#now();
    return this.#cookie(state.id, now, this.#parts.times.expiry(now, state.createdAt ?? now));
  }

  /** `session.update(fn)`: saved when it resolves; other edits of the request stay as they are, to be saved later. */
  readonly #update = async (
    state: SessionState,
    change: (data: SessionValues) => void | Promise<void>,
  ): Promise<void> => {
    const base = fromJson(state.base)?.value as Record<string, unknown>;
    const pending = fromJson(dataText(state.session))?.value as Record<string, unknown>;
    let updated: Record<string, unknown> = {};
    const saved = await this.#write(state, async (theirs) => {
      await change(theirs as SessionValues);
      updated = theirs;
      return theirs;
    });
    if (!saved)
      throw new KeyturnError(
        'session_ended',
        'the session was signed out while it was being changed',
        'treat the request as signed out',
      );
    fill(state.session, merge(base, pending, updated));
  };

  /**
   * Compare-and-set until it succeeds: `change` gets the data as stored and returns the data to store.
   *
   * @returns false when the session is gone
   */
  async #write(
    state: SessionState,
    change: (theirs: Record<string, unknown>) => Awaitable<Record<string, unknown>>,
  ): Promise<boolean> {
    const { store, times } = this.#parts;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await store.get(state.id);
      const decoded = stored === undefined ? undefined : decode(stored.text);
      if (stored === undefined || decoded === undefined || state.carried === undefined) return false;
      const data = JSON.stringify(await change({ ...decoded.data }));
      await noteEpoch(this.#parts.hooks, state);
      const now = this.#now();
      const record = this.#record(state, data, times.expiry(now, decoded.createdAt));
      const outcome = await store.put(state.id, record, stored.version);
      if (outcome === 'gone') return false;
      if (outcome === 'saved') {
        state.base = data;
        state.carried.version = stored.version + 1;
        return true;
      }
    }
    throw conflict('was changed by too many requests at once');
  }

  async #roll(state: SessionState, now: number, expiresAt: number): Promise<string | undefined> {
    const alive = await this.#parts.store.touch(state.id, expiresAt * 1000);
    return alive ? this.#cookie(state.id, now, expiresAt) : undefined;
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
    const token = this.#parts.signer.signJsonAt(JSON.stringify(id), issuedAt, expiresAt);
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

/**
 * Lays the edits of this request (base to mine) over what another has stored, property by property.
 *
 * @throws KeyturnError `session_conflict` when both changed the same one
 */
function merge(
  base: Readonly<Record<string, unknown>>,
  mine: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = { ...theirs };
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    const [before, wanted, stored] = [base, mine, theirs].map((data) => JSON.stringify(data[key]));
    if (wanted === before || wanted === stored) continue;
    if (stored !== before) throw conflict(`had its "${key}" changed by another request at the same time`);
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
