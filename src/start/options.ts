// What `createKeyturn()` takes, and what is refused there.
import { type OptionNames, requireFunction, requireOptions } from '../config/options.js';
import type { Profile } from '../config/profile.js';
import type { EngineClients } from '../engines/engines.js';
import type { Config } from '../purposes/payloads.js';
import type { Logger } from '../runtime/log.js';

/** What `createKeyturn()` takes. Everything has a default; production needs a secret, which is never an option. */
export interface KeyturnOptions {
  /**
   * Where `keyturn.toml` and `.keyturn` are; default: the working directory, or where that has no configuration the
   * package of the file that was started. `KEYTURN_CONFIG` names another file or folder.
   */
  readonly cwd?: string;
  /** Read instead of `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `dev`, `test` or `prod`; default: read from the surroundings, failing closed. */
  readonly profile?: Profile;
  /** Settings as in `keyturn.toml`, below every file and variable: `{ session: { idle: '1h' } }`. */
  readonly config?: Config;
  /** A pino-shaped logger; default: lines on standard error. */
  readonly logger?: Logger;
  /** Milliseconds since 1970; default: `Date.now`. */
  readonly clock?: () => number;
  /** Connected clients to use for Redis and PostgreSQL; default: opened by their URLs, where settings name an engine. */
  readonly clients?: EngineClients;
}

/** For adapters too, which pass them on. */
export const KEYTURN_OPTIONS: OptionNames<KeyturnOptions> = {
  cwd: true,
  env: true,
  profile: true,
  config: true,
  logger: true,
  clock: true,
  clients: true,
};

const CLIENTS: OptionNames<EngineClients> = { redis: true, postgres: true };

/** What the compiler would see of the parts that are handed in. @throws KeyturnError `argument_invalid` */
export function requireParts({ logger, clock, clients }: KeyturnOptions): void {
  requireOptions(clients, 'the option clients', CLIENTS);
  requireFunction(clock, 'the option clock', 'write clock: () => milliseconds since 1970, such as Date.now');
  if (logger === undefined) return;
  for (const level of ['debug', 'info', 'warn', 'error'] as const)
    requireFunction(
      logger?.[level] ?? null,
      `${level} of the option logger`,
      'pass a logger as pino makes it: debug, info, warn and error, each called with facts and a message',
    );
}
