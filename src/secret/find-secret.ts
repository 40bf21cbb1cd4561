// Where the secret comes from: the first source that is present wins, and one that is present but broken is
// an error, never a reason to look further.
import { resolve } from 'node:path';
import { isThere, type ReadOptions, readBounded, SOURCE_LIMIT } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { generateSecret } from './generate.js';
import { decodeText, notEmpty } from './text.js';

/** The steps of the ladder; their order is the order of preference. */
type SourceKind = 'variable' | 'file' | 'command' | 'config' | 'development-file' | 'development-memory';

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
export async function findSecret(input: LadderInput): Promise<Ladder> {
  const [first, ...hidden] = await presentSources(input);
  const lower = hidden.map(({ source }) => source);
  if (first !== undefined)
    return { source: first.source, hidden: lower, created: false, text: await first.read() };
  if (!input.development || !input.create) return { hidden: [] };
  const { createDevelopmentSecret, DEVELOPMENT_BYTES } = await development();
  if (input.ephemeral) {
    const text = generateSecret(DEVELOPMENT_BYTES);
    return { source: { kind: 'development-memory', name: 'memory' }, hidden: [], created: true, text };
  }
  const { path, ...made } = await createDevelopmentSecret(input.dataDir);
  return { source: { kind: 'development-file', name: path, path }, hidden: [], ...made };
}

/** Loaded where it is of use: a server of production writes no secret. */
const development = () => import('./development.js');

/** A source that is there. */
interface Present {
  readonly source: Source;
  readonly read: () => Promise<string>;
}

/** Every source that is there, in the order of preference. */
async function presentSources(input: LadderInput): Promise<readonly Present[]> {
  const { variable, file, command, config } = input;
  for (const named of [file, command, config, variable]) if (named) notEmpty(named.value, named.name);
  const present: Present[] = [];
  const add = (source: Source, read: Present['read']) => present.push({ source, read });
  if (variable) add({ kind: 'variable', name: variable.name }, async () => variable.value);
  if (file) {
    const path = resolve(file.folder, file.value);
    add({ kind: 'file', name: file.name, path }, async () => {
      if (await mayBeTheSecret(file.value, file.folder)) throw notAPath(file.name);
      return await readSecretFile(path, file.name);
    });
  }
  if (command) {
    const { name, value } = command;
    const run = async () => (await import('./from-command.js')).runCommand(value, name, input);
    add({ kind: 'command', name }, run);
  }
  if (config) add({ kind: 'config', name: config.name }, async () => config.value);
  if (input.development && !input.ephemeral) {
    // What init makes lies beside the secret that a start makes, and is found as that is: no file that is committed has
    // to name it, which would stop whoever has another checkout.
    const keyring = resolve(input.dataDir, 'keyring.json');
    if (present.every(({ source }) => source.path !== keyring) && (await isThere(keyring)))
      add({ kind: 'file', name: keyring, path: keyring }, () => readSecretFile(keyring, keyring));
    const path = resolve(input.dataDir, 'secret');
    const read = async () => (await development()).readDevelopmentSecret(input.dataDir);
    if (await isThere(path)) add({ kind: 'development-file', name: path, path }, read);
  }
  return present;
}

/**
 * Reads a file that may hold a secret: UTF-8, at most 1 MiB.
 *
 * @throws KeyturnError `secret_unreadable`, `secret_empty`, `secret_malformed`
 */
export async function readSecretFile(path: string, name: string, options?: ReadOptions): Promise<string> {
  const where = `the file ${path} (from ${name})`;
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(path, SOURCE_LIMIT, options);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const what = `${where} cannot be read (${code})`;
    throw new KeyturnError('secret_unreadable', what, unreadableHint(code, name));
  }
  return notEmpty(decodeText(bytes, where), where);
}

/**
 * Whether what should be a path may be the secret itself, put into the wrong variable: nothing is there, nor
 * the folder that the path begins with. Such a value is never repeated in an error.
 */
async function mayBeTheSecret(value: string, folder: string): Promise<boolean> {
  if (await isThere(resolve(folder, value))) return false;
  const [first] = /^[\\/]*[^\\/]+(?=[\\/])/.exec(value) ?? [];
  return first === undefined || !(await isThere(resolve(folder, first)));
}

function notAPath(name: string): KeyturnError {
  return new KeyturnError(
    'secret_unreadable',
    `the file that ${name} names is not there (ENOENT; its path is not shown, since it may be a secret put there by mistake)`,
    `mount or create the file, or correct ${name}: it takes a path, and the secret itself belongs in KEYTURN_SECURITY__SIGNING_SECRET`,
  );
}

function unreadableHint(code: string, name: string): string {
  if (code === 'ENOENT') return `mount or create the file, or correct ${name}`;
  if (code === 'EACCES' || code === 'EPERM')
    return 'let the user that runs this process read it (and nobody else)';
  if (code === 'EFTYPE') return `${name} must name a file, and neither a pipe nor a device`;
  if (code === 'EISDIR') return `${name} must name the file itself, not its folder`;
  return `correct ${name}: it names a file of at most 1 MiB`;
}
