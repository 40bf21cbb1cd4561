// createKeyturn: resolves the configuration, refuses to start where it must, and puts the parts together.
import { rarely } from '#rarely';
import { fits, requireOptions } from '../config/options.js';
import { buildSign, type Profile } from '../config/profile.js';
import { NOWHERE } from '../keyring-stores/places.js';
import { type Keyturn, LiveKeyturn } from '../keyturn.js';
import { untilThere } from '../process/awaited.js';
import type { PurposeRegistry } from '../purposes/registry.js';
import { type Machine, thisMachine } from '../resolve/machine.js';
import { canChange, goesBySecrets, type Resolution, type ResolveOptions } from '../resolve/resolve.js';
import type { Logger } from '../runtime/log.js';
import { SteadyKeeper } from '../runtime/steady-keeper.js';
import type { Sealing } from '../signing/sealer.js';
import { sealerUnavailable } from '../signing/sealer-unavailable.js';
import { Usage } from '../signing/usage.js';
import type { Backends } from './backends.js';
import { type Judged, Judging } from './judging.js';
import { logStart, warnOfProduction } from './log.js';
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
  const build = buildSign(machine.env);
  if (build !== undefined) {
    const { startBuild } = await import('./build.js');
    const { profile, config, logger } = options;
    const resolveOptions = { machine, profile, config: config as ResolveOptions['config'], create: true };
    return await startBuild(build, logger, resolveOptions);
  }
  const judging = new Judging(options, machine);
  return await startJudged(await untilThere(() => judging.now()), options);
}

/** What follows when nothing is refused any more but what engines and packages have to say. */
export async function startJudged(judged: Judged, given: KeyturnOptions): Promise<Keyturn> {
  const { options, resolution, logger, registry, longer } = judged;
  const { settings } = resolution;
  const { profile } = resolution.profile;
  const clock = options.machine.now;
  const sealing = await sealingFor(registry, resolution, profile);
  const usage = new Usage(clock());
  await logStart(resolution, logger);
  if (longer !== undefined && profile === 'dev') warnOfProduction(longer, logger);
  const backends = await backendsFor(resolution, given, logger, clock);
  const { engines, sessionStore, places = NOWHERE } = backends ?? {};
  try {
    const parts = { options, resolution, places, logger, registry, usage };
    // What nobody shares, and what cannot change by itself, needs little.
    const keeper =
      backends === undefined && !canChange(resolution)
        ? new SteadyKeeper(parts)
        : await (await import('../runtime/keeper.js')).RingKeeper.open(parts);
    await keeper.start();
    if (!keeper.health.reporting) await backends?.warnUnreported();
    return new LiveKeyturn(profile, {
      started: () => ({ options, resolution }),
      settings,
      keeper,
      engines,
      registry,
      logger,
      clock,
      usage,
      sealing,
      sessionStore,
      movingIn: resolution.movingIn,
      build: undefined,
      rarely,
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
