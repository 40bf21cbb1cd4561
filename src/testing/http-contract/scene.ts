// What one case works with: an app, its visitors, its clock, its log, and rings of keys in any state.
import { setTimeout } from 'node:timers/promises';
import type { HttpOptions } from '../../http/core.js';
import type { Keyring } from '../../keyring/keyring.js';
import type { Keyturn } from '../../keyturn.js';
import { privateClock } from '../../resolve/monotonic-clock.js';
import type { Logger } from '../../runtime/log.js';
import type { SessionStore } from '../../sessions/stores/contract.js';
import { memoryStore } from '../../sessions/stores/memory.js';
import { startKeyturn } from '../../start/start.js';
import { type ManualClock, manualClock } from '../clock.js';
import { liveRing } from '../live-ring.js';
import { Browser } from './browser.js';
import type { HttpContractApp, HttpContractDriver, HttpContractRoute, StartedHttpApp } from './driver.js';
import { Rings } from './rings.js';
import { routesOf } from './routes.js';
import { Gate, Meeting } from './waiting.js';

/** Where sessions are kept. */
export interface Kind {
  readonly backend: 'cookie' | 'memory';
  readonly sealed?: boolean;
  /** Makes a store; without one memory is the one that `session.backend` names. */
  readonly store?: (clock: () => number) => SessionStore;
}

export interface SceneOptions {
  readonly profile?: 'dev' | 'test' | 'prod';
  readonly config?: Readonly<Record<string, unknown>>;
  readonly http?: HttpOptions;
  readonly app?: Partial<Pick<HttpContractApp, 'inner' | 'csrf' | 'trustProxy' | 'http2'>>;
  /** Instead of those in routes.ts. */
  readonly routes?: readonly HttpContractRoute[];
}

export interface LogRecord {
  readonly level: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Of one case. Its functions may be taken out of it. */
export interface Scene {
  readonly backend: Kind['backend'];
  /** The configuration that says so. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly clock: ManualClock;
  readonly logger: Logger & { readonly records: readonly LogRecord[] };
  readonly rings: Rings;
  /** A request that is slow waits here. */
  readonly slow: Gate;
  /** Requests that run beside others meet here: before one edits, and again before one saves. */
  readonly beside: Meeting;
  /** Starts an app, and gives somebody who visits it. */
  readonly open: (options?: SceneOptions) => Promise<Browser>;
  /** Somebody else, in the app that was started last. */
  readonly visitor: () => Browser;
  readonly url: () => string;
  readonly close: () => Promise<void>;
  readonly keyturn: () => Keyturn;
  /** Another Keyturn than that of the app, by the same clock and log. */
  readonly another: (options?: SceneOptions) => Promise<Keyturn>;
  readonly newStore: () => SessionStore;
  /** Puts another ring in force, as a reload would. */
  readonly useRing: (ring: Keyring) => void;
  /** Waits until something is so, which nobody tells. */
  readonly seen: (condition: () => boolean) => Promise<void>;
  /** Lets go of everything. */
  readonly end: () => Promise<void>;
}

export function makeScene(driver: HttpContractDriver, kind: Kind): Scene {
  const clock = manualClock(Date.UTC(2026, 0, 15, 12));
  const logger = memoryLogger();
  const [slow, beside] = [new Gate(), new Meeting()];
  const rings = new Rings();
  const apps: StartedHttpApp[] = [];
  const keyturns: Keyturn[] = [];
  let isOver = false;
  const last = () => apps.at(-1) as StartedHttpApp;
  const newStore = () => (kind.store ?? ((read) => memoryStore({ clock: read })))(clock.read);

  async function another({ profile = 'test', config = {} }: SceneOptions = {}): Promise<Keyturn> {
    const sealed = kind.sealed ? { session: { sealed: true, ...(config.session as object) } } : {};
    const made = await keyturnFor(driver, rings, profile, { ...config, ...sealed }, logger, clock);
    keyturns.push(made);
    return made;
  }

  async function open(options: SceneOptions = {}): Promise<Browser> {
    const keyturn = await another(options);
    const store = kind.store === undefined ? {} : { store: newStore() };
    const app = {
      keyturn,
      options: { ...store, ...options.http },
      routes: options.routes ?? routesOf(slow, beside),
      trustProxy: false,
      http2: false,
      ...options.app,
    };
    apps.push(await driver.start(app));
    return new Browser(last());
  }

  return {
    backend: kind.backend,
    config: { session: { backend: kind.backend } },
    clock,
    logger,
    rings,
    slow,
    beside,
    open,
    visitor: () => new Browser(last()),
    url: () => last().url,
    close: async () => await apps.pop()?.close(),
    keyturn: () => keyturns.at(-1) as Keyturn,
    another,
    newStore,
    useRing: (ring) => liveRing(keyturns.at(-1) as Keyturn).replace(ring),
    seen: async (condition) => {
      while (!isOver && !condition()) await setTimeout(5);
    },
    end: async () => {
      isOver = true;
      slow.open();
      beside.end();
      for (const app of apps) await app.close();
      for (const keyturn of keyturns) await keyturn.close();
    },
  };
}

/** Away from the files and variables of this machine. */
async function keyturnFor(
  driver: HttpContractDriver,
  { secret }: Rings,
  profile: 'dev' | 'test' | 'prod',
  config: Readonly<Record<string, unknown>>,
  logger: Logger,
  clock: ManualClock,
): Promise<Keyturn> {
  const env = profile === 'prod' ? lifetimesAsVariables(config) : {};
  if (driver.keyturn !== undefined)
    return await driver.keyturn({ secret, env, profile, config, logger, clock: clock.read });
  const variables = { KEYTURN_SECURITY__SIGNING_SECRET: secret, ...env };
  const signs = { terminal: false, debugger: false, container: false };
  const times = { now: clock.read, monotonic: privateClock(clock.read) };
  return await startKeyturn(
    { profile, logger, config },
    { cwd: '/nonexistent', env: variables, signs, ...times },
  );
}

/** What the program alone says of a lifetime production refuses. */
function lifetimesAsVariables({ purposes = {} }: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(purposes as Record<string, Record<string, unknown>>).flatMap(([name, fields]) =>
      Object.entries(fields).map(([field, value]) => [
        `KEYTURN_PURPOSES__${name}__${field}`.toUpperCase().replaceAll('-', '_'),
        String(value),
      ]),
    ),
  );
}

function memoryLogger(): Scene['logger'] {
  const records: LogRecord[] = [];
  const method = (level: string) => (facts: LogRecord['facts']) => {
    records.push({ level, facts });
  };
  return {
    records,
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
}
