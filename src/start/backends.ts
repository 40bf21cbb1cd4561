// What a Keyturn has outside of its process: engines, the store of its sessions, the places of a keyring and of reports.
// Loaded where there is any.
import { appNames } from '../config/app.js';
import { type EngineClients, Engines } from '../engines/engines.js';
import { describeFailure, failureOf } from '../engines/failure.js';
import { openRingPlaces, unreported } from '../keyring-stores/open.js';
import type { RingPlaces } from '../keyring-stores/places.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Logger } from '../runtime/log.js';
import { openSessionStore } from '../sessions/stores/open.js';
import type { ReachableStore, StoreChange } from '../sessions/stores/reachable.js';

export interface Backends {
  readonly engines: Engines;
  /** Undefined for sessions in the cookie. */
  readonly sessionStore: ReachableStore | undefined;
  readonly places: RingPlaces;
  /** Warns where the process cannot report itself where its sessions are. */
  warnUnreported(): Promise<void>;
}

/**
 * Opens what the settings name. What has been opened is closed again where something else cannot be.
 *
 * @param now milliseconds since 1970
 * @throws KeyturnError `config_invalid`, `engine_missing`, `secret_missing`, `store_invalid`
 */
export async function openBackends(
  resolution: Resolution,
  clients: EngineClients | undefined,
  logger: Logger,
  now: () => number,
): Promise<Backends> {
  const { settings } = resolution;
  const engines = new Engines(settings, clients);
  try {
    const sessionStore = await openSessionStore({
      settings,
      engines,
      clock: now,
      told: (engine, change, error) => tellOfSessions(logger, engine, change, error),
    });
    const places = await openRingPlaces(resolution, engines, now);
    await tellOtherApps(places, resolution, logger);
    const warn = async () => warnUnreported(await unreported(places, settings, engines), logger);
    return { engines, sessionStore, places, warnUnreported: warn };
  } catch (error) {
    await engines.close();
    throw error;
  }
}

/** What becomes of the engine of the sessions. */
function tellOfSessions(logger: Logger, engine: string, change: StoreChange, error: unknown): void {
  const failure = failureOf(error);
  const failed = { engine, reason: failure.why, hint: failure.hint };
  if (change === 'away')
    logger.error(
      { event: 'session.engine_unavailable', ...failed },
      `${engine} ${describeFailure(failure)}: requests with a session get 503 until that has passed`,
    );
  else if (change === 'back')
    logger.info({ event: 'session.engine_recovered', engine }, `${engine} answers again: sessions are back`);
  else if (change === 'read-only')
    logger.error(
      { event: 'session.engine_read_only', ...failed },
      `${engine} takes no writes (${failure.why}): sessions can be read, and nobody can sign in or out until that has passed`,
    );
  else logger.info({ event: 'session.engine_writable', engine }, `${engine} takes writes again`);
}

/** One that was given a name, beside replicas that have not heard of it. */
async function tellOtherApps(
  { fleet, others }: RingPlaces,
  { settings, keyring }: Resolution,
  logger: Logger,
): Promise<void> {
  const [app, ...accepted] = appNames(settings);
  if (fleet === undefined || (app === undefined && accepted.length === 0)) return;
  const [{ otherApps }, { otherNames }, { problemText }] = await Promise.all([
    import('../fleet/other-apps.js'),
    import('../fleet/diagnosis.js'),
    import('../fleet/diagnosis-words.js'),
  ]);
  const here = others.length > 0 ? [] : await fleet.read(keyring, false).catch(() => []);
  const kids = keyring?.live.map(({ id }) => id) ?? [];
  const found = await otherApps(here, others, { app, ring: keyring, kids });
  for (const problem of otherNames(found, appNames(settings))) {
    const { what, hint } = problemText(problem, 'this process', String);
    const expected = problem.kind === 'other_app' && problem.accepted;
    logger[expected ? 'info' : 'warn']({ event: 'app.others', hint }, what);
  }
}

/** Steps of a rotation would not wait for this process, and nobody would see why. */
function warnUnreported(why: string | undefined, logger: Logger): void {
  if (why === undefined) return;
  logger.warn(
    {
      event: 'fleet.unreported',
      hint: 'let one who may run the SQL that keyringSchemaSql() of keyturn/rotation gives, and let the user select, insert, update and delete there',
    },
    `keyturn status and doctor do not see this process: ${why}`,
  );
}
