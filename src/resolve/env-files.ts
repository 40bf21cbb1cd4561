// Files such as `.env`. Keyturn does not load them: that is for whoever starts the process, and `node --env-file` does it.
// It says so where one holds the secret and was not loaded, and commands read the ones that they are given.

import { join, relative, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Profile } from '../config/profile.js';
import { variableOf } from '../config/settings.js';
import { shellQuote } from '../config/shell-quote.js';
import { readNow } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import type { Machine } from './machine.js';

/** Many times what such a file has. */
const LIMIT_BYTES = 64 * 1024;

/** It makes a program run something. */
const COMMAND = variableOf('security.signing_secret.command');
/** Any of these is a secret, or leads to one. */
const SOURCES: readonly string[] = (['secret', 'file', 'command'] as const).map((name) =>
  variableOf(`security.signing_secret.${name}`),
);
/** These may say that it is development. */
const PROFILES: Readonly<Record<string, readonly string[]>> = {
  KEYTURN_ENV: ['dev', 'development', 'test'],
  NODE_ENV: ['development', 'test'],
};

const NAMES: Readonly<Record<Profile, readonly string[]>> = {
  dev: ['', '.local', '.development', '.development.local', '.dev'],
  test: ['', '.test', '.test.local'],
  prod: ['', '.local', '.production', '.production.local', '.prod', '.development', '.dev'],
};

/** A file that would have said what is missing. */
export interface UnloadedFile {
  /** Its path as whoever starts the process would write it. */
  readonly name: string;
  /** What it sets, and the environment does not. */
  readonly variables: readonly string[];
}

/** The first such file beside the app or in the working directory; undefined where there is none. */
export function findUnloaded(
  { cwd, env }: Pick<Machine, 'cwd' | 'env'>,
  folder: string,
  profile: Profile,
): UnloadedFile | undefined {
  for (const at of new Set([cwd, folder])) {
    for (const name of NAMES[profile]) {
      const path = join(at, `.env${name}`);
      const variables = unloaded(readIfThere(path), env);
      if (variables.length > 0) return { name: relative(cwd, path), variables };
    }
  }
  return undefined;
}

function unloaded(
  found: Readonly<Record<string, string | undefined>>,
  env: Machine['env'],
): readonly string[] {
  const missing = (name: string) => env[name] === undefined && (found[name] ?? '').trim() !== '';
  return [
    ...SOURCES.filter(missing),
    ...Object.entries(PROFILES)
      .filter(([name, words]) => missing(name) && words.includes(found[name] ?? ''))
      .map(([name]) => name),
  ];
}

/** Whether it holds the secret, and does not only say that this is development. */
export function holdsSource({ variables }: UnloadedFile): boolean {
  return variables.some((name) => SOURCES.includes(name));
}

/** What it is and what to do, in words. */
export function unloadedInWords({ name, variables }: UnloadedFile): {
  readonly what: string;
  readonly hint: string;
} {
  const commands = variables.includes(COMMAND)
    ? `commands take ${COMMAND} from the environment alone`
    : `give commands --env-file ${shellQuote(name)}`;
  return {
    what: `${name} sets ${variables.join(' and ')}, and nothing has loaded it`,
    hint: `start the app with node --env-file=${shellQuote(name)}, and ${commands}`,
  };
}

/**
 * What a file sets, as Node reads it.
 *
 * @throws the file system's own error; see {@link readNow}
 */
function readEnvFile(path: string): Readonly<Record<string, string | undefined>> {
  return parseEnv(readNow(path, LIMIT_BYTES).toString('utf8'));
}

function readIfThere(path: string): Readonly<Record<string, string | undefined>> {
  try {
    return readEnvFile(path);
  } catch {
    return {};
  }
}

/**
 * The machine with what files set of Keyturn: what the environment sets goes before, and of two files the later. Whoever
 * looks at a folder that somebody else made runs nothing that it configures: what else a file sets, which may be `LD_PRELOAD`
 * or `PATH`, is in nobody's environment. It is kept aside, for an old secret that the configuration names by its variable.
 *
 * @param files as they were typed, seen from the working directory
 * @throws KeyturnError `config_invalid` for a file that names a command
 * @throws the file system's own error; see {@link readNow}
 */
export async function withEnvFiles(machine: Machine, files: readonly string[]): Promise<Machine> {
  if (files.length === 0) return machine;
  const taken: Record<string, string | undefined> = {};
  const others: Record<string, string | undefined> = {};
  for (const file of files) {
    const found = readEnvFile(resolve(machine.cwd, file));
    // Refused where the environment sets it as well: Node may have put the file's there.
    if (found[COMMAND] !== undefined)
      throw new KeyturnError(
        'config_invalid',
        `a file that --env-file names sets ${COMMAND}, and a file must never make a command run something`,
        'take it out; where you trust it, set it in the environment',
      );
    for (const [name, value] of Object.entries(found)) {
      const into = name.startsWith('KEYTURN_') || name === 'NODE_ENV' ? taken : others;
      into[name] = value;
    }
  }
  return { ...machine, env: { ...taken, ...machine.env }, others };
}
