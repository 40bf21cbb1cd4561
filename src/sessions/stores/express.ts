// Sessions in a store that was made for express-session. Of such a store nothing is taken for granted but what that library
// asks of it: get, set and destroy by id, an end that it reads in `cookie`, and what JSON can carry. So a record travels
// as one text, and each change is a set of the whole. `touch` is never called: most stores move only the engine's own
// end by it, some do so once an hour, and the record would say something else.
//
// It has no compare-and-set. What this process does to one session is done in turn (`turns.ts`), so that within it nothing
// is lost.
import { type OptionNames, requireMilliseconds, requireOptions } from '../../config/options.js';
import { KeyturnError } from '../../errors.js';
import { systemClock } from '../../process/clock.js';
import { digest } from '../../signing/digest.js';
import { fromJson } from '../../signing/token.js';
import type {
  EndedSession,
  PutOutcome,
  RemoteSessionStore,
  SessionRecord,
  StoredSession,
  UserSession,
} from './contract.js';
import { answerOf, BEHIND } from './express-store.js';
import { Turns } from './turns.js';
import {
  isName,
  keptUserOf,
  notesOf,
  requireId,
  requireMoment,
  requireRecord,
  requireUser,
} from './validate.js';

// biome-ignore lint/suspicious/noExplicitAny: each store declares sessions and errors of its own
type Theirs = any;

/** What express-session asks of a store, as far as it is used here. */
export interface ExpressStore {
  /** Calls back with the session of an id, or with none. */
  get(sid: string, callback: (error: Theirs, session?: Theirs) => void): unknown;
  /** Keeps a session until the end that stands in its `cookie`. */
  set(sid: string, session: Theirs, callback?: (error?: Theirs) => void): unknown;
  /** Removes it; where there is none that is not an error. */
  destroy(sid: string, callback?: (error?: Theirs) => void): unknown;
  /** Some tell of `disconnect` and `connect`: in between they count as out of reach. */
  on?(event: Theirs, listener: () => void): unknown;
}

/** What `fromExpressStore()` takes besides the store. */
export interface ExpressStoreOptions {
  /** Milliseconds since 1970; default: `Date.now`. */
  readonly clock?: () => number;
  /** Milliseconds until a store that has not called back counts as out of reach, 1 to 2,147,483,647; default: 5,000. */
  readonly timeout?: number;
}

const OPTIONS: OptionNames<ExpressStoreOptions> = { clock: true, timeout: true };

/** A session store of Keyturn on one of express-session, see {@link fromExpressStore}. */
export interface SessionStoreFromExpress extends RemoteSessionStore {
  /** Such a store has none of its own. */
  readonly compareAndSet: 'in-process';
}

/** Milliseconds. Records outlive what they hold by this, so that clocks that differ a little agree on what is there. */
const MARGIN = 60_000;
/** Of a list of a user so many looks: each further one stands for a session that got a new id meanwhile. */
const LOOKS = 100;

/** Version 0: it has ended at `createdAt`, is remembered until `expiresAt`, and its text is the id that followed. */
type Kept = StoredSession;
/** Ids of a user's sessions, and until when each is listed at least. */
type Listed = Readonly<Record<string, number>>;

/**
 * Keeps Keyturn's sessions in any store of express-session: connect-redis, connect-pg-simple, connect-mongo and many more.
 * They are records of Keyturn's own: sessions that express-session has left there are not read.
 *
 * Such a store has no compare-and-set. In one process all promises hold. Of two processes that change one session at
 * the same moment the later one wins, and it may bring back a session that the other has ended just then, or leave one
 * out of the list of a user until it is saved again. Redis and PostgreSQL have stores without that limit.
 *
 * @example
 * await app.register(keyturnFastify, { store: fromExpressStore(MongoStore.create({ client })) });
 *
 * @throws KeyturnError `store_invalid`; `argument_invalid` for a timeout that is none
 */
export function fromExpressStore(
  store: ExpressStore,
  options: ExpressStoreOptions = {},
): SessionStoreFromExpress {
  requireOptions(options, 'fromExpressStore(store, options)', OPTIONS);
  if ((['get', 'set', 'destroy'] as const).some((name) => typeof store?.[name] !== 'function'))
    throw new KeyturnError(
      'store_invalid',
      'fromExpressStore() was given something that is not a store of express-session',
      'pass a store that was made: fromExpressStore(new RedisStore({ client })), and not its class',
    );
  return new StoreFromExpress(store, options);
}

class StoreFromExpress implements SessionStoreFromExpress {
  readonly compareAndSet = 'in-process';
  readonly #store: ExpressStore;
  readonly #clock: () => number;
  readonly #turns: Turns;
  #isAway = false;

  constructor(store: ExpressStore, { clock = systemClock, timeout = 5000 }: ExpressStoreOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#turns = new Turns(requireMilliseconds(timeout, 'timeout of fromExpressStore()'));
    // Nobody waits for what will not answer.
    for (const [event, isAway] of [['disconnect', true] as const, ['connect', false] as const])
      store.on?.(event, () => {
        this.#isAway = isAway;
      });
  }

  get [BEHIND](): ExpressStore {
    return this.#store;
  }

  async get(id: string): Promise<StoredSession | undefined> {
    const kept = isName(id) ? await this.#read(id) : undefined;
    return kept === undefined || kept.version === 0 ? undefined : kept;
  }

  async put(id: string, given: SessionRecord, expected: number): Promise<PutOutcome> {
    requireId(id);
    const record = requireRecord(given, keptUserOf);
    return await this.#turns.take(keyOf(id), async () => {
      const version = (await this.#read(id))?.version;
      if (version === 0 || (version === undefined && expected !== 0)) return 'gone';
      if ((version ?? 0) !== expected) return 'conflict';
      await this.#write(id, { ...record, version: expected + 1 });
      return 'saved';
    });
  }

  /** Such a store answers more slowly than it is asked, and some do not like to be asked for what they do not have. */
  async begin(id: string, given: SessionRecord): Promise<void> {
    requireId(id);
    const record = requireRecord(given, keptUserOf);
    await this.#turns.take(keyOf(id), () => this.#write(id, { ...record, version: 1 }));
  }

  async touch(id: string, expiresAt: number, seenAt?: number): Promise<boolean> {
    const moment = requireMoment(expiresAt);
    if (!isName(id)) return false;
    return await this.#turns.take(keyOf(id), async () => {
      const kept = await this.get(id);
      if (kept !== undefined)
        await this.#write(id, {
          ...kept,
          ...notesOf(seenAt, undefined),
          expiresAt: Math.max(kept.expiresAt, moment),
        });
      return kept !== undefined;
    });
  }

  async destroy(id: string, until: number, next?: string): Promise<boolean> {
    const moment = requireMoment(until);
    if (!isName(id)) return false;
    return await this.#turns.take(keyOf(id), async () => {
      const kept = await this.#read(id);
      const first = kept?.version === 0 ? kept : { text: next ?? '', createdAt: this.#clock(), expiresAt: 0 };
      const { text, createdAt } = first;
      await this.#write(id, { version: 0, text, createdAt, expiresAt: Math.max(first.expiresAt, moment) });
      if (kept?.user !== undefined) await this.#list(kept.user, id, undefined);
      return kept !== undefined && kept.version > 0;
    });
  }

  async ended(id: string): Promise<EndedSession | undefined> {
    const kept = isName(id) ? await this.#read(id) : undefined;
    if (kept?.version !== 0) return undefined;
    return kept.text === '' ? { at: kept.createdAt } : { at: kept.createdAt, next: kept.text };
  }

  async listUser(user: string | number): Promise<readonly UserSession[]> {
    const named = requireUser(user, keptUserOf);
    const seen = new Set<string>();
    const found: UserSession[] = [];
    for (let look = 0; look < LOOKS; look++) {
      const ids = Object.keys(await this.#listed(userKeyOf(named))).filter((id) => !seen.has(id));
      const sessions = await Promise.all(ids.map(async (id) => ({ id, kept: await this.get(id) })));
      let isWhole = true;
      for (const { id, kept } of sessions) {
        seen.add(id);
        if (kept?.user === named) found.push({ id, ...listedOf(kept) });
        // It may have got a new id meanwhile, which was listed before it ended: another look finds that.
        else isWhole = false;
      }
      if (isWhole) break;
    }
    return found;
  }

  /** What is kept under an id and has not expired, by the clock of the app. */
  async #read(id: string): Promise<Kept | undefined> {
    const found = (await this.#ask(keyOf(id))) as Partial<Kept> | undefined;
    if (typeof found?.version !== 'number' || typeof found.text !== 'string') return undefined;
    return (found.expiresAt as number) > this.#clock() ? (found as Kept) : undefined;
  }

  /** The list first: it may name a session too many, and lacks none. */
  async #write(id: string, kept: Kept): Promise<void> {
    if (kept.user !== undefined) await this.#list(kept.user, id, kept.expiresAt);
    await this.#keep(keyOf(id), kept, kept.expiresAt);
  }

  async #listed(key: string): Promise<Listed> {
    return ((await this.#ask(key)) as Listed | undefined) ?? {};
  }

  /** Lists a session until its end at least, or takes it from the list. */
  async #list(user: string, id: string, end: number | undefined): Promise<void> {
    const key = userKeyOf(user);
    await this.#turns.take(key, async () => {
      const before = await this.#listed(key);
      if (end === undefined ? before[id] === undefined : (before[id] ?? 0) >= end) return;
      const now = this.#clock();
      const { [id]: _, ...others } = before;
      const live = Object.entries(others).filter(([, until]) => until > now);
      // Half as long again, so that it is not written anew with each save.
      if (end !== undefined) live.push([id, Math.ceil(end + Math.max(0, end - now) / 2)]);
      if (live.length > 0)
        await this.#keep(key, Object.fromEntries(live), Math.max(...live.map(([, until]) => until)));
      else
        await this.#turns.write(
          key,
          this.#answer((done) => this.#store.destroy(key, done)),
        );
    });
  }

  async #ask(key: string): Promise<unknown> {
    const session = await this.#turns.read(this.#answer((done) => this.#store.get(key, done)));
    const { keyturn } = (session ?? {}) as { readonly keyturn?: unknown };
    return typeof keyturn === 'string' ? fromJson(keyturn)?.value : undefined;
  }

  async #keep(key: string, what: Kept | Listed, until: number): Promise<void> {
    // By the machine's clock, which is the one that stores go by.
    const session = { cookie: cookieFor(until + MARGIN - this.#clock()), keyturn: JSON.stringify(what) };
    await this.#turns.write(
      key,
      this.#answer((done) => this.#store.set(key, session, done)),
    );
  }

  #answer(call: Parameters<typeof answerOf>[0]): Promise<unknown> {
    return this.#isAway ? Promise.reject(new Error('the store is disconnected')) : answerOf(call);
  }
}

/** Ids of adapters as they are. Others as a digest: stores use them as names of files and in columns of fixed width. */
function keyOf(id: string): string {
  return /^[\w-]{16,64}$/.test(id) ? id : `id.${digest(id)}`;
}

function listedOf({ createdAt, expiresAt, seenAt, label }: Kept): Omit<UserSession, 'id'> {
  return { createdAt, expiresAt, ...notesOf(seenAt, label) };
}

function userKeyOf(user: string): string {
  return `user.${digest(user)}`;
}

/** As express-session makes it. Stores read one of the three, and some write into the session that they are given. */
function cookieFor(milliseconds: number): object {
  const expires = new Date(systemClock() + milliseconds);
  const cookie = { originalMaxAge: milliseconds, expires, httpOnly: true, path: '/' };
  return Object.defineProperty(cookie, 'maxAge', { get: () => expires.getTime() - systemClock() });
}
