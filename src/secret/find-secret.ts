// Where the secret comes from: the first source that is present wins, and one that is present but broken is
// an error, never a reason to look further.
import { resolve } from 'node:path';
import { isThere, readNow, SOURCE_LIMIT } from '../disk/read.js';
import { Awaited, Rare } from '../process/awaited.js';
import { generateSecret } from './generate.js';
import { decodeText, isBlank, notEmpty } from './text.js';

/** The steps of the ladder; their order is the order of preference. */
type SourceKind =
  | 'variable'
  | 'file'
  | 'command'
  | 'config'
  | 'development-file'
  | 'development-memory'
  // Handed over by a program that has it from its platform: no step of the ladder.
  | 'binding';

/** A place that holds a secret. */
export interface Source {
  readonly kind: SourceKind;
  /** What an operator calls it: a variable, `keyturn.toml`, `.keyturn/secret`. */
  readonly name: string;
  /** The file it is read from, if it is a file. */
  readonly path?: string;
}

/** What configuration and environment say about the secret; gathered by the resolver. */
export interface LadderInput {
  readonly cwd: string;
  readonly dataDir: string;
  readonly development: boolean;
  /** Keep a generated secret in memory. */
  readonly ephemeral: boolean;
  /** Whether a missing development secret may be created. The doctor only looks. */
  readonly create: boolean;
  /** How long the command may take; default: 10 s. */
  readonly commandTimeoutMs?: number | undefined;
  readonly variable?: { readonly name: string; readonly value: string } | undefined;
  /** With the folder that a relative path begins in. */
  readonly file?: { readonly name: string; readonly value: string; readonly folder: string } | undefined;
  readonly printed: Printed;
  readonly command?: { readonly name: string; readonly value: string } | undefined;
  readonly config?: { readonly name: string; readonly value: string } | undefined;
}

/** What the ladder found: the text as provided, the places it hides, and whether it was made just now. */
export interface Found {
  readonly source: Source;
  readonly text: string;
  readonly hidden: readonly Source[];
  readonly created: boolean;
}

/** Nothing configured: `source` is absent, `hidden` empty. */
type Ladder = Found | { readonly source?: undefined; readonly hidden: readonly Source[] };

/**
 * Climbs the ladder.
 *
 * @throws KeyturnError `secret_empty`, `secret_unreadable`, `secret_malformed`, `command_failed`,
 * `dev_secret_unwritable`
 */
export function findSecret(input: LadderInput): Ladder {
  const [first, ...hidden] = presentSources(input);
  const lower = hidden.map(({ source }) => source);
  if (first !== undefined) return { source: first.source, hidden: lower, created: false, text: first.read() };
  if (!input.development || !input.create) return { hidden: [] };
  const { createDevelopmentSecret, DEVELOPMENT_BYTES } = development.module;
  if (input.ephemeral) {
    const text = generateSecret(DEVELOPMENT_BYTES);
    return { source: { kind: 'development-memory', name: 'memory' }, hidden: [], created: true, text };
  }
  const { path, ...made } = createDevelopmentSecret(input.dataDir);
  return { source: { kind: 'development-file', name: path, path }, hidden: [], ...made };
}

/** A server of production writes no secret. */
export const development: Rare<typeof import('./development.js')> = new Rare(
  () => import('./development.js'),
);

/** A start that succeeds says nothing of a file. */
export const refusals: Rare<typeof import('./refused-file.js')> = new Rare(() => import('./refused-file.js'));

/** A source that is there. */
interface Present {
  readonly source: Source;
  readonly read: () => string;
}

/** Every source that is there, in the order of preference. */
function presentSources(input: LadderInput): readonly Present[] {
  const { variable, file, command, config } = input;
  for (const named of [file, command, config, variable]) if (named) notEmpty(named.value, named.name);
  const present: Present[] = [];
  const add = (source: Source, read: Present['read']) => present.push({ source, read });
  if (variable) add({ kind: 'variable', name: variable.name }, () => variable.value);
  if (file) {
    const path = resolve(file.folder, file.value);
    add({ kind: 'file', name: file.name, path }, () => {
      if (mayBeTheSecret(file.value, file.folder)) throw refusals.module.notAPath(path, file.name);
      return readSecretFile(path, file.name);
    });
  }
  if (command) {
    const { name, value } = command;
    add({ kind: 'command', name }, () => input.printed.of(value, name, input));
  }
  if (config) add({ kind: 'config', name: config.name }, () => config.value);
  if (input.development && !input.ephemeral) {
    // What init makes lies beside the secret that a start makes, and is found as that is: no file that is committed has
    // to name it, which would stop whoever has another checkout.
    const keyring = resolve(input.dataDir, 'keyring.json');
    if (present.every(({ source }) => source.path !== keyring) && isThere(keyring))
      add({ kind: 'file', name: keyring, path: keyring }, () => readSecretFile(keyring, keyring));
    const path = resolve(input.dataDir, 'secret');
    const read = () => development.module.readDevelopmentSecret(input.dataDir);
    if (isThere(path)) add({ kind: 'development-file', name: path, path }, read);
  }
  return present;
}

/**
 * Reads a file that may hold a secret: UTF-8, at most 1 MiB.
 *
 * @throws KeyturnError `secret_unreadable`, `secret_empty`, `secret_malformed`
 */
function readSecretFile(path: string, name: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readNow(path, SOURCE_LIMIT);
  } catch (error) {
    throw refusals.module.unreadable(path, name, error as NodeJS.ErrnoException);
  }
  const text = decodeText(bytes, `the file ${path} (from ${name})`);
  if (isBlank(text)) throw refusals.module.emptyFile(path, name);
  return text;
}

/** What a command has printed, for one resolution: a later one runs it again. */
export class Printed {
  #read: (() => string) | undefined;

  /** @throws Awaited before the command has run; KeyturnError `command_failed`, `secret_empty`, `secret_malformed` */
  of(command: string, name: string, input: LadderInput): string {
    if (this.#read !== undefined) return this.#read();
    throw new Awaited(async () => {
      const { runCommand } = await import('./from-command.js');
      this.#read = await runCommand(command, name, input).then(
        (text) => () => text,
        (error: unknown) => () => {
          throw error;
        },
      );
    });
  }
}

/**
 * Whether what should be a path may be the secret itself, put into the wrong variable: nothing is there, nor
 * the folder that the path begins with. Such a value is never repeated in an error.
 */
function mayBeTheSecret(value: string, folder: string): boolean {
  if (isThere(resolve(folder, value))) return false;
  const [first] = /^[\\/]*[^\\/]+(?=[\\/])/.exec(value) ?? [];
  return first === undefined || !isThere(resolve(folder, first));
}
