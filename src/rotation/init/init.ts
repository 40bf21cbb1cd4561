// Starts a keyring, with the keys in force or with secrets of another place. Nothing is ever overwritten.
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { hasConfig, profileConfig } from '../../config/place.js';
import { elsewhereBelow } from '../../config/places-below.js';
import { configTemplate, productionTemplate } from '../../config/template.js';
import { writeNewFile } from '../../disk/new-file.js';
import { type ErrorCode, KeyturnError, orKeyturnError } from '../../errors.js';
import { nameOf } from '../../fleet/report.js';
import type { Keyring } from '../../keyring/keyring.js';
import { FileRingStore, unwritable } from '../../keyring-stores/file.js';
import { refuseErrors } from '../../resolve/problem.js';
import { type Resolution, resolve } from '../../resolve/resolve.js';
import { prepareDataDir } from '../../secret/development.js';
import { findLost } from '../lost-document.js';
import { documentLost, importOf, takeAwayInWords } from '../refusals.js';
import {
  commandOf,
  firstRing,
  type InitDocument,
  type InitOptions,
  type InitResult,
  NOTHING_TAKEN,
  type WrittenFile,
} from './first-ring.js';
import { initShared } from './shared.js';

/**
 * Starts the keyring in the engine that `security.keyring.store` names, else writes `.keyturn/keyring.json`, a
 * keyturn.prod.toml that names it, and a keyturn.toml, each where there is none.
 *
 * @throws KeyturnError `config_elsewhere`, `keyring_exists`, `keyring_unwritable`, and what keeps a process from starting
 */
export async function initRing(options: InitOptions): Promise<InitResult> {
  const { machine, profile, config } = options;
  const before = await resolve({ machine, profile, config, create: false });
  if (before.settings.get('security.keyring.store') !== undefined) return await initShared(before, options);
  return await initDocument(before, options);
}

async function initDocument(before: Resolution, options: InitOptions): Promise<InitResult> {
  if (options.replaces !== undefined) {
    throw new KeyturnError(
      'keyring_not_document',
      'only a keyring in Redis or PostgreSQL can be replaced by another one while processes hold it',
      'stop the processes, move the document away, and run keyturn init',
    );
  }
  const lost = await findLost(before, options.machine.now);
  if (lost !== undefined) throw documentLost(lost);
  const lease = before.settings.get('security.keyring.lease');
  const store = new FileRingStore(join(before.dataDir, 'keyring.json'), lease, options.machine.now);
  const there = await existing(before, store, options);
  if (there !== undefined) return there;
  await refuseAbove(before, options);
  await refuseHeld(store);
  refuseWhatCannotBe(before, store, options);
  const { ring, keys } = firstRing(options, before);
  try {
    prepareDataDir(before.dataDir);
  } catch (error) {
    throw unwritable(before.dataDir, error as NodeJS.ErrnoException);
  }
  if (!(await store.create(ring))) {
    if (options.ifMissing !== true) throw await inTheWay(store, options, before);
    // Another was faster, and may have written what names it as well.
    return await initRing(options);
  }
  const document = await documentAt(store.name, before, options, true);
  return {
    place: store.name,
    created: true,
    ring,
    keys,
    document,
    takeAway: whatToTakeAway(before),
    restart: before.source !== undefined,
    after: await resolve({ ...options, create: false }),
  };
}

/** The document that is there already, in force or not. @throws KeyturnError `keyring_exists` unless that is fine */
async function existing(
  before: Resolution,
  store: FileRingStore,
  options: InitOptions,
): Promise<InitResult | undefined> {
  const { source } = before;
  const inForce = source?.format === 'document';
  if (!inForce && !existsSync(store.name)) return undefined;
  if (options.ifMissing !== true) {
    if (!inForce) throw await inTheWay(store, options, before);
    throw new KeyturnError(
      'keyring_exists',
      `${source.name} already names a keyring document`,
      'there is nothing to do: keyturn doctor shows what is in force',
    );
  }
  // A document that is broken is none, and a start would be refused.
  if (inForce) refuseErrors(before.problems);
  const path = inForce ? source.path : store.name;
  return {
    place: path ?? source?.name ?? '',
    created: false,
    ring: inForce ? (before.keyring as Keyring) : await store.read(),
    keys: NOTHING_TAKEN,
    document: path === undefined ? undefined : await documentAt(path, before, options, false),
    takeAway: inForce ? [] : whatToTakeAway(before),
    restart: false,
    after: before,
  };
}

/** A keyturn.toml at the root of a monorepo would be read in the place of the one that an app below has. */
async function refuseAbove({ place }: Resolution, { placeSaid, machine }: InitOptions): Promise<void> {
  if (placeSaid || place.named || hasConfig(place.folder)) return;
  const below = await elsewhereBelow(machine.cwd);
  if (below === undefined) return;
  throw new KeyturnError(
    'config_elsewhere',
    `${below.what}: a keyring document here would take their place`,
    `${below.hint}; where the app is this folder, --cwd .`,
  );
}

/** Whoever holds a ring gives it up by a step only: another one in its place signs everybody out, or nobody follows it. */
async function refuseHeld({ name, fleet }: FileRingStore): Promise<void> {
  const replicas = await fleet.read(undefined, false);
  const holder = replicas.find(({ ring }) => ring !== undefined);
  if (holder === undefined) return;
  throw new KeyturnError(
    'keyring_exists',
    `${nameOf(holder)} holds the keyring ${holder.ring}, whose document is gone from ${name}`,
    'put the document back from a copy; to start anew all the same, stop every process that holds it (one that was killed counts for a lease)',
  );
}

/**
 * What names a document, written where it is missing. What is committed must not name for everybody what git ignores:
 * it would stop whoever has another checkout. So production alone names it, and development finds it by itself.
 *
 * @param write whether anything is written
 */
async function documentAt(
  path: string,
  { place, secretFile }: Resolution,
  options: InitOptions,
  write: boolean,
): Promise<InitDocument> {
  const named = nameIn(dirname(place.config), path);
  // The document is there by now, and a second try would find it in its way.
  const unnamed = ({ code = 'unknown' }: NodeJS.ErrnoException): never => {
    throw new KeyturnError(
      'keyring_unwritable',
      `${path} is written, but what names it is not (${code})`,
      `write it into keyturn.prod.toml by hand, under [security.signing_secret]: file = ${JSON.stringify(named)}`,
    );
  };
  const begin = (at: string, text: string, needed: boolean): WrittenFile => {
    try {
      return { path: at, written: needed && writeNewFile(at, text, 0o644) };
    } catch (error) {
      return unnamed(error as NodeJS.ErrnoException);
    }
  };
  const config = begin(place.config, configTemplate(), write);
  const needed = write && secretFile !== path;
  const production = begin(profileConfig(place, 'prod'), productionTemplate(named), needed);
  // By whatever rules this runs, production is to find it.
  const found = await resolve({ ...options, profile: 'prod', create: false });
  const places = [found.secretFile, found.source?.path, ...found.hidden.map((hidden) => hidden.path)];
  return { path, named, config, production, isNamed: places.includes(path) };
}

/** What may be wrong with the source in force, since the document does away with it. */
const EXCUSES: Readonly<Record<'init' | 'import', readonly ErrorCode[]>> = {
  init: ['secret_missing'],
  import: ['secret_missing', 'secret_weak'],
};

function refuseWhatCannotBe(before: Resolution, { name }: FileRingStore, options: InitOptions): void {
  // A keyturn.toml that came with a checkout names the document that is about to be made.
  const awaited = before.secretFile === name;
  const excuses = EXCUSES[commandOf(options)];
  refuseErrors(
    before.problems,
    ({ error: { code } }) => excuses.includes(code) || (code === 'secret_unreadable' && awaited),
  );
}

async function inTheWay(
  store: FileRingStore,
  options: InitOptions,
  before: Resolution,
): Promise<KeyturnError> {
  const { source, hidden, keyring } = before;
  const path = store.name;
  if (source?.path === path) {
    const what = `${path} holds secrets and no document, and that is where ${commandOf(options)} writes one`;
    return new KeyturnError('keyring_exists', what, importOf(before));
  }
  const hides = hidden.some((other) => other.path === path);
  // One that is broken holds no key.
  const ring = hides ? await orKeyturnError(() => store.read()) : undefined;
  const same =
    ring !== undefined &&
    !(ring instanceof KeyturnError) &&
    keyring?.live.every(({ id }) => ring.get(id)?.live === true) === true;
  const list = whatToTakeAway(before);
  const isBroken = before.secretFile === path && keyring === undefined;
  const hint = isBroken
    ? 'it is the one in force, and cannot be used: keyturn doctor says why; restore it from a copy'
    : !hides
      ? 'name it as file under [security.signing_secret] in keyturn.prod.toml, or move it away first'
      : same && list.length > 0
        ? `it holds the same keys: ${takeAwayInWords(list)}`
        : 'it does not hold all the keys in force: move it away first';
  const what = hides ? ` and is hidden by ${source?.name}` : '';
  return new KeyturnError(
    'keyring_exists',
    `${path} exists${what}, and ${commandOf(options)} overwrites nothing`,
    hint,
  );
}

/** The path as keyturn.toml should have it: relative where that is shorter, so that the folder can move. */
function nameIn(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near.startsWith('..') || isAbsolute(near) ? path : near.replaceAll('\\', '/');
}

/** Whether a configuration file names the source. */
export function isFileInConfig(name: string): boolean {
  return /^security\.signing_secret\.file in /.test(name);
}

/** What must go before the document is the one source: the former source and its companions, by name. */
function whatToTakeAway({ source, settings }: Resolution): readonly string[] {
  // What keyturn.toml must say instead is told with its lines; a development secret is just not used any more.
  const stays = source === undefined || source.kind === 'development-file' || isFileInConfig(source.name);
  const companions = (['previous_secrets', 'next_secrets', 'revoked_kids'] as const).flatMap((companion) => {
    const name = `security.signing_secret.${companion}` as const;
    const origin = settings.origin(name);
    if (origin === undefined || settings.get(name).length === 0) return [];
    return [origin.layer === 'variable' ? origin.name : `${name} in ${origin.name}`];
  });
  return [...(stays ? [] : [source.name]), ...companions];
}
