// A start for adapters whose call returns at once: what refuses it throws in place, before the app can bind a port. What
// other starts load when they need it is here from the beginning.
import { ListedOrigins } from '../config/csrf-origins.js';
import type { Settings } from '../config/layers.js';
import * as namedConfig from '../config/named-config.js';
import { naming } from '../config/place.js';
import { buildSign } from '../config/profile.js';
import * as testProfile from '../config/test-profile.js';
import { requirePlaces } from '../engines/engines.js';
import * as document from '../keyring/document.js';
import type { Keyturn } from '../keyturn.js';
import { Awaited, untilThere } from '../process/awaited.js';
import * as programLifetimes from '../purposes/program-lifetimes.js';
import { documents } from '../resolve/assemble.js';
import * as configSecrets from '../resolve/config-secrets.js';
import * as envFiles from '../resolve/env-files.js';
import { thisMachine } from '../resolve/machine.js';
import * as missingSecret from '../resolve/missing-secret.js';
import * as moveIn from '../resolve/move-in.js';
import { rare } from '../resolve/resolve.js';
import * as developmentSecret from '../secret/development.js';
import { development } from '../secret/find-secret.js';
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
  requirePlaces(settings, clients);
  const origins = settings.get('csrf.origins');
  if (origins.some((origin) => origin.includes('*'))) new ListedOrigins(origins, settings.get('csrf.mode'));
}

function haveAll(): void {
  naming.have(namedConfig);
  rare.tests.have(testProfile);
  rare.secretsInConfig.have(configSecrets);
  rare.envFiles.have(envFiles);
  rare.refusal.have(missingSecret);
  rare.moveIn.have(moveIn);
  development.have(developmentSecret);
  documents.have(document);
  lifetimes.have(programLifetimes);
}
