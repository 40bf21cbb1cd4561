/// <reference lib="esnext.disposable" preserve="true" />
// createKeyturn: resolves the configuration, refuses to start when it must, and hands out signers that follow
// the keyring in force.

import { type AppNames, appNames } from './config/app.js';
import type { Settings } from './config/layers.js';
import { fits, type OptionNames, requireFunction, requireOptions } from './config/options.js';
import { buildSign, type Profile } from './config/profile.js';
import type { EngineClients, Engines } from './engines/engines.js';
import { KeyturnError } from './errors.js';
import type { Keyring } from './keyring/keyring.js';
import type { LiveKeyring } from './keyring/live.js';
import { type KeyringView, viewOf } from './keyring/view.js';
import { NOWHERE } from './keyring-stores/places.js';
import { type Links, type LinksOptions, publicLinks, UrlLinks } from './links/links.js';
import type { Config, PurposeName, Purposes } from './purposes/payloads.js';
import { type Purpose, PurposeRegistry } from './purposes/registry.js';
import { type Machine, thisMachine, writeToStderr } from './resolve/machine.js';
import { type Resolution, type ResolveOptions, resolve, settingsOfBuild } from './resolve/resolve.js';
import { type Keeper, type RingHealth, RingKeeper } from './runtime/keeper.js';
import { type Logger, sanitizedLogger, textLogger } from './runtime/log.js';
import { formatMetrics } from './runtime/metrics.js';
import type { SessionStore } from './sessions/stores/contract.js';
import type { ReachableStore, StoreState } from './sessions/stores/reachable.js';
import type { Json, JsonOrBytes } from './signing/json.js';
import type { PurposeKeyringParts } from './signing/purpose-keyring.js';
import type { Sealer, TokenSealer } from './signing/sealer.js';
import { loadSealing, type Sealing } from './signing/sealing.js';
import { publicSigner, type Signer, TokenSigner } from './signing/signer.js';
import { sealerUnavailable } from './signing/sodium.js';
import { Usage } from './signing/usage.js';
import type { Backends } from './start/backends.js';

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

/** What `keyturn.signer()` and `keyturn.sealer()` take. */
export interface SignerOptions {
  /** Lifetime of the tokens: seconds, or a text such as `"3h"`. Default: the longest of the purpose. */
  readonly maxAge?: number | string;
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
const SIGNER_OPTIONS: OptionNames<SignerOptions> = { maxAge: true };

/** Called with the ring in force and the one before; undefined: a shared keyring has been reached for the first time. */
export type ChangeListener = (keyring: KeyringView, former: KeyringView | undefined) => void;

/** What the package's own adapters need of a {@link Keyturn}. Not part of the public contract. */
export interface Internals {
  readonly settings: Settings;
  /** The name of the app, and the other one while it changes. */
  readonly apps: AppNames;
  readonly keeper: Keeper;
  /** Undefined where there is nothing to reach. */
  readonly engines: Engines | undefined;
  readonly ring: LiveKeyring;
  readonly registry: PurposeRegistry;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly usage: Usage;
  /** What makes sealers; undefined where it was not loaded. */
  readonly sealing: Sealing | undefined;
  readonly ownSigner: <T>(purpose: string) => TokenSigner<T>;
  /** Undefined where the cipher was not loaded. */
  readonly ownSealer: <T>(purpose: string) => TokenSealer<T> | undefined;
  readonly ownLinks: (options: LinksOptions) => UrlLinks;
  /** See {@link Keyturn.sessionStore}. */
  readonly sessionStore: ReachableStore | undefined;
  /** While the app is built: why nothing is served. */
  readonly build: KeyturnError | undefined;
}

/**
 * Under a name that every copy of this package knows: an app may get one by `import` and one by `require`, or have one
 * in its bundle and one beside it, and hand what the one made to the other. Beside the objects, and not in them: nobody
 * who looks at one, or prints it with all that it has, comes to a key. What is inside has no stable form, so that only
 * copies of one version share it: a test compares with package.json.
 */
const INTERNALS = Symbol.for('keyturn/internals@0.1.0');

function internals(): WeakMap<object, Internals> {
  const shared = globalThis as { [INTERNALS]?: WeakMap<object, Internals> };
  if (shared[INTERNALS] === undefined) Object.defineProperty(shared, INTERNALS, { value: new WeakMap() });
  return shared[INTERNALS] as WeakMap<object, Internals>;
}

/** @internal */
export function internalsOf(keyturn: Keyturn): Internals {
  const found = internals().get(keyturn);
  if (found === undefined)
    throw new TypeError('this is not a Keyturn: pass what createKeyturn() of the same version returned');
  return found;
}

/** One keyring behind everything an app signs. Made by {@link createKeyturn}. */
export interface Keyturn {
  /** Which rules apply. */
  readonly profile: Profile;
  /**
   * The keyring in force: keys with id, state and dates, no material.
   *
   * @throws KeyturnError `keyring_unavailable` while a shared one has not been reached yet
   */
  readonly keyring: KeyringView;
  /**
   * The store that `session.backend` names: for listing and ending the sessions of a user, for refresh tokens, and for
   * asking whether it answers. Undefined for sessions in the cookie. Its methods reject with `engine_unavailable` where
   * its engine is out of reach.
   */
  readonly sessionStore: SessionStore | undefined;
  /** How this process is, for health checks and status pages. Nothing in it is secret. */
  readonly health: Health;
  /**
   * A signer for one purpose. Tokens of one purpose are never accepted for another.
   *
   * @param purpose a built-in one (`password-reset`, `email-verification`, `invitation`) or one declared under
   * `[purposes.<name>]`; development takes undeclared ones too
   * @throws KeyturnError `purpose_invalid`, `purpose_reserved`, `purpose_undeclared`, `purpose_sealed`,
   * `purpose_lifetime`, `duration_invalid`
   */
  signer<Name extends Extract<keyof Purposes, string>>(
    purpose: Name,
    options?: SignerOptions,
  ): Signer<Json<Purposes[Name]>>;
  signer<T = unknown>(purpose: PurposeName, options?: SignerOptions): Signer<Json<T>>;
  /**
   * A sealer for one purpose: as {@link signer}, and what its tokens hold is encrypted. Needs the package
   * `libsodium-wrappers`, which production loads when a purpose is declared with `sealed = true`.
   *
   * @param purpose one declared with `sealed = true` under `[purposes.<name>]`; development takes undeclared ones too
   * @throws KeyturnError `sealer_unavailable`, and all that {@link signer} throws
   */
  sealer<Name extends Extract<keyof Purposes, string>>(
    purpose: Name,
    options?: SignerOptions,
  ): Sealer<JsonOrBytes<Purposes[Name]>>;
  sealer<T = unknown>(purpose: PurposeName, options?: SignerOptions): Sealer<JsonOrBytes<T>>;
  /**
   * Signs and verifies links: URLs that work unchanged, for one method, until they expire.
   *
   * @throws KeyturnError `link_invalid`, `purpose_lifetime`, `duration_invalid`
   */
  links(options?: LinksOptions): Links;
  /**
   * Calls `listener` whenever the keyring in force has changed.
   *
   * @returns a function that stops the calls
   */
  on(event: 'change', listener: ChangeListener): () => void;
  /** What this process counted, in the text format of Prometheus. Nothing in it is secret. */
  metrics(): string;
  /** Reads the source of the keyring again now, as SIGHUP does. A bad one leaves the last good ring in force. */
  reload(): Promise<void>;
  /**
   * Ends everything that runs in the background, and says goodbye to the fleet. Signing and verifying go on working; with
   * a shared keyring signing does for `max_lag`, since nobody is held up any more.
   */
  close(): Promise<void>;
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The class behind {@link Keyturn}. */
class LiveKeyturn implements Keyturn {
  readonly profile: Profile;
  readonly #internals: Internals;
  #view: { readonly ring: Keyring; readonly view: KeyringView } | undefined;

  constructor(profile: Profile, parts: Omit<Internals, 'ownSigner' | 'ownSealer' | 'ownLinks'>) {
    this.profile = profile;
    this.#internals = {
      ...parts,
      ownSigner: <T>(name: string) => {
        const purpose = parts.registry.own(name);
        return new TokenSigner<T>(this.#tokenParts(purpose, purpose.maxAge));
      },
      ownSealer: <T>(name: string) => {
        const purpose = parts.registry.own(name);
        return parts.sealing?.own<T>(this.#tokenParts(purpose, purpose.maxAge));
      },
      ownLinks: (options) => new UrlLinks(this.#internals.ownSigner('url'), options),
    };
    internals().set(this, this.#internals);
  }

  get keyring(): KeyringView {
    const ring = this.#internals.ring.current;
    if (this.#view?.ring !== ring) this.#view = { ring, view: viewOf(ring) };
    return this.#view.view;
  }

  signer<T = unknown>(purpose: string, options: SignerOptions = {}): Signer<T> {
    requireOptions(options, 'signer(purpose, options)', SIGNER_OPTIONS);
    const found = this.#internals.registry.forSigner(purpose, options.maxAge);
    return publicSigner(new TokenSigner<T>(this.#tokenParts(found.purpose, found.maxAge)));
  }

  sealer<T = unknown>(purpose: string, options: SignerOptions = {}): Sealer<T> {
    requireOptions(options, 'sealer(purpose, options)', SIGNER_OPTIONS);
    const { registry, sealing } = this.#internals;
    const found = registry.forSigner(purpose, options.maxAge, true);
    if (sealing === undefined) throw sealerUnavailable(found.purpose.name);
    return sealing.given<T>(this.#tokenParts(found.purpose, found.maxAge));
  }

  links(options: LinksOptions = {}): Links {
    return publicLinks(this.#internals.ownLinks(options));
  }

  on(event: 'change', listener: ChangeListener): () => void {
    if (event !== 'change')
      throw new KeyturnError('argument_invalid', 'there is no event of that name', 'write on("change", …)');
    requireFunction(listener ?? null, 'the listener of "change"', 'write on("change", (keyring) => …)');
    const { ring, logger } = this.#internals;
    return ring.onChange((current, former) => {
      try {
        listener(viewOf(current), former === undefined ? undefined : viewOf(former));
      } catch (error) {
        // The ring is in force all the same, and the next listener wants to hear of it.
        logger.error({ event: 'listener.failed', error: String(error) }, 'a listener of "change" failed');
      }
    });
  }

  get sessionStore(): SessionStore | undefined {
    return this.#internals.sessionStore;
  }

  get health(): Health {
    const { keeper, sessionStore } = this.#internals;
    return { ...keeper.health, sessions: sessionStore?.state };
  }

  metrics(): string {
    const { usage, clock, sessionStore } = this.#internals;
    return formatMetrics(this.health, usage, clock()) + sessionStoreMetrics(sessionStore?.state);
  }

  async reload(): Promise<void> {
    await this.#internals.keeper.reload();
  }

  async close(): Promise<void> {
    await this.#internals.keeper.close();
    await this.#internals.engines?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #tokenParts(purpose: Purpose, maxAge: number): PurposeKeyringParts {
    const { ring, clock, logger, usage, settings, apps } = this.#internals;
    return {
      purpose: purpose.name,
      maxAge,
      ring,
      clock,
      usage,
      apps,
      epoch: settings.get('security.keyring.epoch'),
      onRefusal: (name, reason, kid) => {
        usage.refused(name, reason);
        logger.debug({ event: 'token.refused', purpose: name, reason, kid }, 'a token was refused');
      },
    };
  }
}

/**
 * Resolves the signing secret and starts Keyturn. In production it throws before the app can bind a port
 * unless a strong secret is configured; in development it makes one and keeps it. While an app is built
 * (`KEYTURN_BUILD=1`, `NEXT_PHASE=phase-production-build`) nothing is resolved, and what it makes throws `build_only` when
 * it signs, verifies or is to be served.
 *
 * @throws KeyturnError with a `code`, a `message` and a `hint` for every mistake of configuration
 */
export async function createKeyturn(options: KeyturnOptions = {}): Promise<Keyturn> {
  if (!fits(options, KEYTURN_OPTIONS)) {
    const { CREATE_HINTS } = await import('./config/foreign-options.js');
    requireOptions(options, 'createKeyturn(options)', KEYTURN_OPTIONS, CREATE_HINTS);
  }
  requireParts(options);
  return await startKeyturn(options, thisMachine(machineParts(options)));
}

const CLIENTS: OptionNames<EngineClients> = { redis: true, postgres: true };

function requireParts({ logger, clock, clients }: KeyturnOptions): void {
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

/** @internal {@link createKeyturn} on any machine, real or simulated. */
export async function startKeyturn(options: KeyturnOptions, machine: Machine): Promise<Keyturn> {
  const config = options.config as ResolveOptions['config'];
  const resolveOptions = { machine, profile: options.profile, config, create: true };
  const build = buildSign(machine.env);
  if (build !== undefined) return await startBuild(build, options, resolveOptions);
  const resolution = await resolve(resolveOptions);
  const failed = resolution.problems.find((problem) => problem.severity === 'error');
  if (failed !== undefined) throw failed.error;
  const { settings } = resolution;
  const { profile } = resolution.profile;
  const longer = await longerThanOutside(options, resolution);
  if (longer !== undefined && profile === 'prod') throw longer;
  const logger =
    options.logger === undefined
      ? textLogger(settings.get('log.level'), writeToStderr)
      : sanitizedLogger(options.logger);
  // What production would refuse, development tells.
  const registry = new PurposeRegistry(settings, profile === 'prod', false, (said) => {
    if (profile === 'dev') warnOfProduction(said, logger);
  });
  const sealing = await sealingFor(registry, settings, profile);
  const usage = new Usage();
  await report(resolution, logger);
  if (longer !== undefined && profile === 'dev') warnOfProduction(longer, logger);
  const outside = await outsideOf(resolution, options, logger, machine.now);
  const { sessionStore, places = NOWHERE } = outside ?? {};
  try {
    const keeper = await RingKeeper.open({
      options: resolveOptions,
      resolution,
      places,
      logger,
      registry,
      usage,
    });
    await keeper.start();
    if (!keeper.health.reporting) await outside?.warnUnreported();
    const { ring } = keeper;
    return new LiveKeyturn(profile, {
      settings,
      apps: appNames(settings),
      keeper,
      engines: outside?.engines,
      ring,
      registry,
      logger,
      clock: machine.now,
      usage,
      sealing,
      sessionStore,
      build: undefined,
    });
  } catch (error) {
    await outside?.engines.close();
    throw error;
  }
}

/** A Keyturn for a build: its parts can be made, and throw `build_only` when they are used. */
async function startBuild(
  sign: string,
  { logger }: KeyturnOptions,
  options: ResolveOptions,
): Promise<Keyturn> {
  const { buildOnly, keeperOfBuild, storeOfBuild } = await import('./start/build.js');
  const { settings, profile } = await settingsOfBuild(options);
  const clock = options.machine.now;
  const error = buildOnly(sign);
  const keeper = keeperOfBuild(error, profile, clock);
  const log =
    logger === undefined ? textLogger(settings.get('log.level'), writeToStderr) : sanitizedLogger(logger);
  log.debug({ event: 'build', sign }, 'a build: no signing secret is looked for');
  return new LiveKeyturn(profile, {
    settings,
    apps: appNames(settings),
    keeper,
    engines: undefined,
    ring: keeper.ring,
    // What it does not know it takes: the settings of where the app runs need not be here.
    registry: new PurposeRegistry(settings, false, true),
    logger: log,
    clock,
    usage: new Usage(),
    sealing: await loadSealing().catch(() => undefined),
    sessionStore: settings.get('session.backend') === 'cookie' ? undefined : storeOfBuild(error),
    build: error,
  });
}

/**
 * The cipher of sealers. Where a purpose is declared sealed it must be there. It is also taken where it may be of use:
 * in development, where purposes need not be declared, and where `session.sealed` is set to false, so that cookies
 * sealed by another process, or before, can be opened.
 */
async function sealingFor(
  registry: PurposeRegistry,
  settings: Settings,
  profile: Profile,
): Promise<Sealing | undefined> {
  const needed = registry.all.find((purpose) => purpose.sealed);
  const useful = profile !== 'prod' || settings.origin('session.sealed')?.layer !== 'built-in';
  if (needed === undefined && !useful) return undefined;
  try {
    const sealing = await loadSealing();
    if (sealing === undefined && needed !== undefined) throw sealerUnavailable(needed.name);
    return sealing;
  } catch (error) {
    // A package that nobody asked for stops no start. Who asks for it later hears that it cannot be had.
    if (needed === undefined) return undefined;
    throw error;
  }
}

/** What is wrong where the program lengthens what variables and files say; asked only of one that says something. */
async function longerThanOutside(
  { config }: KeyturnOptions,
  { settings, outside, profile }: Resolution,
): Promise<KeyturnError | undefined> {
  if (config === undefined) return undefined;
  const { longerThanSeen } = await import('./purposes/program.js');
  return longerThanSeen(settings, outside, profile.profile === 'prod');
}

/** Undefined, and not even loaded, for a secret by itself and sessions in the cookie. */
async function outsideOf(
  resolution: Resolution,
  { clients }: KeyturnOptions,
  logger: Logger,
  now: () => number,
): Promise<Backends | undefined> {
  const { settings, source } = resolution;
  const byItself = settings.get('security.keyring.store') === undefined && source?.format !== 'document';
  if (byItself && settings.get('session.backend') === 'cookie') return undefined;
  const { openBackends } = await import('./start/backends.js');
  return await openBackends(resolution, clients, logger, now);
}

/** Whoever finds out in development has the line at hand, and not a server that does not start. */
function warnOfProduction({ code, message, hint }: KeyturnError, logger: Logger): void {
  logger.warn({ event: 'production.refuses', code, hint }, `production will refuse this: ${message}`);
}

/** Nothing where sessions need no engine. */
function sessionStoreMetrics(state: StoreState | undefined): string {
  if (state === undefined) return '';
  const gauge = (name: string, about: string, value: boolean): string =>
    `# HELP keyturn_${name} ${about}\n# TYPE keyturn_${name} gauge\nkeyturn_${name} ${Number(value)}\n`;
  return (
    gauge('session_store_up', '1 while sessions can be read', state !== 'unreachable') +
    gauge('session_store_writable', '1 while sessions can be begun, changed and ended', state === 'ok')
  );
}

function machineParts(options: KeyturnOptions): Partial<Machine> {
  return {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.clock === undefined ? {} : { now: options.clock }),
  };
}

/** Says at start what an operator wants to know: which rules, which keys from where, and what is doubtful. */
async function report(resolution: Resolution, logger: Logger): Promise<void> {
  const { profile, source, keyring } = resolution;
  const rare =
    profile.inferred || source?.created === true ? await import('./runtime/start-report.js') : undefined;
  rare?.reportInferred(profile, logger);
  logger.info(
    { event: 'configuration.read', files: resolution.configFiles },
    resolution.configFiles.length === 0
      ? `no configuration file is read: there is none in ${resolution.cwd}`
      : `configuration is read from ${resolution.configFiles.join(', ')}`,
  );
  for (const { error } of resolution.problems) {
    logger.warn({ event: 'configuration.doubtful', code: error.code, hint: error.hint }, error.message);
  }
  rare?.reportCreated(source, logger);
  if (keyring !== undefined) {
    logger.info(
      {
        event: 'keyring.loaded',
        source: source?.name,
        count: keyring.keys.length,
        kids: keyring.keys.map((key) => `${key.id}:${key.state}`),
      },
      resolution.settings.get('security.keyring.store') === undefined
        ? 'the keyring is loaded'
        : 'the secret is loaded that opens the shared keyring',
    );
  }
}

/** How a process is, for health checks. Nothing in it is secret. */
export interface Health extends RingHealth {
  /**
   * How the engine of the sessions was when it was last asked: `read-only` answers and takes no writes. Undefined where
   * sessions need no engine. A process without its sessions is ready all the same: where no replica has them, it is
   * better that all answer what they can than that nobody answers anything.
   */
  readonly sessions: StoreState | undefined;
}
