// Runs the doctor: gathers the facts (creating nothing) and lets the checks judge them.
import { join, resolve as resolvePath } from 'node:path';
import { elsewhereBelow } from '../config/places-below.js';
import { isThere } from '../disk/read.js';
import { KeyturnError, orKeyturnError } from '../errors.js';
import type { Key } from '../keyring/key.js';
import { PurposeRegistry } from '../purposes/registry.js';
import type { Machine } from '../resolve/machine.js';
import { type Resolution, resolve } from '../resolve/resolve.js';
import { loadAead, sealerUnavailable } from '../signing/sodium.js';
import { judgeAll } from './checks.js';
import { askSessionEngine } from './engine.js';
import type { Facts, RingFacts } from './facts.js';
import { type Report, report } from './finding.js';
import { askGit } from './git.js';
import { findSecretPlaces, nameOf } from './places.js';
import { readHidden, readRing } from './ring.js';
import { searchWordlist } from './wordlist.js';

/** Examines the configuration as a boot would see it. */
export async function runDoctor(
  machine: Machine,
  profile?: string,
  options: { readonly wordlist?: string | undefined } = {},
): Promise<Report> {
  return report(judgeAll(await gather(machine, profile, options.wordlist)));
}

async function gather(
  machine: Machine,
  profile: string | undefined,
  wordlist: string | undefined,
): Promise<Facts> {
  const resolution = await resolve({ machine, profile, create: false });
  const { cwd, dataDir } = resolution;
  const list = resolvePath(machine.cwd, wordlist ?? '');
  const secretPlaces = await findSecretPlaces(resolution);
  const [dataDirThere, secret, document] = await Promise.all(
    [dataDir, join(dataDir, 'secret'), join(dataDir, 'keyring.json')].map(isThere),
  );
  const purposes = await orKeyturnError(
    () => new PurposeRegistry(resolution.settings, resolution.profile.profile === 'prod'),
  );
  // At the same time: an engine that does not answer is waited for.
  const [ring, sessionEngine] = await Promise.all([
    readRing(machine, profile, resolution),
    askSessionEngine(resolution.settings),
  ]);
  const path = document === true ? join(dataDir, 'keyring.json') : undefined;
  return {
    resolution,
    hiddenDocument: await readHidden(machine, profile, resolution, path),
    node: machine.env.NODE_ENV,
    purposes,
    configFiles: resolution.configFiles.map((path) => nameOf(path, machine.cwd)),
    elsewhere: resolution.configFiles.length > 0 ? undefined : await elsewhereBelow(cwd),
    secretPlaces,
    dataDir: { name: nameOf(dataDir, cwd), secret: secret === true, document: document === true },
    git: await askGit({
      cwd,
      env: machine.env,
      dataDir,
      dataDirThere: dataDirThere === true,
      files: secretPlaces.filter((place) => !place.folder),
      nameOf: (path) => nameOf(path, cwd),
    }),
    ring,
    wordlist:
      wordlist === undefined
        ? undefined
        : await searchWordlist(list, await nameOfTyped(list, wordlist), keysOf(resolution, ring)),
    sessionEngine,
    sealingFails: purposes instanceof KeyturnError ? undefined : await whySealingFails(purposes),
  };
}

/** Every live key, of the source and of the keyring that it may only seal. */
function keysOf({ keyring }: Resolution, ring: RingFacts | KeyturnError | undefined): readonly Key[] {
  const kept = ring === undefined || ring instanceof KeyturnError ? [] : ring.live;
  return [...(keyring?.live ?? []), ...kept];
}

async function whySealingFails(registry: PurposeRegistry): Promise<KeyturnError | undefined> {
  const sealed = registry.all.find((purpose) => purpose.sealed);
  if (sealed === undefined) return undefined;
  return await orKeyturnError(async () =>
    (await loadAead()) === undefined ? sealerUnavailable(sealed.name) : undefined,
  );
}

/** A path where nothing is is not repeated: it may be a secret that belongs into the list. */
async function nameOfTyped(path: string, typed: string): Promise<string> {
  return (await isThere(path)) ? typed : 'that --wordlist names';
}
