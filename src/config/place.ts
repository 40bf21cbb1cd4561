// Where the app is: the folder of its configuration and of `.keyturn`. Most often it is the working directory. A process
// that is started from elsewhere (from the root of a monorepo, by pm2, by systemd in /) has nothing there, and belongs to
// the package of the file that was started.

import { dirname, extname, join, parse, relative } from 'node:path';
import { othersMayWrite } from '../disk/may-write.js';
import { isFolder, isThere, ownerOf, readNow } from '../disk/read.js';
import { Rare } from '../process/awaited.js';

/** What a process knows of where it is. */
interface Whereabouts {
  /** The working directory. */
  readonly cwd: string;
  /** The folder of the file that was started; undefined where none was, or where the caller has said where to look. */
  readonly entry?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where a process looks for its configuration. */
export interface Place {
  /** Where `.keyturn` is, and where paths in the program's settings begin. */
  readonly folder: string;
  /** The file that stands below that of the profile, whether it is there or not. */
  readonly config: string;
  /** `KEYTURN_CONFIG` names it: it must be there. */
  readonly named: boolean;
  /** The package of the file that was started, where it has configuration that this one takes the place of. */
  readonly passedOver?: string | undefined;
}

export const CONFIG = 'keyturn.toml';
/** Those of all profiles, the misspelt ones too: where an app is does not depend on its profile. */
const CONFIG_FILES: readonly string[] = [
  CONFIG,
  ...['dev', 'test', 'prod', 'development', 'testing', 'production'].map((name) => `keyturn.${name}.toml`),
];
/** A package.json is read up to here: whether it says more than how its modules are to be taken. */
const LIMIT_BYTES = 256 * 1024;

/** What `KEYTURN_CONFIG` says. */
export const naming: Rare<typeof import('./named-config.js')> = new Rare(() => import('./named-config.js'));

/**
 * The working directory where it has a configuration file, else the package of the file that was started where that has
 * one. Where neither has, the one with a folder `.keyturn`; where nothing is there at all yet, the package, if the
 * working directory lies in it or around it.
 *
 * @throws KeyturnError `config_invalid` for a `KEYTURN_CONFIG` that cannot be followed
 */
export function findPlace({ cwd, entry, env }: Whereabouts): Place {
  const value = env.KEYTURN_CONFIG;
  const named = value === undefined ? undefined : naming.module.namedConfig(value, cwd, CONFIG);
  const owner = entry === undefined ? undefined : packageOf(entry);
  const folder = findFolder(cwd, owner, named !== undefined);
  if (named !== undefined) return { folder, config: named, named: true };
  const both = owner !== undefined && owner !== folder && hasConfig(folder) && hasConfig(owner);
  return { ...placeIn(folder), ...(both ? { passedOver: owner } : {}) };
}

/** A place that nobody has looked for. */
export function placeIn(folder: string): Place {
  return { folder, config: join(folder, CONFIG), named: false };
}

function findFolder(cwd: string, owner: string | undefined, named: boolean): string {
  if (owner === undefined || owner === cwd) return cwd;
  for (const names of [...(named ? [] : [CONFIG_FILES]), ['.keyturn']])
    for (const folder of [cwd, owner]) if (hasOne(folder, names)) return folder;
  return isIn(cwd, owner) || isIn(owner, cwd) ? owner : cwd;
}

/** Whether a folder has a configuration file, of whatever profile. */
export function hasConfig(folder: string): boolean {
  return hasOne(folder, CONFIG_FILES);
}

function hasOne(folder: string, names: readonly string[]): boolean {
  return names.some((name) => isThere(join(folder, name)));
}

function isIn(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (!way.startsWith('..') && parse(way).root === '');
}

/**
 * The package that a folder belongs to: the nearest one above with a package.json, or with installed packages. A
 * package.json that says no more than `"type"` stands beside what a bundler has made. Where others may write nothing
 * is looked for, there and above: a package that somebody puts into /tmp would bring its configuration along.
 */
function packageOf(folder: string): string | undefined {
  // What is installed is not the app: a test runner, or a framework's own program.
  if (folder.split(/[\\/]/).includes('node_modules')) return undefined;
  const started = ownerOf(folder);
  for (let at = folder; ; at = dirname(at)) {
    const found = ownerOf(at);
    if (found !== undefined && othersMayWrite(found, started?.uid)) return undefined;
    if (isFolder(join(at, 'node_modules')) || isPackage(join(at, 'package.json'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

/** A file that cannot be read, or is not a valid package.json, does not make a package. */
function isPackage(path: string): boolean {
  try {
    const text = readNow(path, LIMIT_BYTES).toString('utf8');
    const manifest: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) return false;
    return Object.keys(manifest).some((field) => field !== 'type' && field !== 'sideEffects');
  } catch {
    return false;
  }
}

/** The file of a profile, beside the other: `keyturn.prod.toml`. @param profile a name of it, long or short */
export function profileConfig({ config }: Place, profile: string): string {
  const extension = extname(config);
  return `${config.slice(0, config.length - extension.length)}.${profile}${extension}`;
}
