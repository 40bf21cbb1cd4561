// Reads keyturn.toml and keyturn.<profile>.toml.
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { isThere, readBounded } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import type { Layer } from './layers.js';
import type { Profile } from './profile.js';

const LONG_NAMES: Readonly<Record<Profile, string>> = {
  dev: 'development',
  test: 'testing',
  prod: 'production',
};

/** Far more than every setting with a page of comment: of a larger file something else is wrong. */
const LIMIT_BYTES = 256 * 1024;

/** The configuration files found in `cwd`, lowest first, and what is wrong with them. */
export async function readConfigFiles(
  cwd: string,
  profile: Profile,
): Promise<{ readonly layers: readonly Layer[]; readonly errors: readonly KeyturnError[] }> {
  const layers: Layer[] = [];
  const errors: KeyturnError[] = [];
  for (const name of ['keyturn.toml', `keyturn.${profile}.toml`]) {
    const path = join(cwd, name);
    try {
      const source = await readText(path);
      if (source !== undefined) layers.push({ origin: { layer: 'file', name, path }, tree: parse(source) });
    } catch (error) {
      errors.push(unreadable(name, error));
    }
  }
  const long = `keyturn.${LONG_NAMES[profile]}.toml`;
  if (await isThere(join(cwd, long))) {
    errors.push(
      new KeyturnError('config_unknown_key', `${long} is never read`, `rename it to keyturn.${profile}.toml`),
    );
  }
  return { layers, errors };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    // Strict: a lenient decoder would turn different broken secrets into the same text, and so the same key.
    return new TextDecoder('utf-8', { fatal: true }).decode(await readBounded(path, LIMIT_BYTES));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const UNREADABLE = 'let this process read it, or remove it';
const HINTS: Readonly<Record<string, string>> = {
  EFBIG: 'it may have 256 KiB: take out what is not configuration',
  EFTYPE: 'it must be a file, and neither a pipe nor a device',
  EISDIR: 'it must be a file, and not a folder',
};

function unreadable(name: string, error: unknown): KeyturnError {
  if (error instanceof TomlError) {
    // Neither the message nor the cause is passed on: both quote the line, which may hold a secret.
    return new KeyturnError(
      'config_invalid',
      `${name} is not valid TOML (line ${error.line}, column ${error.column})`,
      'correct that line: texts stand in double quotes, sections in [brackets]',
    );
  }
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new KeyturnError('config_invalid', `${name} is not UTF-8 text`, 'save it as UTF-8, as TOML asks');
  }
  return new KeyturnError('config_invalid', `${name} cannot be read (${code})`, HINTS[code] ?? UNREADABLE);
}
