// The engines that the settings name: the app's own clients, or connections that are opened by URL, once per URL.
import type { Settings } from '../config/layers.js';
import { type SettingName, variableOf } from '../config/settings.js';
import { KeyturnError } from '../errors.js';
import type { Opened } from './packages.js';
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
type EngineUse = 'session' | 'keyring';

type EngineName = 'redis' | 'postgres';

/** Where an engine is, as far as it may be shown. */
export interface EnginePlace {
  /** The setting that names it. */
  readonly setting: SettingName;
  readonly url: string;
  /** Host and port. */
  readonly shown: string;
}

/** Hands out connections. Sessions and keyring share one where they have the same URL. */
export class Engines {
  readonly #settings: Settings;
  readonly #clients: EngineClients;
  readonly #opened = new Map<string, Promise<Opened<unknown>>>();

  constructor(settings: Settings, clients: EngineClients = {}) {
    this.#settings = settings;
    this.#clients = clients;
  }

  /** Does not reject where Redis is out of reach: commands do. @throws KeyturnError `config_invalid`, `engine_missing` */
  async redis(of: EngineUse): Promise<RedisClient> {
    const open = async (url: string) => (await import('./open-redis.js')).openRedis(url);
    return this.#clients.redis ?? (await this.#open(placeOf(this.#settings, 'redis', of), open));
  }

  /** Connects when it is first used. @throws KeyturnError `config_invalid`, `engine_missing` */
  async postgres(of: EngineUse): Promise<PostgresPool> {
    const open = async (url: string) => (await import('./open-postgres.js')).openPostgres(url);
    return this.#clients.postgres ?? (await this.#open(placeOf(this.#settings, 'postgres', of), open));
  }

  /** Closes what was opened here, and leaves the app's own clients alone. */
  async close(): Promise<void> {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.allSettled(opened.map(async (one) => await (await one).close()));
  }

  async #open<Client>({ url }: EnginePlace, open: (url: string) => Promise<Opened<Client>>): Promise<Client> {
    // The scheme of a URL says which engine it is of.
    let opened = this.#opened.get(url) as Promise<Opened<Client>> | undefined;
    if (opened === undefined) {
      opened = open(url);
      this.#opened.set(url, opened);
      opened.catch(() => this.#opened.delete(url));
    }
    return (await opened).client;
  }
}

/**
 * Looks whether every engine that the settings ask for has a place, before anything is opened.
 *
 * @throws KeyturnError `config_invalid`
 */
export function requirePlaces(settings: Settings, clients: EngineClients = {}): void {
  const backend = settings.get('session.backend');
  const store = settings.get('security.keyring.store');
  if (backend === 'redis' || backend === 'postgres') requirePlace(settings, clients, backend, 'session');
  if (store !== undefined) requirePlace(settings, clients, store, 'keyring');
}

function requirePlace(settings: Settings, clients: EngineClients, engine: EngineName, of: EngineUse): void {
  if (clients[engine] === undefined) placeOf(settings, engine, of);
}

const ENGINES = {
  redis: { title: 'Redis', schemes: ['redis:', 'rediss:'], example: 'redis://host:6379' },
  postgres: {
    title: 'PostgreSQL',
    schemes: ['postgres:', 'postgresql:'],
    example: 'postgres://user@host:5432/name',
  },
} as const;

/** Where an engine is, by the settings. @throws KeyturnError `config_invalid`, which never repeats the URL */
export function placeOf(settings: Settings, engine: EngineName, of: EngineUse): EnginePlace {
  const { title, example } = ENGINES[engine];
  const own: SettingName = of === 'keyring' ? `security.keyring.${engine}.url` : `session.${engine}.url`;
  const setting = settings.get(own) === undefined ? (`session.${engine}.url` as const) : own;
  const url = settings.get(setting);
  if (url === undefined) {
    const wanted = of === 'keyring' ? 'security.keyring.store' : 'session.backend';
    throw new KeyturnError(
      'config_invalid',
      `${wanted} is "${engine}", and no setting says where ${title} is`,
      `set ${variableOf(setting)} (or ${setting} in keyturn.toml), such as ${example}`,
    );
  }
  const host = hostOf(url, engine);
  if (host !== undefined) return { setting, url, shown: host };
  throw new KeyturnError(
    'config_invalid',
    `${setting} is not a URL of ${title}`,
    `give one such as ${example}; characters such as @ : / # % in a password are written as %40 %3A %2F %23 %25`,
  );
}

/** Undefined for what is not such a URL. Errors of parsers quote what they read, and are not passed on. */
function hostOf(url: string, engine: EngineName): string | undefined {
  try {
    // PostgreSQL's may have a user and no host, where a local socket is named behind it; no standard URL has.
    const { protocol, host, username, password, pathname } = new URL(url.replace('@/', `@${NO_HOST}/`));
    const schemes: readonly string[] = ENGINES[engine].schemes;
    if (!schemes.includes(protocol)) return undefined;
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    if (engine === 'redis' && (!/^(\/\d*)?$/.test(pathname) || host === NO_HOST)) return undefined;
    return host === '' || host === NO_HOST ? 'a local socket' : host;
  } catch {
    return undefined;
  }
}

const NO_HOST = 'no-host';
