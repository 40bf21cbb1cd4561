// Finds the files and folders that hold secrets: the source, the folder .keyturn, configuration and .env files.
import { readdir, realpath, stat } from 'node:fs/promises';
import { platform } from 'node:os';
import { isAbsolute, join, relative, sep } from 'node:path';
import { readConfigFiles } from '../config/files.js';
import type { Place } from '../config/place.js';
import { readBounded, SOURCE_LIMIT } from '../disk/read.js';
import { untilThere } from '../process/awaited.js';
import type { Resolution } from '../resolve/resolve.js';
import type { SecretPlace } from './facts.js';

/** Files with a secret, whether the profile in force reads them or not, and the folder `.keyturn`. */
export async function findSecretPlaces(resolution: Resolution): Promise<readonly SecretPlace[]> {
  const { cwd, dataDir, place, secretFile } = resolution;
  const foreign = await envFilesWithSecrets(cwd);
  const paths = new Set([
    ...(secretFile === undefined ? [] : [secretFile]),
    dataDir,
    join(dataDir, 'secret'),
    join(dataDir, 'keyring.json'),
    ...(await configFilesWithSecrets(place)),
    ...foreign,
  ]);
  const places = await Promise.all([...paths].map((path) => look(path, cwd, foreign.includes(path))));
  return places.filter((place) => place !== undefined);
}

/** A path as an operator would type it: relative below the working directory, absolute elsewhere. */
export function nameOf(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near === '' || near.startsWith(`..${sep}`) || near === '..' || isAbsolute(near) ? path : near;
}

async function look(path: string, cwd: string, foreign: boolean): Promise<SecretPlace | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return {
    path,
    name: nameOf(path, cwd),
    folder: found.isDirectory(),
    mode: platform() === 'win32' ? undefined : found.mode & 0o777,
    mounted: isMounted(await realpath(path).catch(() => path)),
    foreign,
  };
}

/** Docker mounts secrets at /run/secrets; Kubernetes swaps folders named after a date, such as `..2026_01_31_…`. */
function isMounted(path: string): boolean {
  return /^\/(var\/)?run\/secrets\//.test(path) || /\/\.\.\d{4}_\d\d_\d\d/.test(path);
}

/** Those of all profiles: what lies in git is in git whichever profile runs. */
async function configFilesWithSecrets(place: Place): Promise<readonly string[]> {
  const read = await untilThere(() =>
    (['dev', 'test', 'prod'] as const).map((profile) => readConfigFiles(place, profile)),
  );
  return read.flatMap(({ layers }) =>
    layers.flatMap(({ origin, tree }) => {
      const section = sectionOf(tree, 'security', 'signing_secret');
      const values = ['secret', 'previous_secrets', 'next_secrets'].map((name) => section[name]);
      const secret = values.some(
        (value) => (typeof value === 'string' || Array.isArray(value)) && value.length,
      );
      const password = ENGINE_SECTIONS.some((path) => hasPassword(sectionOf(tree, ...path).url));
      return (secret || password || hasOldSecret(tree)) && origin.layer === 'file' ? [origin.path] : [];
    }),
  );
}

const ENGINE_SECTIONS = ['redis', 'postgres'].flatMap((engine) => [
  ['session', engine],
  ['security', 'keyring', engine],
]);

function sectionOf(tree: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const section = path.reduce<unknown>(
    (at, name) => (at as Record<string, unknown> | null | undefined)?.[name],
    tree,
  );
  return typeof section === 'object' && section !== null ? (section as Record<string, unknown>) : {};
}

/** Whether an old secret stands under `[move_in]`, and not the place of one. */
function hasOldSecret(tree: unknown): boolean {
  return Object.keys(sectionOf(tree, 'move_in')).some((name) => {
    const { secrets } = sectionOf(tree, 'move_in', name);
    return [secrets].flat().some((secret) => typeof secret === 'string');
  });
}

/** Whether the URL of an engine holds a password. One that cannot be read may. */
export function hasPassword(url: unknown): boolean {
  if (typeof url !== 'string') return false;
  try {
    const { password, searchParams } = new URL(url);
    return password !== '' || searchParams.has('password');
  } catch {
    return url.includes('@');
  }
}

/**
 * `NAME=value`, as shells and the readers of such files understand it. Matched line by line, so that it stays linear.
 */
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?(KEYTURN_[A-Z_]{1,64})[ \t]*=[ \t]*(.*)$/s;
const SECRETS = /^KEYTURN_SECURITY__SIGNING_SECRET(?:__PREVIOUS_SECRETS|__NEXT_SECRETS)?$/;
const ENGINE_URLS = /^KEYTURN_(?:SESSION|SECURITY__KEYRING)__(?:REDIS|POSTGRES)__URL$/;
/** Longer than a secret or a URL is. */
const LONGEST_LINE = 16 * 1024;

/** Whether a line of such a file sets a secret. */
export function holdsSecret(text: string): boolean {
  return text.split('\n').some((line) => {
    const [, name = '', raw = ''] = ASSIGNMENT.exec(line.slice(0, LONGEST_LINE)) ?? [];
    // Up to the end of the value: a comment may follow.
    const [value = ''] = raw.replace(/^["']/, '').split(/["'\s]/, 1);
    return (SECRETS.test(name) && /^[^#]/.test(value)) || (ENGINE_URLS.test(name) && hasPassword(value));
  });
}

/** Keyturn does not read such files, but other programs put what they hold into the environment. */
async function envFilesWithSecrets(cwd: string): Promise<readonly string[]> {
  const names = (await readdir(cwd).catch(() => [])).filter(
    (name) => /^\.env(\..+)?$/.test(name) && !/\.(example|sample|template|dist)$/.test(name),
  );
  const found: string[] = [];
  // One after another: a folder may hold any number of them.
  for (const name of names) {
    const text = await readBounded(join(cwd, name), SOURCE_LIMIT).then(String, () => '');
    if (holdsSecret(text)) found.push(join(cwd, name));
  }
  return found;
}
