// Runs the doctor: gathers the facts (creating nothing) and lets the checks judge them.
import { join, resolve as resolvePath } from 'node:path';
import { misnamedConfigs } from '../config/misnamed.js';
import { elsewhereBelow } from '../config/places-below.js';
import { isThere, ownerOf } from '../disk/read.js';
import { KeyturnError, orKeyturnError } from '../errors.js';
import { findNeighbours } from '../neighbours/find.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Machine } from '../resolve/machine.js';
import { resolve } from '../resolve/resolve.js';
import { sealerUnavailable } from '../signing/sealer-unavailable.js';
import { loadAead } from '../signing/sodium.js';
import { judgeAll } from './checks.js';
import { askSessionEngine } from './engine-facts.js';
import { type Report, report } from './finding.js';
import { askGit } from './git.js';
import { findSecretPlaces, nameOf } from './places.js';
import { type RingReading, readHidden, readRing } from './ring-facts.js';
import { searchWordlist } from './wordlist.js';

/** What an examination goes by besides the machine. */
export interface DoctorOptions extends RingReading {
  /** The path of a list of guesses, as it was typed. */
  readonly wordlist?: string | undefined;
}

/** Examines the configuration as a boot would see it. */
export async function runDoctor(
  machine: Machine,
  profile?: string,
  { wordlist, config, engines }: DoctorOptions = {},
): Promise<Report> {
  const resolution = await resolve({ machine, profile, config, create: false });
  const { cwd, dataDir, settings } = resolution;
  const documentPath = join(dataDir, 'keyring.json');
  const document = isThere(documentPath);
  const secretPlaces = await findSecretPlaces(resolution);
  const purposes = await orKeyturnError(
    () => new PurposeRegistry(settings, resolution.profile.profile === 'prod'),
  );
  // At the same time: an engine that does not answer is waited for.
  const [ring, sessionEngine] = await Promise.all([
    readRing(machine, profile, resolution, { config, engines }),
    askSessionEngine(settings, engines),
  ]);
  // Every live key, of the source and of the keyring that it may only seal.
  const kept = ring === undefined || ring instanceof KeyturnError ? [] : ring.live;
  const keys = [...(resolution.keyring?.live ?? []), ...kept];
  const list = resolvePath(machine.cwd, wordlist ?? '');
  // A path with nothing there is not repeated: it may be a secret that belongs in the list.
  const listName = isThere(list) ? (wordlist ?? '') : 'that --wordlist names';
  return report(
    judgeAll({
      resolution,
      hiddenDocument: await readHidden(machine, profile, resolution, document ? documentPath : undefined, {
        config,
        engines,
      }),
      node: machine.env.NODE_ENV,
      purposes,
      configFiles: resolution.configFiles.map((path) => nameOf(path, machine.cwd)),
      elsewhere: resolution.configFiles.length > 0 ? undefined : await elsewhereBelow(cwd),
      misnamed: await misnamedConfigs(resolution.place.config),
      secretPlaces,
      dataDir: {
        name: nameOf(dataDir, cwd),
        // Where the folder may not be looked into, nobody knows.
        secret: ownerOf(join(dataDir, 'secret')) !== undefined,
        document: ownerOf(documentPath) !== undefined,
      },
      git: await askGit({
        cwd,
        env: machine.env,
        dataDir,
        dataDirThere: isThere(dataDir),
        files: secretPlaces.filter((place) => !place.folder),
      }),
      ring,
      wordlist: wordlist === undefined ? undefined : await searchWordlist(list, listName, keys),
      sessionEngine,
      neighbours: findNeighbours(cwd).neighbours,
      sealingFails: purposes instanceof KeyturnError ? undefined : await whySealingFails(purposes),
    }),
  );
}

async function whySealingFails(registry: PurposeRegistry): Promise<KeyturnError | undefined> {
  const sealed = registry.all.find((purpose) => purpose.sealed);
  if (sealed === undefined) return undefined;
  return await orKeyturnError(async () =>
    (await loadAead()) === undefined ? sealerUnavailable(sealed.name) : undefined,
  );
}
