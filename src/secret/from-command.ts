// A secret that a command prints. Loaded where there is such a command.
import { execFile } from 'node:child_process';
import { SOURCE_LIMIT } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { parseJson } from '../formats.js';
import { decodeText, notEmpty } from './text.js';

const COMMAND_TIMEOUT_MS = 10_000;

/** Where the command runs, and for how long it may. */
interface CommandInput {
  readonly cwd: string;
  readonly commandTimeoutMs?: number | undefined;
}

/** Runs the command without a shell, with the environment of this process. Its errors are told by exit code only: its output may be secret. */
export async function runCommand(argumentList: string, name: string, input: CommandInput): Promise<string> {
  const [file, ...args] = parseCommand(argumentList, name);
  const timeout = input.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
  const options = {
    cwd: input.cwd,
    encoding: 'buffer',
    timeout,
    // A command that does not heed SIGTERM would hold up the start for ever.
    killSignal: 'SIGKILL',
    maxBuffer: SOURCE_LIMIT,
    windowsHide: true,
  } as const;
  const output = await new Promise<Buffer>((done, failed) => {
    const child = execFile(file as string, args, options, (error, stdout) => {
      if (error === null) done(stdout);
      else failed(error);
    });
    child.stdin?.end();
    // Some failures are thrown on the spot (a NUL in an argument, too long a list), with the arguments in them.
  }).catch((error: CommandError) => {
    throw new KeyturnError(
      'command_failed',
      `the command in ${name} ${failure(error, timeout)}`,
      `run it by hand as this user; it must print the secret within ${timeout / 1000} s`,
    );
  });
  const where = `what the command in ${name} printed`;
  return notEmpty(decodeText(output, where), where);
}

interface CommandError {
  readonly code?: unknown;
  readonly killed?: boolean;
  readonly signal?: string | null;
}

function failure(error: CommandError, timeout: number): string {
  if (error.killed === true) return `did not end within ${timeout / 1000} s`;
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed more than 1 MiB';
  if (typeof error.code === 'number') return `ended with exit code ${error.code}`;
  return typeof error.signal === 'string'
    ? `was ended by ${error.signal}`
    : `could not be run (${String(error.code)})`;
}

function parseCommand(argumentList: string, name: string): readonly string[] {
  const parsed = parseJson(argumentList);
  const isList = Array.isArray(parsed) && parsed.every((part) => typeof part === 'string');
  if (isList && parsed.length > 0 && parsed[0] !== '') return parsed;
  throw new KeyturnError(
    'secret_malformed',
    `${name} is not a JSON argument list`,
    'write it like ["vault","kv","get","-field=secret","kv/app"]: no shell reads it',
  );
}
