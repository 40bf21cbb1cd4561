// A start for adapters whose call returns at once: what refuses it throws in place, before the app can bind a port. What
// other starts wait for is loaded at once where it is needed.
import { rarely } from '#rarely';
import { moveInFields } from '../config/layer-builder.js';
import type { Settings } from '../config/layers.js';
import { naming } from '../config/place.js';
import { buildSign } from '../config/profile.js';
import type { Keyturn } from '../keyturn.js';
import { Awaited, untilThere } from '../process/awaited.js';
import { documents } from '../resolve/assemble.js';
import { thisMachine } from '../resolve/machine.js';
import { rare } from '../resolve/resolve.js';
import { development, refusals } from '../secret/find-secret.js';
import { type Judged, Judging, lifetimes } from './judging.js';
import { type KeyturnOptions, requireParts } from './options.js';
import { startJudged, startKeyturn } from './start.js';

/**
 * As `createKeyturn()`, for options that are known to be ones.
 *
 * @returns rejects with what engines and packages have to say, and with what a secret is refused for that a command prints
 * @throws KeyturnError for every other mistake of configuration
 */
export function startInPlace(options: KeyturnOptions): Promise<Keyturn> {
  haveAll();
  requireParts(options);
  const { cwd, env, clock } = options;
  const machine = thisMachine({ cwd, env, now: clock });
  if (buildSign(machine.env) !== undefined) return startKeyturn(options, machine);
  const judging = new Judging(options, machine);
  let judged: Judged;
  try {
    judged = judging.now();
    requireUsable(judged.resolution.settings, options);
  } catch (error) {
    if (!(error instanceof Awaited)) throw error;
    return untilThere(() => judging.now()).then((later) => startJudged(later, options));
  }
  return startJudged(judged, options);
}

/** What other starts find out later, when they open what the settings name. @throws KeyturnError `config_invalid` */
function requireUsable(settings: Settings, { clients }: KeyturnOptions): void {
  if (settings.get('session.backend') !== 'cookie' || settings.get('security.keyring.store') !== undefined)
    rarely().engines.requirePlaces(settings, clients);
  const origins = settings.get('csrf.origins');
  if (origins.some((origin) => origin.includes('*')))
    new (rarely().csrfOrigins.ListedOrigins)(origins, settings.get('csrf.mode'));
}

/** What is lacking then is what no file of the package holds: what a command prints. */
function haveAll(): void {
  naming.atOnce(() => rarely().namedConfig);
  rare.surroundings.atOnce(() => rarely().surroundings);
  rare.tests.atOnce(() => rarely().testProfile);
  rare.secretsInConfig.atOnce(() => rarely().configSecrets);
  rare.envFiles.atOnce(() => rarely().envFiles);
  rare.refusal.atOnce(() => rarely().missingSecret);
  moveInFields.atOnce(() => rarely().moveInFields);
  rare.moveIn.atOnce(() => rarely().moveIn);
  development.atOnce(() => rarely().developmentSecret);
  refusals.atOnce(() => rarely().refusedFile);
  documents.atOnce(() => rarely().document);
  lifetimes.atOnce(() => rarely().programLifetimes);
}
