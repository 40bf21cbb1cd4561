// Where the secret comes from: the first source that is present wins, and one that is present but broken is
// an error, never a reason to look further.
import { execFile } from 'node:child_process';
import { access, readFile, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { KeyturnError } from '../errors.js';
import { createDevelopmentSecret, newSecret, readDevelopmentSecret } from './development.js';
import { cleanSecret } from './text.js';

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
  readonly variable?: { readonly name: string; readonly value: string } | undefined;
  readonly file?: { readonly name: string; readonly value: string } | undefined;
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

const COMMAND_TIMEOUT_MS = 10_000;
const LIMIT_BYTES = 1024 * 1024;

/**
 * Climbs the ladder.
 *
 * @throws KeyturnError `secret_empty`, `secret_unreadable`, `secret_malformed`, `command_failed`,
 * `dev_secret_unwritable`
 */
export async function climb(input: LadderInput): Promise<Ladder> {
  const present = await presentSources(input);
  const [source, ...hidden] = present;
  if (source !== undefined) return { source, hidden, created: false, text: await read(source, input) };
  if (!input.development || !input.create) return { hidden };
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

/** Every source that is there, in the order of preference. */
async function presentSources(input: LadderInput): Promise<Source[]> {
  const sources: Source[] = [];
  for (const named of [input.file, input.command]) if (named) notEmpty(named.value, named.name);
  if (input.variable) sources.push({ kind: 'variable', name: input.variable.name });
  if (input.file) {
    const path = isAbsolute(input.file.value) ? input.file.value : resolve(input.cwd, input.file.value);
    sources.push({ kind: 'file', name: input.file.name, path });
  }
  if (input.command) sources.push({ kind: 'command', name: input.command.name });
  if (input.config) sources.push({ kind: 'config', name: input.config.name });
  if (input.development && !input.ephemeral) {
    const path = resolve(input.dataDir, 'secret');
    if (await exists(path)) sources.push({ kind: 'development-file', name: path, path });
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
      return await run(input.command?.value ?? '', source.name, input.cwd);
    case 'file':
      return await readSecretFile(source.path as string, source.name);
    default:
      return await readDevelopmentSecret(input.dataDir);
  }
}

/**
 * Reads a file that may hold a secret: UTF-8, at most 1 MiB.
 *
 * @throws KeyturnError `secret_unreadable`, `secret_empty`, `secret_malformed`
 */
export async function readSecretFile(path: string, name: string): Promise<string> {
  const where = `the file ${path} (from ${name})`;
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > LIMIT_BYTES) throw Object.assign(new Error(), { code: 'EFBIG' });
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new KeyturnError(
      'secret_unreadable',
      `${where} cannot be read (${code})`,
      unreadableHint(code, name),
    );
  }
  return decode(bytes, where);
}

function unreadableHint(code: string, name: string): string {
  if (code === 'ENOENT') return `mount or create the file, or correct ${name}`;
  if (code === 'EACCES' || code === 'EPERM')
    return 'let the user that runs this process read it (and nobody else)';
  if (code === 'EISDIR') return `${name} must name the file itself, not its folder`;
  return `correct ${name}: it names a file of at most 1 MiB`;
}

/** Strict UTF-8: a lenient decoder would turn different broken files into the same text, and so the same key. */
function decode(bytes: Uint8Array, where: string): string {
  try {
    return notEmpty(new TextDecoder('utf-8', { fatal: true }).decode(bytes), where);
  } catch (error) {
    if (error instanceof KeyturnError) throw error;
    throw new KeyturnError(
      'secret_malformed',
      `${where} is not UTF-8 text`,
      'store the secret as text, for example as hex digits',
    );
  }
}

function notEmpty(text: string, where: string): string {
  if (text.replace(/^\uFEFF/, '').trim() === '') cleanSecret('', where);
  return text;
}

/** Runs the command without a shell. Its errors are told by exit code only: its output may be secret. */
async function run(argumentList: string, name: string, cwd: string): Promise<string> {
  const [file, ...args] = parseCommand(argumentList, name);
  const output = await new Promise<Buffer>((done, failed) => {
    const options = {
      cwd,
      encoding: 'buffer',
      timeout: COMMAND_TIMEOUT_MS,
      maxBuffer: LIMIT_BYTES,
      windowsHide: true,
    } as const;
    const child = execFile(file as string, args, options, (error, stdout) => {
      if (error === null) done(stdout);
      else
        failed(
          new KeyturnError(
            'command_failed',
            `the command in ${name} ${failure(error)}`,
            `run it by hand as this user; it must print the secret within ${COMMAND_TIMEOUT_MS / 1000} s`,
          ),
        );
    });
    child.stdin?.end();
  });
  return decode(output, `what the command in ${name} printed`);
}

function failure(error: Error & { code?: unknown; killed?: boolean }): string {
  if (error.killed === true) return `did not end within ${COMMAND_TIMEOUT_MS / 1000} s`;
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed more than 1 MiB';
  return typeof error.code === 'number'
    ? `ended with exit code ${error.code}`
    : `could not be run (${String(error.code)})`;
}

function parseCommand(argumentList: string, name: string): readonly string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(argumentList);
  } catch {
    parsed = undefined;
  }
  if (
    !Array.isArray(parsed) ||
    parsed.length === 0 ||
    !parsed.every((part) => typeof part === 'string') ||
    parsed[0] === ''
  ) {
    throw new KeyturnError(
      'secret_malformed',
      `${name} is not a JSON argument list`,
      'write it like ["vault","kv","get","-field=secret","kv/app"]: no shell reads it',
    );
  }
  return parsed as string[];
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
