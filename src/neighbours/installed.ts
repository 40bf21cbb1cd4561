// Which libraries an app has: what its package.json names, and what is installed of it.
import { dirname, join } from 'node:path';
import { isThere, readNow, SOURCE_LIMIT } from '../disk/read.js';
import { parseJson } from '../formats.js';

/** A package of an app. */
export interface InstalledPackage {
  readonly name: string;
  /** Undefined where it is not installed. */
  readonly version: string | undefined;
}

/** What an app names as its dependencies, with those for development; empty where there is no package.json. */
export function packagesOf(folder: string): readonly InstalledPackage[] {
  const manifest = readManifest(join(folder, 'package.json'));
  const names = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((field) =>
    Object.keys((manifest?.[field] as object | undefined) ?? {}),
  );
  return [...new Set(names)].map((name) => ({ name, version: versionIn(folder, name) }));
}

/** Whether a package.json is there that says nothing, since it cannot be read or is not an object of JSON. */
export function isManifestBroken(folder: string): boolean {
  const path = join(folder, 'package.json');
  return isThere(path) && readManifest(path) === undefined;
}

/** Looked for as Node does: in the folder and in those above it. */
function versionIn(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const { version } = readManifest(join(at, 'node_modules', name, 'package.json')) ?? {};
    if (typeof version === 'string') return version;
    if (dirname(at) === at) return undefined;
  }
}

function readManifest(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJson(readNow(path, SOURCE_LIMIT).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
