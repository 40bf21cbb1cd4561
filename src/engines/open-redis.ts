// A connection to a Redis that is named by its URL, with the manners that a server wants: what cannot be asked now
// fails now, nothing waits for ever for a Redis that is slow or has vanished, and it comes back by itself.
import { KeyturnError } from '../errors.js';
import { loadIoredis, loadNodeRedis } from './packages.js';
import type { IoredisClient, NodeRedisClient, RedisClient, SideCache } from './redis.js';
import { backoff, inTime, LATE, PATIENCE } from './watch.js';

export interface OpenRedisOptions {
  /** Whether what was read stays in this process until Redis says that it has changed. */
  readonly cache: boolean;
}

export interface OpenedRedis {
  readonly client: RedisClient;
  close(): Promise<void>;
}

/** In milliseconds. */
export const TIMES = {
  connect: 2000,
  /** An answer that takes longer is not waited for. */
  answer: 2000,
  /** A connection is asked so often whether it is alive. */
  beat: 1000,
  /** Until a connection is given up that was made and says nothing. */
  silence: 5000,
  /** What is in the cache is taken from there no longer than this, whatever else may be wrong. */
  cached: 5000,
  close: 1000,
} as const;

/** So many replies are kept; those used least recently go first. */
const CACHED_ENTRIES = 10_000;

/**
 * Opens a connection and waits a little for it. Where Redis is out of reach that is no error here: commands fail until
 * it is back.
 *
 * @throws KeyturnError `engine_missing`
 */
export async function openRedis(url: string, { cache }: OpenRedisOptions): Promise<OpenedRedis> {
  const nodeRedis = await loadNodeRedis();
  if (nodeRedis !== undefined) return await openNodeRedis(nodeRedis, url, cache);
  const ioredis = cache ? undefined : await loadIoredis();
  if (ioredis !== undefined) return await openIoredis(ioredis, url);
  throw new KeyturnError(
    'engine_missing',
    cache
      ? 'the package redis is not installed, and session.redis.cache needs it'
      : 'no client for Redis is installed',
    cache ? 'npm install redis' : 'npm install redis (or ioredis)',
  );
}

async function openNodeRedis(
  { createClient, BasicClientSideCache }: typeof import('redis'),
  url: string,
  cache: boolean,
): Promise<OpenedRedis> {
  const make = () => {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      // It would only count until a command is sent, and costs a timer each.
      commandOptions: { timeout: 0 },
      socket: {
        connectTimeout: TIMES.connect,
        socketTimeout: TIMES.silence,
        reconnectStrategy: (retries: number) => backoff(retries),
      },
      ...(cache && {
        RESP: 3,
        clientSideCache: new BasicClientSideCache({
          ttl: TIMES.cached,
          maxEntries: CACHED_ENTRIES,
          recordStats: false,
        }),
      }),
    });
    return client as unknown as Connection;
  };
  const steady = new SteadyClient(make);
  await steady.start();
  return { client: steady, close: () => steady.close() };
}

/** What is used here of one node-redis client. */
interface Connection extends NodeRedisClient {
  readonly isReady: boolean;
  readonly clientSideCache?: SideCache;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  duplicate(options?: object): unknown;
  close(): Promise<unknown>;
  destroy(): void;
}

/**
 * node-redis waits for an answer as long as the connection lives, and notices neither a Redis that is stopped nor a
 * network that swallows everything. This one asks now and then, and where no answer comes, or a Redis answers that has
 * become a replica, it starts over with a new connection: what waited fails.
 */
class SteadyClient implements NodeRedisClient {
  readonly #make: () => Connection;
  readonly #isBehind: (error: unknown) => boolean = newlyBehind();
  #current: Connection;
  /** Why there is no connection: where none is, node-redis itself says no more than that. */
  #trouble: unknown;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(make: () => Connection) {
    this.#make = make;
    this.#current = this.#begin();
  }

  /** Waits a little for the first connection. */
  async start(): Promise<void> {
    const connected = this.#current.connect();
    this.#beatLater();
    await inTime(connected, PATIENCE).catch((error) => {
      this.#trouble ??= error;
    });
  }

  get clientSideCache(): SideCache | undefined {
    return this.#current.clientSideCache;
  }

  async get(key: string): Promise<unknown> {
    const asked = this.#current;
    try {
      return await asked.get(key);
    } catch (error) {
      throw this.#reasonFor(error, asked);
    }
  }

  async sendCommand(args: string[]): Promise<unknown> {
    const asked = this.#current;
    try {
      return await asked.sendCommand(args);
    } catch (error) {
      if (this.#isBehind(error)) this.#replace(asked, error);
      throw this.#reasonFor(error, asked);
    }
  }

  duplicate(options?: object): unknown {
    return this.#current.duplicate(options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const last = this.#current;
    // What was sent is still answered, as a rule.
    if (last.isReady) await inTime(last.close(), TIMES.close).catch(() => undefined);
    last.destroy();
  }

  #begin(): Connection {
    const connection = this.#make();
    connection.on('error', (error) => {
      this.#trouble = error;
    });
    return connection;
  }

  #reasonFor(error: unknown, asked: Connection): unknown {
    return asked.isReady ? error : (this.#trouble ?? error);
  }

  #beatLater(): void {
    this.#timer = setTimeout(() => void this.#beat(), TIMES.beat).unref();
  }

  async #beat(): Promise<void> {
    const asked = this.#current;
    try {
      if (asked.isReady) await inTime(asked.sendCommand(['PING']), TIMES.answer);
    } catch (error) {
      // Any other error is an answer, or the end of the connection, which node-redis sees to.
      if (error === LATE) this.#replace(asked, error);
    }
    if (!this.#closed) this.#beatLater();
  }

  #replace(former: Connection, trouble: unknown): void {
    if (this.#closed || former !== this.#current) return;
    this.#trouble = trouble;
    this.#current = this.#begin();
    this.#current.connect().catch(() => undefined);
    former.destroy();
  }
}

/**
 * Whether an error says that the Redis that answered has become a replica: by now the name may lead elsewhere. So
 * often at most, since it may not either.
 */
function newlyBehind(): (error: unknown) => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!String((error as Error | undefined)?.message).startsWith('READONLY')) return false;
    if (performance.now() - last < TIMES.beat) return false;
    last = performance.now();
    return true;
  };
}

async function openIoredis(
  { Redis }: Pick<typeof import('ioredis'), 'Redis'>,
  url: string,
): Promise<OpenedRedis> {
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    connectTimeout: TIMES.connect,
    commandTimeout: TIMES.answer,
    socketTimeout: TIMES.answer,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (retries) => backoff(retries),
    reconnectOnError: newlyBehind(),
  });
  const telling = new TellingClient(client);
  const ready = new Promise<void>((done) => client.once('ready', () => done()));
  client.connect().catch(() => undefined);
  await inTime(ready, PATIENCE).catch(() => undefined);
  const close = async (): Promise<void> => {
    if (client.status === 'ready') await inTime(client.quit(), TIMES.close).catch(() => undefined);
    client.disconnect();
  };
  return { client: telling, close };
}

/** ioredis itself says of a command without a connection only that there is none. The event before it has the cause. */
class TellingClient implements IoredisClient {
  readonly #client: import('ioredis').Redis;
  #trouble: unknown;
  /** Set where the database of the URL is not there: ioredis goes on in database 0, where nobody else looks. */
  #astray: unknown;

  constructor(client: import('ioredis').Redis) {
    this.#client = client;
    client.on('error', (error) => {
      this.#trouble = error;
      if (/^ERR (DB index|invalid DB|SELECT )/.test(error.message)) this.#astray = error;
    });
    client.on('close', () => {
      this.#astray = undefined;
    });
    client.on('ready', () => {
      this.#trouble = undefined;
    });
  }

  async get(key: string): Promise<unknown> {
    return await this.#told(() => this.#client.get(key));
  }

  async call(command: string, ...args: string[]): Promise<unknown> {
    return await this.#told(() => this.#client.call(command, ...args));
  }

  duplicate(options?: object): unknown {
    return this.#client.duplicate(options);
  }

  async #told<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#astray !== undefined) throw this.#astray;
    try {
      return await ask();
    } catch (error) {
      throw this.#client.status === 'ready' ? error : (this.#trouble ?? error);
    }
  }
}
