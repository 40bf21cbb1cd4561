// Sessions in Redis, through a connected client of the app: node-redis or ioredis, single, Sentinel or cluster.
//
// One session is one key holding one string: a head of fixed width, whose it is as JSON, a line end, and the text.
// Reading is one GET. Every write is one script over that one key, so any cluster can run it, wherever the key lives.
// The sessions of a user are a sorted set under a key of its own (id, scored by expiry), which in a cluster may live on
// another node: it is written by a command of its own, at the latest with the record, and it may name sessions that
// have ended but never lacks one that is acknowledged. Listing therefore asks the records.
//
// Whether something has expired is decided by the clock of the app, as with the cookie, and in one place for reads and
// writes. Redis only cleans up: it is told how long a key has left, plus a margin, so its own clock does not matter.

import { randomBytes } from 'node:crypto';
import { type OptionHints, type OptionNames, requireOptions } from '../../config/options.js';
import {
  asText,
  commandOf,
  type RedisClient,
  type RedisCommand,
  refuseCache,
  runScript,
} from '../../engines/redis.js';
import { surviveLostConnections } from '../../engines/watch.js';
import { KeyturnError } from '../../errors.js';
import type {
  EndedSession,
  PutOutcome,
  RemoteSessionStore,
  SessionRecord,
  StoredSession,
  UserSession,
} from './contract.js';
import { digits, ENDED, field, format, HEAD, LABEL_BYTES, notesIn, parse, userIn } from './redis-record.js';
import { DESTROY, INDEX, PUT, TOUCH } from './redis-scripts.js';
import { isName, keptUserOf, requireId, requireMoment, requireRecord, requireUser } from './validate.js';

export type {
  IoredisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from '../../engines/redis.js';

import { systemClock } from '../../process/clock.js';

/** What `redisStore()` takes. */
export interface RedisStoreOptions {
  /** Connected, or connecting. The app made it and closes it. */
  readonly client: RedisClient;
  /** The beginning of every key; default: `keyturn:`. */
  readonly prefix?: string;
  /** Milliseconds since 1970; default: `Date.now`. */
  readonly clock?: () => number;
}

const OPTIONS: OptionNames<RedisStoreOptions> = { client: true, prefix: true, clock: true };
const LIFETIME = 'leave it out: how long sessions live is set under [session], by idle and max_age';
const HINTS: OptionHints = {
  ttl: LIFETIME,
  maxAge: LIFETIME,
  url: 'pass a connected client; or set session.redis.url, and Keyturn opens the connection',
  host: 'pass a connected client; or set session.redis.url, and Keyturn opens the connection',
};

/** Keys outlive what they hold by this, so that clocks of replicas that differ a little agree on what is there. */
const MARGIN = 60_000;

/**
 * A {@link SessionStore} in Redis 7 or later.
 *
 * @example
 * const client = await createClient({ url: process.env.REDIS_URL }).connect();
 * await app.register(keyturnFastify, { store: redisStore({ client }) });
 *
 * @throws KeyturnError `store_invalid`
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  if (typeof (options as Partial<Record<'get', unknown>> | undefined)?.get === 'function')
    throw new KeyturnError(
      'argument_invalid',
      'redisStore() was given a client in the place of its options',
      'write redisStore({ client })',
    );
  requireOptions(options, 'redisStore(options)', OPTIONS, HINTS);
  return new StoreInRedis(options);
}

/** A {@link SessionStore} in Redis. */
export interface RedisStore extends RemoteSessionStore {}

class StoreInRedis implements RedisStore {
  readonly #client: RedisClient;
  readonly #command: RedisCommand;
  readonly #prefix: string;
  readonly #clock: () => number;
  // Names for writes: random for this store, counted within it.
  readonly #writer: string = randomBytes(6).toString('base64url');
  #writes = 0;

  constructor(options: RedisStoreOptions) {
    this.#client = options?.client;
    this.#command = commandOf(this.#client);
    this.#prefix = options.prefix ?? 'keyturn:';
    this.#clock = options.clock ?? systemClock;
    surviveLostConnections(this.#client);
    refuseCache(this.#client);
  }

  async get(id: string): Promise<StoredSession | undefined> {
    if (!isName(id)) return undefined;
    const value = asText(await this.#client.get(this.#sessionKey(id)));
    const found = value === undefined ? undefined : parse(value);
    return found !== undefined && found.expiresAt > this.#clock() ? found : undefined;
  }

  async put(id: string, given: SessionRecord, expected: number): Promise<PutOutcome> {
    requireId(id);
    const record = requireRecord(given, keptUserOf);
    const now = this.#clock();
    const write = this.#nameWrite();
    const value = format(record, expected + 1, write);
    const life = timeToLive(record.expiresAt, now);
    const parts = [digits(now), String(expected), write, life, value];
    // Asked at once: over one connection they arrive in this order. Where one fails the caller is told so, and knows
    // as little of the outcome as after any lost connection.
    const [, outcome] = await all([
      record.user === undefined ? undefined : this.#index(record.user, id, record.expiresAt, now),
      runScript(this.#command, PUT, this.#sessionKey(id), parts),
    ]);
    return asText(outcome) as PutOutcome;
  }

  async touch(id: string, expiresAt: number, seenAt?: number): Promise<boolean> {
    requireMoment(expiresAt);
    if (!isName(id)) return false;
    const now = this.#clock();
    const seen = seenAt === undefined ? '' : digits(seenAt);
    const parts = [digits(now), digits(expiresAt), timeToLive(expiresAt, now), seen];
    const head = asText(await runScript(this.#command, TOUCH, this.#sessionKey(id), parts));
    if (head === undefined) return false;
    const user = userIn(head);
    // Not let go: an index that forgets a session earlier than the session ends would hide it.
    if (user !== undefined) await this.#index(user, id, expiresAt, now);
    return true;
  }

  async destroy(id: string, until: number, next = ''): Promise<boolean> {
    requireMoment(until);
    if (!isName(id)) return false;
    const now = this.#clock();
    const parts = [digits(now), digits(until), this.#nameWrite(), next, timeToLive(until, now)];
    const head = asText(await runScript(this.#command, DESTROY, this.#sessionKey(id), parts));
    if (head === undefined) return false;
    const user = head === ENDED ? undefined : userIn(head);
    if (user !== undefined) {
      const key = this.#userKey(user);
      // The session has ended, whatever comes of this: an entry too many is hidden by listUser and goes in time.
      await this.#command(key, ['ZREM', key, id]).catch(() => undefined);
    }
    return true;
  }

  async ended(id: string): Promise<EndedSession | undefined> {
    if (!isName(id)) return undefined;
    const value = asText(await this.#client.get(this.#sessionKey(id)));
    if (value?.startsWith(ENDED) !== true) return undefined;
    const [until, at, , next] = value.slice(1).split(' ');
    if (Number(until) <= this.#clock()) return undefined;
    return next ? { at: Number(at), next } : { at: Number(at) };
  }

  async listUser(user: string | number): Promise<readonly UserSession[]> {
    const named = requireUser(user, keptUserOf);
    const key = this.#userKey(named);
    const owner = JSON.stringify(named);
    const now = this.#clock();
    const from = digits(Math.max(0, now - MARGIN));
    const seen = new Set<string>();
    const found: UserSession[] = [];
    // A session that has ended since the look at the index may have got a new id, which stood there before it ended:
    // then another look finds that one.
    for (let again = true; again; ) {
      const listed = (await this.#command(key, ['ZRANGEBYSCORE', key, from, '+inf'])) as readonly unknown[];
      const ids = listed.map((id) => asText(id) as string).filter((id) => !seen.has(id));
      const sessions = await all(ids.map((id) => this.#headOf(id, owner, now)));
      for (const id of ids) seen.add(id);
      const live = sessions.filter((session) => session !== undefined);
      found.push(...live);
      again = live.length < ids.length;
    }
    return found;
  }

  /** The head alone: texts may be long, and lists too. */
  async #headOf(id: string, owner: string, now: number): Promise<UserSession | undefined> {
    const key = this.#sessionKey(id);
    const end = String(HEAD + Buffer.byteLength(owner) + LABEL_BYTES);
    const [head = ''] = (asText(await this.#command(key, ['GETRANGE', key, '0', end])) ?? '').split('\n', 1);
    if (head === '' || head.startsWith(ENDED) || !`${head.slice(HEAD)} `.startsWith(`${owner} `))
      return undefined;
    const expiresAt = field(head, 0);
    return expiresAt > now ? { id, createdAt: field(head, 2), expiresAt, ...notesIn(head) } : undefined;
  }

  #index(user: string, id: string, expiresAt: number, now: number): Promise<unknown> {
    const past = digits(Math.max(0, now - MARGIN));
    const parts = [past, id, digits(expiresAt), timeToLive(expiresAt, now)];
    return runScript(this.#command, INDEX, this.#userKey(user), parts);
  }

  #sessionKey(id: string): string {
    return `${this.#prefix}session:${id}`;
  }

  #userKey(user: string): string {
    return `${this.#prefix}user:${user}`;
  }

  #nameWrite(): string {
    this.#writes = (this.#writes + 1) % 36 ** 8;
    return this.#writer + this.#writes.toString(36).padStart(8, '0');
  }
}

/** Waits for all, also where one fails: nothing is left running unheard. */
async function all<T>(promises: ReadonlyArray<Promise<T> | undefined>): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

function timeToLive(until: number, now: number): string {
  return Math.max(1, Math.ceil(until - now + MARGIN)).toString();
}
