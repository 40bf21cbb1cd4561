// A connection to a Redis that is named by its URL, with the manners that a server wants: what cannot be asked now
// fails now, nothing waits for ever for a Redis that is slow or has vanished, and it comes back by itself.
import { KeyturnError } from '../errors.js';
import { endingOf } from './node-redis-end.js';
import { loadClient, type Opened } from './packages.js';
import type { IoredisClient, NodeRedisClient, RedisClient } from './redis.js';
import { onResume } from './resume.js';
import { backoff, PATIENCE, TIMED_OUT, withTimeout } from './watch.js';

/** In milliseconds. */
export const TIMES = {
  connect: 2000,
  /** An answer that takes longer is not waited for. */
  answer: 2000,
  /** So often it is looked whether anything waits for an answer. That costs Redis nothing. */
  look: 1000,
  /** One over which nothing was asked for so long is asked whether it lives: a thousand replicas ask, too. */
  quiet: 5000,
  /** Until a connection is given up that was made and says nothing. */
  silence: 5000,
  close: 1000,
} as const;

/**
 * Opens a connection and waits a little for it. A Redis that is out of reach is not an error here: commands fail until it
 * is back.
 *
 * @throws KeyturnError `engine_missing`
 */
export async function openRedis(url: string): Promise<Opened<RedisClient>> {
  const nodeRedis = loadClient<NodeRedis>('redis', 'createClient');
  if (nodeRedis !== undefined) return await openNodeRedis(nodeRedis, url);
  const ioredis = loadClient<Ioredis>('ioredis', 'Redis');
  if (ioredis !== undefined) return await openIoredis(ioredis, url);
  const hint = 'npm install redis (or ioredis)';
  throw new KeyturnError('engine_missing', 'no client for Redis is installed', hint);
}

type NodeRedis = typeof import('redis');
type Ioredis = Pick<typeof import('ioredis'), 'Redis'>;

async function openNodeRedis({ createClient }: NodeRedis, url: string): Promise<Opened<RedisClient>> {
  const make = () => {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      // It would only count until a command is sent, and costs a timer each.
      commandOptions: { timeout: 0 },
      socket: {
        connectTimeout: TIMES.connect,
        reconnectStrategy: (retries: number) => backoff(retries),
      },
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
  readonly options?: object;
  on(event: 'connect' | 'error' | 'reconnecting', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  duplicate(options?: object): unknown;
  close(): Promise<unknown>;
  destroy(): void;
}

/**
 * node-redis waits for an answer as long as the connection lives, and notices neither a Redis that is stopped nor a
 * network that swallows everything. This one looks now and then whether anything waits for too long, and asks where
 * nothing was asked for a while. Where no answer comes, or a Redis answers that has become a replica, or this process
 * stood still, it starts over with a new connection: what waited fails.
 */
class SteadyClient implements NodeRedisClient {
  readonly #make: () => Connection;
  readonly #isBehind: (error: unknown) => boolean = newlyBehind();
  readonly #ends = new WeakMap<Connection, () => void>();
  #current: Connection;
  /** Why there is no connection: node-redis itself only says that there is none. */
  #failure: unknown;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #stopListening: () => void = () => {};
  /** How many commands wait, and when one of them was last answered, or began to wait alone. Answers come in order. */
  #waiting = 0;
  #heardAt = performance.now();
  /** When it was last seen to be connected, or begun. */
  #connectedAt = performance.now();

  constructor(make: () => Connection) {
    this.#make = make;
    this.#current = this.#begin();
  }

  /** Waits a little for the first connection. */
  async start(): Promise<void> {
    const connected = this.#current.connect();
    this.#timer = setInterval(() => this.#look(), TIMES.look).unref();
    this.#stopListening = onResume(() => this.#replace(this.#current, TIMED_OUT));
    await withTimeout(connected, PATIENCE).catch((error) => {
      this.#failure ??= error;
    });
  }

  get options(): object | undefined {
    return this.#current.options;
  }

  async get(key: string): Promise<unknown> {
    return await this.#ask((connection) => connection.get(key));
  }

  async sendCommand(args: string[]): Promise<unknown> {
    return await this.#ask((connection) => connection.sendCommand(args));
  }

  duplicate(options?: object): unknown {
    return this.#current.duplicate(options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#stopListening();
    const last = this.#current;
    // What was sent is still answered, as a rule.
    if (last.isReady) await withTimeout(last.close(), TIMES.close).catch(() => undefined);
    this.#end(last);
  }

  async #ask(work: (connection: Connection) => Promise<unknown>): Promise<unknown> {
    const asked = this.#current;
    if (this.#waiting++ === 0) this.#heardAt = performance.now();
    try {
      return await work(asked);
    } catch (error) {
      if (this.#isBehind(error)) void this.#leave(asked);
      throw asked.isReady ? error : (this.#failure ?? error);
    } finally {
      this.#waiting--;
      this.#heardAt = performance.now();
    }
  }

  #begin(): Connection {
    const connection = this.#make();
    connection.on('error', (error) => {
      this.#failure = error;
    });
    this.#ends.set(connection, endingOf(connection));
    this.#connectedAt = performance.now();
    return connection;
  }

  #end(connection: Connection): void {
    this.#ends.get(connection)?.();
  }

  #look(): void {
    const asked = this.#current;
    const now = performance.now();
    if (!asked.isReady) {
      if (now - this.#connectedAt > TIMES.silence) this.#replace(asked, TIMED_OUT);
      return;
    }
    this.#connectedAt = now;
    if (this.#waiting === 0) {
      if (now - this.#heardAt >= TIMES.quiet) this.sendCommand(['PING']).catch(() => undefined);
      return;
    }
    if (now - this.#heardAt < TIMES.answer) return;
    // An answer may have arrived and wait to be read, where this process was busy: one turn more.
    const heardAt = this.#heardAt;
    setImmediate(() => {
      if (this.#heardAt === heardAt) this.#replace(asked, TIMED_OUT);
    });
  }

  /** For another Redis behind the same name. Until that answers this one can be read. */
  async #leave(former: Connection): Promise<void> {
    const next = this.#begin();
    const connected = await next.connect().then(
      () => true,
      () => false,
    );
    if (!connected || this.#closed || former !== this.#current) return this.#end(next);
    this.#current = next;
    await withTimeout(former.close(), TIMES.close).catch(() => undefined);
    this.#end(former);
  }

  #replace(former: Connection, trouble: unknown): void {
    if (this.#closed || former !== this.#current) return;
    this.#current = this.#begin();
    this.#failure = trouble;
    this.#current.connect().catch(() => undefined);
    this.#end(former);
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
    if (performance.now() - last < TIMES.look) return false;
    last = performance.now();
    return true;
  };
}

async function openIoredis({ Redis }: Ioredis, url: string): Promise<Opened<RedisClient>> {
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
  await withTimeout(ready, PATIENCE).catch(() => undefined);
  const stopListening = onResume(() => client.disconnect(true));
  const close = async (): Promise<void> => {
    stopListening();
    if (client.status === 'ready') await withTimeout(client.quit(), TIMES.close).catch(() => undefined);
    client.disconnect();
  };
  return { client: telling, close };
}

/** ioredis itself says of a command without a connection only that there is none. The event before it has the cause. */
class TellingClient implements IoredisClient {
  readonly #client: import('ioredis').Redis;
  #failure: unknown;
  /** Set where the database of the URL is not there: ioredis goes on in database 0, where nobody else looks. */
  #astray: unknown;

  constructor(client: import('ioredis').Redis) {
    this.#client = client;
    client.on('error', (error) => {
      this.#failure = error;
      if (/^ERR (DB index|invalid DB|SELECT )/.test(error.message)) this.#astray = error;
    });
    client.on('close', () => {
      this.#astray = undefined;
    });
    client.on('ready', () => {
      this.#failure = undefined;
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
      throw this.#client.status === 'ready' ? error : (this.#failure ?? error);
    }
  }
}
