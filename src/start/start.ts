// createKeyturn: resolves the configuration, refuses to start where it must, and puts the parts together.
import { fits, requireOptions } from '../config/options.js';
import { buildSign, type Profile } from '../config/profile.js';
import type { KeyturnError } from '../errors.js';
import { NOWHERE } from '../keyring-stores/places.js';
import { type Keyturn, LiveKeyturn } from '../keyturn.js';
import { PurposeRegistry } from '../purposes/registry.js';
import { type Machine, thisMachine } from '../resolve/machine.js';
import { goesBySecrets, type Resolution, type ResolveOptions, resolve } from '../resolve/resolve.js';
import { RingKeeper } from '../runtime/keeper.js';
import type { Logger } from '../runtime/log.js';
import type { Sealing } from '../signing/sealer.js';
import { sealerUnavailable } from '../signing/sodium.js';
import { Usage } from '../signing/usage.js';
import type { Backends } from './backends.js';
import { loggerFor, logStart, warnOfProduction } from './log.js';
import { KEYTURN_OPTIONS, type KeyturnOptions, requireParts } from './options.js';

/**
 * Resolves the signing secret and starts Keyturn. In production it throws before the app can bind a port
 * unless a strong secret is configured; in development it makes one and keeps it. While an app is built
 * (`KEYTURN_BUILD=1`, `NEXT_PHASE=phase-production-build`) nothing is resolved, and what it makes throws `build_only` when
 * it signs, verifies or is to be served.
 *
 * @throws KeyturnError with a `code`, a `message` and a `hint` for every mistake of configuration
 * @example
 * ```ts
 * const keyturn = await createKeyturn();
 * const reset = keyturn.signer('password-reset', { maxAge: '3h' });
 * const token = reset.sign({ userId: 42 });
 * ```
 */
export async function createKeyturn(options: KeyturnOptions = {}): Promise<Keyturn> {
  if (!fits(options, KEYTURN_OPTIONS)) {
    const { CREATE_HINTS } = await import('../config/foreign-options.js');
    requireOptions(options, 'createKeyturn(options)', KEYTURN_OPTIONS, CREATE_HINTS);
  }
  requireParts(options);
  const { cwd, env, clock } = options;
  return await startKeyturn(options, thisMachine({ cwd, env, now: clock }));
}

/** @internal {@link createKeyturn} on any machine, real or simulated. */
export async function startKeyturn(options: KeyturnOptions, machine: Machine): Promise<Keyturn> {
  const config = options.config as ResolveOptions['config'];
  const resolveOptions = { machine, profile: options.profile, config, create: true };
  const build = buildSign(machine.env);
  if (build !== undefined) {
    const { startBuild } = await import('./build.js');
    return await startBuild(build, options.logger, resolveOptions);
  }
  const resolution = await resolve(resolveOptions);
  const failed = resolution.problems.find((problem) => problem.severity === 'error');
  if (failed !== undefined) throw failed.error;
  const { settings } = resolution;
  const { profile } = resolution.profile;
  const longer = config === undefined ? undefined : await longerThanOperatorsSee(resolution);
  if (longer !== undefined && profile === 'prod') throw longer;
  const logger = loggerFor(options.logger, settings);
  // What production would refuse, development tells.
  const registry = new PurposeRegistry(settings, profile === 'prod', false, (said) => {
    if (profile === 'dev') warnOfProduction(said, logger);
  });
  const sealing = await sealingFor(registry, resolution, profile);
  const usage = new Usage();
  await logStart(resolution, logger);
  if (longer !== undefined && profile === 'dev') warnOfProduction(longer, logger);
  const backends = await backendsFor(resolution, options, logger, machine.now);
  const { engines, sessionStore, places = NOWHERE } = backends ?? {};
  try {
    const parts = { options: resolveOptions, resolution, places, logger, registry, usage };
    const keeper = await RingKeeper.open(parts);
    await keeper.start();
    if (!keeper.health.reporting) await backends?.warnUnreported();
    return new LiveKeyturn(profile, {
      settings,
      keeper,
      engines,
      registry,
      logger,
      clock: machine.now,
      usage,
      sealing,
      sessionStore,
      build: undefined,
    });
  } catch (error) {
    await engines?.close();
    throw error;
  }
}

/**
 * The cipher of sealers. Where a purpose is declared sealed it must be there. It is also taken where it may be of use:
 * in development, where purposes need not be declared, and where `session.sealed` is set to false, so that cookies
 * sealed by another process, or before, can be opened.
 */
async function sealingFor(
  registry: PurposeRegistry,
  { settings }: Resolution,
  profile: Profile,
): Promise<Sealing | undefined> {
  const needed = registry.all.find((purpose) => purpose.sealed);
  const useful = profile !== 'prod' || settings.origin('session.sealed')?.layer !== 'built-in';
  if (needed === undefined && !useful) return undefined;
  try {
    const { loadSealing } = await import('../signing/sealer.js');
    const sealing = await loadSealing();
    if (sealing === undefined && needed !== undefined) throw sealerUnavailable(needed.name);
    return sealing;
  } catch (error) {
    // A package that nobody asked for stops no start. Who asks for it later hears that it cannot be had.
    if (needed === undefined) return undefined;
    throw error;
  }
}

/** Undefined, and not even loaded, for a secret by itself and sessions in the cookie. */
async function backendsFor(
  resolution: Resolution,
  { clients }: KeyturnOptions,
  logger: Logger,
  now: () => number,
): Promise<Backends | undefined> {
  if (goesBySecrets(resolution) && resolution.settings.get('session.backend') === 'cookie') return undefined;
  const { openBackends } = await import('./backends.js');
  return await openBackends(resolution, clients, logger, now);
}

/** What is wrong where the program lengthens what variables and files say: commands see only those. */
async function longerThanOperatorsSee(resolution: Resolution): Promise<KeyturnError | undefined> {
  const { settings, operatorSettings, profile } = resolution;
  const { longerThanSeen } = await import('../purposes/program-lifetimes.js');
  return longerThanSeen(settings, operatorSettings, profile.profile === 'prod');
}
