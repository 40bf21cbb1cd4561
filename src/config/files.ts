// Reads keyturn.toml and keyturn.<profile>.toml.
import { basename } from 'node:path';
import { isThere, readNow } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { Rare } from '../process/awaited.js';
import { loadOptional } from '../process/optional-package.js';
import type { Layer } from './layers.js';
import { type Place, profileConfig } from './place.js';
import type { Profile } from './profile.js';

const LONG_NAMES: Readonly<Record<Profile, string>> = {
  dev: 'development',
  test: 'testing',
  prod: 'production',
};

/** Far more than every setting with a page of comment: of a larger file something else is wrong. */
const LIMIT_BYTES = 256 * 1024;

/** The configuration files that are there, lowest first, and what is wrong with them. */
export function readConfigFiles(
  place: Place,
  profile: Profile,
): { readonly layers: readonly Layer[]; readonly errors: readonly KeyturnError[] } {
  const layers: Layer[] = [];
  const errors: KeyturnError[] = [];
  const ofProfile = profileConfig(place, profile);
  for (const path of [place.config, ofProfile]) {
    const name = basename(path);
    const source = attempt(() => readText(path), name, errors);
    if (source === undefined) continue;
    const parser = toml();
    const tree = attempt(() => parseToml(parser, name, source), name, errors);
    if (tree !== undefined) layers.push({ origin: { layer: 'file', name, path }, tree });
  }
  const long = profileConfig(place, LONG_NAMES[profile]);
  if (isThere(long)) {
    const what = `${basename(long)} is never read`;
    errors.push(new KeyturnError('config_unknown_key', what, `rename it to ${basename(ofProfile)}`));
  }
  return { layers, errors };
}

type Toml = typeof import('smol-toml');

/** Loaded where there is something to parse. A bundler puts it into the bundle, where it has to be waited for. */
const bundledToml: Rare<Toml> = new Rare(() => import('smol-toml'));

/** @throws Awaited in a bundle, the first time */
function toml(): Toml {
  bundledToml.atOnce(() => loadOptional<Toml>('smol-toml', 'parse'));
  return bundledToml.module;
}

/** @throws KeyturnError `config_invalid` */
function parseToml({ parse, TomlError }: Toml, name: string, source: string): Layer['tree'] {
  try {
    return parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Neither the message nor the cause is passed on: both quote the line, which may hold a secret.
    throw new KeyturnError(
      'config_invalid',
      `${name} is not valid TOML (line ${error.line}, column ${error.column})`,
      'correct that line: texts stand in double quotes, sections in [brackets]',
    );
  }
}

function readText(path: string): string | undefined {
  try {
    // Strict: a lenient decoder would turn different broken secrets into the same text, and so the same key.
    return new TextDecoder('utf-8', { fatal: true }).decode(readNow(path, LIMIT_BYTES));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function attempt<T>(run: () => T, name: string, errors: KeyturnError[]): T | undefined {
  try {
    return run();
  } catch (error) {
    errors.push(unreadable(name, error));
    return undefined;
  }
}

const UNREADABLE = 'let this process read it';
const HINTS: Readonly<Record<string, string>> = {
  EFBIG: 'it may have 256 KiB: take out what is not configuration',
  EFTYPE: 'it must be a file, and neither a pipe nor a device',
  EISDIR: 'it must be a file, and not a folder',
  ERR_ACCESS_DENIED: 'start Node with --allow-fs-read for it',
};

function unreadable(name: string, error: unknown): KeyturnError {
  if (error instanceof KeyturnError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new KeyturnError('config_invalid', `${name} is not UTF-8 text`, 'save it as UTF-8, as TOML asks');
  }
  return new KeyturnError('config_invalid', `${name} cannot be read (${code})`, HINTS[code] ?? UNREADABLE);
}
