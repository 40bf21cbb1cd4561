// Where the secret comes from: the first source that is present wins, and one that is present but broken is
// an error, never a reason to look further.
import { resolve } from 'node:path';
import { isThere, type ReadOptions, readBounded, SOURCE_LIMIT } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { decodeText, notEmpty } from './text.js';

/** The steps of the ladder; their order is the order of preference. */
export type SourceKind =
  | 'variable'
  | 'file'
  | 'command'
  | 'config'
  | 'development-file'
  | 'development-memory';

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
export type Ladder = Found | { readonly source?: undefined; readonly hidden: readonly Source[] };

/**
 * Climbs the ladder.
 *
 * @throws KeyturnError `secret_empty`, `secret_unreadable`, `secret_malformed`, `command_failed`,
 * `dev_secret_unwritable`
 */
export async function findSecret(input: LadderInput): Promise<Ladder> {
  const present = await presentSources(input);
  const [source, ...hidden] = present;
  if (source !== undefined) return { source, hidden, created: false, text: await read(source, input) };
  if (!input.development || !input.create) return { hidden };
  const { createDevelopmentSecret, newSecret } = await development();
  if (input.ephemeral) {
    return {
      source: { kind: 'development-memory', name: 'memory' },
      hidden,
      created: true,
      text: newSecret(),
    };
  }
  const made = await createDevelopmentSecret(input.dataDir);
  return {
    source: { kind: 'development-file', name: made.path, path: made.path },
    hidden,
    created: made.created,
    text: made.text,
  };
}

/** Loaded where it is of use: a server of production writes no secret. */
const development = () => import('./development.js');

/** Every source that is there, in the order of preference. */
async function presentSources(input: LadderInput): Promise<Source[]> {
  const sources: Source[] = [];
  for (const named of [input.file, input.command, input.config]) if (named) notEmpty(named.value, named.name);
  if (input.variable) sources.push({ kind: 'variable', name: input.variable.name });
  if (input.file) {
    sources.push({ kind: 'file', name: input.file.name, path: resolve(input.file.folder, input.file.value) });
  }
  if (input.command) sources.push({ kind: 'command', name: input.command.name });
  if (input.config) sources.push({ kind: 'config', name: input.config.name });
  if (input.development && !input.ephemeral) {
    // What init makes lies beside the secret that a start makes, and is found as that is: no file that is committed has
    // to name it, which would stop whoever has another checkout.
    const keyring = resolve(input.dataDir, 'keyring.json');
    if (sources.every(({ path }) => path !== keyring) && (await isThere(keyring)))
      sources.push({ kind: 'file', name: keyring, path: keyring });
    const path = resolve(input.dataDir, 'secret');
    if (await isThere(path)) sources.push({ kind: 'development-file', name: path, path });
  }
  return sources;
}

async function read(source: Source, input: LadderInput): Promise<string> {
  switch (source.kind) {
    case 'variable':
      return notEmpty(input.variable?.value ?? '', source.name);
    case 'config':
      return notEmpty(input.config?.value ?? '', source.name);
    case 'command':
      return await (await import('./command.js')).runCommand(input.command?.value ?? '', source.name, input);
    case 'file':
      if (await mayBeTheSecret(input.file?.value ?? '', input.file?.folder ?? ''))
        throw notAPath(source.name);
      return await readSecretFile(source.path as string, source.name);
    default:
      return await (await development()).readDevelopmentSecret(input.dataDir);
  }
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
    throw new KeyturnError(
      'secret_unreadable',
      `${where} cannot be read (${code})`,
      unreadableHint(code, name),
    );
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
    `mount or create the file, or correct ${name}: it takes a path, and the secret itself belongs into KEYTURN_SECURITY__SIGNING_SECRET`,
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
