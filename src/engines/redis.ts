// What users of a Redis client need, whichever library it is of: one way to send a command on a key, scripts, and news
// from a channel.
import { createHash } from 'node:crypto';
import { KeyturnError } from '../errors.js';
import { endingOf } from './node-redis-end.js';
import { keepWatching, type LineListener, type Watch } from './watch.js';

/** What is used of a client of node-redis (5 or later), or of its pool. */
export interface NodeRedisClient {
  get(key: string): Promise<unknown>;
  sendCommand(args: string[]): Promise<unknown>;
}

/** What is used of a cluster client of node-redis. */
export interface NodeRedisCluster {
  get(key: string): Promise<unknown>;
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>;
  nodeClient(...node: never[]): unknown;
}

/** What is used of a Sentinel client of node-redis. */
export interface NodeRedisSentinel {
  get(key: string): Promise<unknown>;
  sendCommand(isReadonly: boolean, args: string[]): Promise<unknown>;
  acquire(): Promise<unknown>;
}

/** What is used of a client of ioredis (5 or later), single or cluster. */
export interface IoredisClient {
  get(key: string): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** A client of Redis that the app has made: of the package `redis`, or of `ioredis`; single, Sentinel or cluster. */
export type RedisClient = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoredisClient;

/** Sends a command; the key is the one that it is about, for finding the node. */
export type RedisCommand = (key: string, args: string[]) => Promise<unknown>;

/** How this client takes a command on one key. @throws KeyturnError `store_invalid` */
export function commandOf(client: RedisClient): RedisCommand {
  const has = hasOf(client);
  if (has('get') && has('call')) {
    const ioredis = client as IoredisClient;
    return (_key, [name, ...args]) => ioredis.call(name as string, ...args);
  }
  if (has('get') && has('sendCommand')) {
    if (has('nodeClient')) {
      const cluster = client as NodeRedisCluster;
      return (key, args) => cluster.sendCommand(key, false, args);
    }
    if (has('acquire')) {
      const sentinel = client as NodeRedisSentinel;
      return (_key, args) => sentinel.sendCommand(false, args);
    }
    const single = client as NodeRedisClient;
    if (((client as { options?: { keyPrefix?: unknown } }).options?.keyPrefix ?? '') !== '') {
      throw new KeyturnError(
        'store_invalid',
        'the Redis client puts its keyPrefix before some keys only: not before those of scripts',
        'make a client without keyPrefix; stores have a prefix of their own',
      );
    }
    return (_key, args) => single.sendCommand(args);
  }
  throw new KeyturnError(
    'store_invalid',
    'what was given as client is not a Redis client',
    'pass a connected client of node-redis (5 or later) or ioredis (5 or later) as client',
  );
}

/**
 * ioredis puts its keyPrefix before every key, which is fine for what this client alone uses. The commands of the CLI
 * would look elsewhere.
 *
 * @throws KeyturnError `store_invalid`
 */
export function refuseKeyPrefix(client: RedisClient): void {
  const { options } = client as { options?: { keyPrefix?: unknown; redisOptions?: { keyPrefix?: unknown } } };
  if ((options?.keyPrefix ?? options?.redisOptions?.keyPrefix ?? '') === '') return;
  throw new KeyturnError(
    'store_invalid',
    'the Redis client puts its keyPrefix before the keys of the shared keyring, where no command looks for it',
    'make a client without keyPrefix; session.redis.prefix is the beginning of every key',
  );
}

/**
 * A client that keeps what it has read hears of a change behind the answer to whoever made it: a sign-out would be
 * undone for as long as that takes, and for ever where its connection has died.
 *
 * @throws KeyturnError `store_invalid`
 */
export function refuseCache(client: RedisClient): void {
  const { clientSideCache } = client as { readonly clientSideCache?: unknown };
  if (clientSideCache === undefined || clientSideCache === null) return;
  throw new KeyturnError(
    'store_invalid',
    'the Redis client keeps what it has read, and would show sessions that have ended',
    'make a client without clientSideCache',
  );
}

export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  // Redis' name for it, and no more.
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * Runs a script by its hash; with its text where this Redis does not know it yet, or no longer.
 *
 * @param keys where they are several, all on the same node
 */
export async function runScript(
  command: RedisCommand,
  { text, sha }: Script,
  keys: string | readonly string[],
  parts: readonly string[],
): Promise<unknown> {
  const all = typeof keys === 'string' ? [keys] : keys;
  const key = all[0] as string;
  const rest = [String(all.length), ...all, ...parts];
  try {
    return await command(key, ['EVALSHA', sha, ...rest]);
  } catch (error) {
    if (!String((error as Error | undefined)?.message).startsWith('NOSCRIPT')) throw error;
    return await command(key, ['EVAL', text, ...rest]);
  }
}

/** Clients can be told to give bytes. */
export function asText(reply: unknown): string | undefined {
  return reply === null || reply === undefined ? undefined : String(reply);
}

/**
 * Calls `told` for each message in a channel, and each time that the connection is there (again): what was published
 * meanwhile is lost. A courtesy: a connection that is dead without a sign brings nothing, and neither does a client that
 * cannot be duplicated, such as a pool. Callers look now and then as well.
 *
 * @returns a function that ends it
 */
export async function subscribe(
  client: RedisClient,
  channel: string,
  told: () => void,
  onLoss?: LineListener,
): Promise<() => Promise<void>> {
  if (!hasOf(client)('duplicate')) return async () => undefined;
  return await keepWatching((tell) => subscription(client, channel, tell), told, onLoss);
}

/** A second connection, made as the first one was. */
interface Subscriber {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  connect(): Promise<unknown>;
  /** Clients of one node. */
  ping?(): Promise<unknown>;
  subscribe(channel: string, listener?: () => void): Promise<unknown>;
  /** node-redis */
  destroy?(): void;
  unref?(): void;
  /** ioredis */
  disconnect(): void;
  readonly stream?: { unref?(): void };
}

function subscription(client: RedisClient, channel: string, told: () => void): Watch {
  const { subscriber, sign } = duplicateOf(client);
  const lost = new Promise<void>((done) => {
    if (sign !== undefined) subscriber.on(sign, () => done());
  });
  subscriber.on('error', () => undefined);
  // A client of many nodes does not tell of each socket.
  const end = sign === 'error' ? endingOf(subscriber) : () => subscriber.destroy?.();
  const isIoredis = 'call' in client;
  if (isIoredis) subscriber.on('message', told);
  const connect = async (): Promise<void> => {
    await subscriber.connect();
    await (isIoredis ? subscriber.subscribe(channel) : subscriber.subscribe(channel, told));
    // Listening for news must not keep the process alive.
    if (isIoredis) subscriber.stream?.unref?.();
    else subscriber.unref?.();
  };
  const close = (): void => {
    if (isIoredis) subscriber.disconnect();
    else end();
  };
  // A client of many nodes finds out by itself; what it answers comes from any of them.
  const ask = sign === undefined ? undefined : async () => await subscriber.ping?.();
  return { ready: connect(), lost, ask, close };
}

/**
 * Another connection, and the event that tells of its loss. A single one is used once; it is the loop above that
 * reconnects, since it has to know. Clients of many nodes find another node by themselves.
 *
 * None of them may take silence for death, as a client does whose every command is answered soon: where there are no
 * news nothing is said, and it would be made anew every few seconds.
 */
function duplicateOf(client: RedisClient): { subscriber: Subscriber; sign: string | undefined } {
  const has = hasOf(client);
  const made = client as unknown as { duplicate(...options: unknown[]): Subscriber };
  if (has('call')) {
    // A channel is not a key: the prefix for keys does not belong in it.
    const once = { lazyConnect: true, keyPrefix: '', enableOfflineQueue: true };
    const patient = { socketTimeout: undefined, commandTimeout: undefined };
    if (has('nodes')) {
      const { redisOptions } = (client as { options?: { redisOptions?: object } }).options ?? {};
      const options = { ...once, redisOptions: { ...redisOptions, ...patient } };
      return { subscriber: made.duplicate([], options), sign: undefined };
    }
    return { subscriber: made.duplicate({ ...once, ...patient, retryStrategy: null }), sign: 'close' };
  }
  if (has('nodeClient')) {
    const { defaults } = (client as { _options?: { defaults?: NodeRedisOptions } })._options ?? {};
    return { subscriber: made.duplicate({ defaults: patiently(defaults) }), sign: undefined };
  }
  if (has('acquire')) return { subscriber: made.duplicate(), sign: undefined };
  const { options } = client as { options?: NodeRedisOptions };
  return { subscriber: made.duplicate(patiently(options)), sign: 'error' };
}

interface NodeRedisOptions {
  readonly socket?: object;
}

/** A fresh connection does not inherit the questions of the other one either: the loop above asks. */
function patiently(options: NodeRedisOptions | undefined): NodeRedisOptions {
  const { socket, ...rest } = options ?? {};
  return { ...rest, ...{ pingInterval: undefined, socket: { ...socket, socketTimeout: undefined } } };
}

function hasOf(client: RedisClient): (name: string) => boolean {
  return (name) => typeof (client as unknown as Record<string, unknown>)?.[name] === 'function';
}
