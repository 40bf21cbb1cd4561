// The engines that the settings name: the app's own clients, or connections that are opened by URL, once per URL.
import type { Settings } from '../config/layers.js';
import { type SettingName, variableOf } from '../config/settings.js';
import { KeyturnError } from '../errors.js';
import type { PostgresPool } from './postgres.js';
import type { RedisClient } from './redis.js';

/** Clients that the app made, connected or connecting; the app closes them. */
export interface EngineClients {
  /** node-redis or ioredis, 5 or later: single, Sentinel or cluster. */
  readonly redis?: RedisClient;
  /** A `Pool` of `pg`. */
  readonly postgres?: PostgresPool;
}

/** What an engine is wanted for. */
export type EngineUse = 'session' | 'keyring';

type EngineName = 'redis' | 'postgres';

/** Where an engine is, as far as it may be shown. */
export interface EnginePlace {
  /** The setting that names it. */
  readonly setting: SettingName;
  readonly url: string;
  /** Host and port. */
  readonly shown: string;
}

interface Opened {
  readonly client: unknown;
  readonly close: () => Promise<void>;
}

/** Hands out connections. Sessions and keyring share one where they have the same URL. */
export class Engines {
  readonly #settings: Settings;
  readonly #clients: EngineClients;
  readonly #opened = new Map<string, Promise<Opened>>();

  constructor(settings: Settings, clients: EngineClients = {}) {
    this.#settings = settings;
    this.#clients = clients;
  }

  /** Does not reject where Redis is out of reach: commands do. @throws KeyturnError `config_invalid`, `engine_missing` */
  async redis(of: EngineUse): Promise<RedisClient> {
    if (this.#clients.redis !== undefined) return this.#clients.redis;
    const { url } = placeOf(this.#settings, 'redis', of);
    const open = async (): Promise<Opened> => {
      const { openRedis } = await import('./open-redis.js');
      return await openRedis(url);
    };
    return (await this.#open(url, open)) as RedisClient;
  }

  /** Connects when it is first used. @throws KeyturnError `config_invalid`, `engine_missing` */
  async postgres(of: EngineUse): Promise<PostgresPool> {
    if (this.#clients.postgres !== undefined) return this.#clients.postgres;
    const { url } = placeOf(this.#settings, 'postgres', of);
    const open = async (): Promise<Opened> => {
      const { openPostgres } = await import('./open-postgres.js');
      const { pool, close } = await openPostgres(url);
      return { client: pool, close };
    };
    return (await this.#open(url, open)) as PostgresPool;
  }

  /** Closes what was opened here, and leaves the app's own clients alone. */
  async close(): Promise<void> {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.allSettled(opened.map(async (one) => await (await one).close()));
  }

  async #open(url: string, open: () => Promise<Opened>): Promise<unknown> {
    let opened = this.#opened.get(url);
    if (opened === undefined) {
      opened = open();
      this.#opened.set(url, opened);
      opened.catch(() => this.#opened.delete(url));
    }
    return (await opened).client;
  }
}

const SCHEMES: Readonly<Record<EngineName, readonly string[]>> = {
  redis: ['redis:', 'rediss:'],
  postgres: ['postgres:', 'postgresql:'],
};

const EXAMPLES: Readonly<Record<EngineName, string>> = {
  redis: 'redis://host:6379',
  postgres: 'postgres://user@host:5432/name',
};

const TITLES: Readonly<Record<EngineName, string>> = { redis: 'Redis', postgres: 'PostgreSQL' };

/** Where an engine is, by the settings. @throws KeyturnError `config_invalid`, which never repeats the URL */
export function placeOf(settings: Settings, engine: EngineName, of: EngineUse): EnginePlace {
  const own: SettingName = of === 'keyring' ? `security.keyring.${engine}.url` : `session.${engine}.url`;
  const setting = settings.get(own) === undefined ? (`session.${engine}.url` as const) : own;
  const url = settings.get(setting);
  if (url === undefined) {
    const wanted = of === 'keyring' ? 'security.keyring.store' : 'session.backend';
    throw new KeyturnError(
      'config_invalid',
      `${wanted} is "${engine}", and no setting says where ${TITLES[engine]} is`,
      `set ${variableOf(setting)} (or ${setting} in keyturn.toml), such as ${EXAMPLES[engine]}`,
    );
  }
  const host = hostOf(url, SCHEMES[engine]);
  if (host !== undefined) return { setting, url, shown: host };
  throw new KeyturnError(
    'config_invalid',
    `${setting} is not a URL of ${TITLES[engine]}`,
    `give one such as ${EXAMPLES[engine]}; characters such as @ : / # % in a password are written as %40 %3A %2F %23 %25`,
  );
}

/** Undefined for what is no such URL. Errors of parsers quote what they read, and are not passed on. */
function hostOf(url: string, schemes: readonly string[]): string | undefined {
  try {
    // PostgreSQL's may have a user and no host, where a local socket is named behind it; no standard URL has.
    const { protocol, host, username, password, pathname } = new URL(url.replace('@/', `@${NO_HOST}/`));
    if (!schemes.includes(protocol)) return undefined;
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    const isRedis = schemes === SCHEMES.redis;
    if (isRedis && (!/^(\/\d*)?$/.test(pathname) || host === NO_HOST)) return undefined;
    return host === '' || host === NO_HOST ? 'a local socket' : host;
  } catch {
    return undefined;
  }
}

const NO_HOST = 'no-host';
