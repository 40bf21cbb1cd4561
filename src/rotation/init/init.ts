// Starts a keyring, with the keys in force or with secrets of another place. Nothing is ever overwritten.
import { access } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { hasConfig, profileConfig } from '../../config/place.js';
import { elsewhereBelow } from '../../config/places-below.js';
import { configTemplate, productionTemplate } from '../../config/template.js';
import { writeNewFile } from '../../disk/files.js';
import { type ErrorCode, KeyturnError } from '../../errors.js';
import { nameOf } from '../../fleet/report.js';
import { writeDocument } from '../../keyring/document.js';
import type { Keyring } from '../../keyring/keyring.js';
import { FileRingStore } from '../../keyring-stores/file.js';
import { type Resolution, resolve } from '../../resolve/resolve.js';
import { prepareDataDir } from '../../secret/development.js';
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
  const { machine, profile, config: inProgram } = options;
  const path = join(before.dataDir, 'keyring.json');
  if (options.replaces !== undefined) throw onlyInEngines();
  const there = await existing(before, path, options);
  if (there !== undefined) return there;
  await refuseAbove(before, options);
  await refuseHeld(before, path, options);
  refuseWhatCannotBe(before, path, options);
  const { ring, keys } = firstRing(options, before);
  await prepareDataDir(before.dataDir).catch(unwritable(before.dataDir));
  if (!(await writeNewFile(path, writeDocument(ring), 0o600).catch(unwritable(path)))) {
    if (options.ifMissing !== true) throw await inTheWay(path, options, before);
    // Another was faster, and may have written what names it as well.
    return await initRing(options);
  }
  const document = await named(await writeConfig(path, before), options);
  const after = await resolve({ machine, profile, config: inProgram, create: false });
  return {
    place: path,
    created: true,
    ring,
    keys,
    document,
    takeAway: whatToTakeAway(before),
    restart: before.source !== undefined,
    after,
  };
}

/** The document that is there already, in force or not. @throws KeyturnError `keyring_exists` unless that is fine */
async function existing(
  before: Resolution,
  path: string,
  options: InitOptions,
): Promise<InitResult | undefined> {
  const { source } = before;
  const inForce = source?.format === 'document';
  if (!inForce && !(await isThere(path))) return undefined;
  if (options.ifMissing !== true) {
    if (!inForce) throw await inTheWay(path, options, before);
    throw new KeyturnError(
      'keyring_exists',
      `${source.name} already names a keyring document`,
      'there is nothing to do: keyturn doctor shows what is in force',
    );
  }
  const found = { created: false, keys: NOTHING_TAKEN, restart: false, after: before };
  const at = inForce ? source.path : path;
  const document = at === undefined ? undefined : await named(documentAt(at, before), options);
  const place = at ?? source?.name ?? '';
  if (inForce) return { ...found, place, ring: sound(before), document, takeAway: [] };
  const ring = await new FileRingStore(path, 0, options.machine.now).read();
  return { ...found, place, ring, document, takeAway: whatToTakeAway(before) };
}

/** A keyturn.toml at the root of a monorepo would be read in the place of the one that an app below has. */
async function refuseAbove({ place }: Resolution, { placeSaid, machine }: InitOptions): Promise<void> {
  if (placeSaid || place.named || (await hasConfig(place.folder))) return;
  const below = await elsewhereBelow(machine.cwd);
  if (below === undefined) return;
  throw new KeyturnError(
    'config_elsewhere',
    `${below.what}: a keyring document here would take their place`,
    `${below.hint}; where the app is this folder, --cwd .`,
  );
}

/** Whoever holds a ring gives it up by a step only: another one in its place signs everybody out, or nobody follows it. */
async function refuseHeld({ settings }: Resolution, path: string, { machine }: InitOptions): Promise<void> {
  const lease = settings.get('security.keyring.lease');
  const replicas = await new FileRingStore(path, lease, machine.now).fleet.read(undefined, false);
  const holder = replicas.find(({ ring }) => ring !== undefined);
  if (holder === undefined) return;
  throw new KeyturnError(
    'keyring_exists',
    `${nameOf(holder)} holds the keyring ${holder.ring}, whose document is gone from ${path}`,
    'put the document back from a copy; to start anew all the same, stop every process that holds it (one that was killed counts for a lease)',
  );
}

function onlyInEngines(): KeyturnError {
  return new KeyturnError(
    'keyring_not_document',
    'only a keyring in Redis or PostgreSQL can be replaced by another one while processes hold it',
    'stop the processes, move the document away, and run keyturn init',
  );
}

/** A document that is broken is none, and a start would be refused. */
function sound({ keyring, problems }: Resolution): Keyring {
  const wrong = problems.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw wrong.error;
  return keyring as Keyring;
}

type Written = Omit<InitDocument, 'isNamed'>;

/** By whatever rules this runs, production is to find it. */
async function named(document: Written, { machine, config }: InitOptions): Promise<InitDocument> {
  const { secretFile, source, hidden } = await resolve({ machine, profile: 'prod', config, create: false });
  const places = [secretFile, source?.path, ...hidden.map(({ path }) => path)];
  return { ...document, isNamed: places.includes(document.path) };
}

function documentAt(path: string, { place }: Resolution): Written {
  return {
    path,
    named: nameIn(dirname(place.config), path),
    config: { path: place.config, written: false },
    production: { path: profileConfig(place, 'prod'), written: false },
  };
}

/**
 * What is committed must not name for everybody what git ignores: it would stop whoever has another checkout. So it is
 * named for production alone, and development finds it by itself.
 */
async function writeConfig(path: string, before: Resolution): Promise<Written> {
  const { config, production, ...document } = documentAt(path, before);
  const write = async ({ path: at }: WrittenFile, text: string): Promise<WrittenFile> => ({
    path: at,
    written: await writeNewFile(at, text, 0o644).catch(unnamed(path, document.named)),
  });
  return {
    ...document,
    config: await write(config, configTemplate()),
    production:
      before.secretFile === path ? production : await write(production, productionTemplate(document.named)),
  };
}

/** What may be wrong with the source in force, since the document does away with it. */
const EXCUSES: Readonly<Record<'init' | 'import', readonly ErrorCode[]>> = {
  init: ['secret_missing'],
  import: ['secret_missing', 'secret_weak'],
};

function refuseWhatCannotBe({ secretFile, problems }: Resolution, path: string, options: InitOptions): void {
  // A keyturn.toml that came with a checkout names the document that is about to be made.
  const awaited = secretFile === path;
  const wrong = problems.find(
    ({ severity, error: { code } }) =>
      severity === 'error' &&
      !EXCUSES[commandOf(options)].includes(code) &&
      !(code === 'secret_unreadable' && awaited),
  );
  if (wrong !== undefined) throw wrong.error;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function inTheWay(path: string, options: InitOptions, before: Resolution): Promise<KeyturnError> {
  const { source, hidden, keyring } = before;
  const hides = hidden.some((other) => other.path === path);
  const ring = hides ? await readOrNone(path, options) : undefined;
  const same = ring !== undefined && keyring?.live.every(({ id }) => ring.get(id)?.live === true) === true;
  const list = whatToTakeAway(before);
  const hint = !hides
    ? 'name it as file under [security.signing_secret] in keyturn.prod.toml, or move it away first'
    : same && list.length > 0
      ? `it holds the same keys: take ${list.join(' and ')} away, here and where the processes run, and restart them all without ${list.length === 1 ? 'it' : 'them'}`
      : 'it does not hold all the keys in force: move it away first';
  const what = hides ? ` and is hidden by ${source?.name}` : '';
  return new KeyturnError(
    'keyring_exists',
    `${path} exists${what}, and ${commandOf(options)} overwrites nothing`,
    hint,
  );
}

/** One that is broken holds no key. */
async function readOrNone(path: string, { machine }: InitOptions): Promise<Keyring | undefined> {
  return await new FileRingStore(path, 0, machine.now).read().catch((error) => {
    if (error instanceof KeyturnError) return undefined;
    throw error;
  });
}

function unwritable(path: string): (error: unknown) => never {
  return (error) => {
    throw new KeyturnError(
      'keyring_unwritable',
      `${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'make its folder writable; KEYTURN_DATA_DIR moves .keyturn',
    );
  };
}

/** The document is there by now, and a second try would find it in its way. */
function unnamed(path: string, named: string): (error: unknown) => never {
  return (error) => {
    throw new KeyturnError(
      'keyring_unwritable',
      `${path} is written, but what names it is not (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      `write it into keyturn.prod.toml by hand, under [security.signing_secret]: file = ${JSON.stringify(named)}`,
    );
  };
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
