// What stands in for the keyring and the sessions while an app is built. An import must not need a secret, and an image
// must not get one: nothing is resolved, nothing is written, no connection is opened, and whatever would sign or verify
// throws, so that no token of a build can be in use afterwards.
import { rarely } from '#rarely';
import { KeyturnError } from '../errors.js';
import type { Keyring } from '../keyring/keyring.js';
import { LiveKeyring } from '../keyring/live.js';
import { type Keyturn, LiveKeyturn } from '../keyturn.js';
import { PurposeRegistry } from '../purposes/registry.js';
import { type ResolveOptions, settingsOfBuild } from '../resolve/resolve.js';
import type { RingHealth } from '../runtime/health.js';
import type { Keeper } from '../runtime/keeper.js';
import type { Logger } from '../runtime/log.js';
import { ReachableStore } from '../sessions/stores/reachable.js';
import { loadSealing } from '../signing/sealer.js';
import { Usage } from '../signing/usage.js';
import { loggerFor } from './log.js';

/**
 * A Keyturn for a build: its parts can be made, and throw `build_only` when they are used.
 *
 * @param sign what says that this is a build: `NEXT_PHASE is "phase-production-build"`
 */
export async function startBuild(
  sign: string,
  given: Logger | undefined,
  options: ResolveOptions,
): Promise<Keyturn> {
  const { settings, profile } = await settingsOfBuild(options);
  const clock = options.machine.now;
  const error = buildOnly(sign);
  const logger = loggerFor(given, settings);
  logger.debug({ event: 'build', sign }, 'a build: no signing secret is looked for');
  return new LiveKeyturn(profile, {
    started: undefined,
    settings,
    keeper: keeperOfBuild(error, profile, clock),
    engines: undefined,
    // What it does not know it takes: the settings of where the app runs need not be here.
    registry: new PurposeRegistry(settings, false, true),
    logger,
    clock,
    usage: new Usage(),
    sealing: await loadSealing().catch(() => undefined),
    sessionStore: settings.get('session.backend') === 'cookie' ? undefined : storeOfBuild(error),
    movingIn: new Map(),
    build: error,
    rarely,
  });
}

function buildOnly(sign: string): KeyturnError {
  return new KeyturnError(
    'build_only',
    `this is a build (${sign}), which has no signing secret: nothing is signed, verified or served in it`,
    sign.startsWith('KEYTURN_BUILD')
      ? 'set KEYTURN_BUILD for the step that builds alone, and leave it unset where the app runs; sign while a request is handled'
      : 'sign and verify while a request is handled, and not while pages are made: in Next, export const dynamic = "force-dynamic"',
  );
}

/** A ring that is never there. */
class NoRing extends LiveKeyring {
  readonly #error: KeyturnError;

  constructor(error: KeyturnError, clock: () => number) {
    super(undefined, clock);
    this.#error = error;
  }

  override get current(): Keyring {
    throw this.#error;
  }

  override get stopped(): KeyturnError {
    return this.#error;
  }
}

/** A keeper that keeps nothing. @param clock milliseconds since 1970 */
function keeperOfBuild(error: KeyturnError, profile: string, clock: () => number): Keeper {
  const health: RingHealth = {
    ready: false,
    degraded: error.message,
    profile,
    source: '',
    store: undefined,
    fingerprint: undefined,
    generation: 0,
    signs: undefined,
    keys: [],
    loadedAt: clock(),
    reporting: false,
    lostLines: undefined,
  };
  return {
    ring: new NoRing(error, clock),
    health,
    follows: false,
    lookForKey: () => undefined,
    reload: async () => {},
    close: async () => {},
  };
}

/** A store that nobody has opened. */
function storeOfBuild(error: KeyturnError): ReachableStore {
  const refuse = (): never => {
    throw error;
  };
  return new ReachableStore({ get: refuse, put: refuse, touch: refuse, destroy: refuse, listUser: refuse });
}
