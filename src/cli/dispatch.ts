// From what was typed to the command that is meant, and from its outcome to an exit code.
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { KeyturnError } from '../errors.js';
import type { Machine } from '../resolve/machine.js';
import { iso } from '../words/time.js';
import { COMMON_OPTIONS, type Command, type Surroundings } from './command.js';
import { LOADERS } from './commands.js';
import { commandHelp, overview } from './help.js';
import { parse, unknownName } from './parse.js';
import { type ExitCode, isForNow, refused, Stop, wrongUsage } from './stop.js';
import type { Ui } from './ui.js';

const TOP_OPTIONS = [...COMMON_OPTIONS, { name: 'version', about: 'print the version' }];

/** Runs the command line. Never throws. @returns the exit code */
export async function dispatch(
  args: readonly string[],
  ui: Ui,
  surroundings: Surroundings,
): Promise<0 | ExitCode> {
  try {
    return await run(args, ui, surroundings);
  } catch (error) {
    const { message, hint, exitCode, facts } = stopFor(error);
    const { code, safeAt, more } = facts;
    // What is said on a picture's screen goes with it.
    ui.drawn();
    try {
      if (wantsJson(args)) ui.json({ error: { code, message, hint, safeAt: iso(safeAt) }, ...more });
    } catch {
      // Whatever broke may break this too. The two lines come all the same.
    }
    ui.error(message, hint);
    return exitCode;
  }
}

function stopFor(error: unknown): Stop {
  if (error instanceof Stop) return error;
  if (error instanceof KeyturnError) {
    const { message, hint, code, safeAt } = error;
    return new Stop(isForNow(error) ? 3 : 1, message, hint, { code, safeAt });
  }
  return refused(
    `something broke inside keyturn (${placeOf(error)})`,
    'please report this, with the command that you typed',
    'internal',
  );
}

/** Whether JSON is asked for, whatever else is wrong with what was typed. A pipe wants a document and nothing else. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes('--json') && !options.some((option) => /^--ring(=|$)/.test(option));
}

async function run(args: readonly string[], ui: Ui, surroundings: Surroundings): Promise<0 | ExitCode> {
  const at = commandAt(args);
  if (at === undefined) return top(args, ui);
  const name = args[at] as string;
  const rest = [...args.slice(0, at), ...args.slice(at + 1)];
  if (name === 'help') return await help(rest, ui);
  const command = await load(name);
  const { options, many, words } = parse(
    rest,
    [...command.options, ...COMMON_OPTIONS],
    `keyturn help ${name}`,
  );
  if (options.has('help')) {
    ui.print(commandHelp(name, command));
    return 0;
  }
  expectWords(words, command.words, `keyturn ${name} ${command.usage}`.trimEnd());
  const text = (option: string) => {
    const value = options.get(option);
    return value === true ? undefined : value;
  };
  const ends: Array<() => Promise<void>> = [];
  try {
    return await command.run({
      words,
      has: (option) => options.has(option),
      value: text,
      json: options.has('json'),
      profile: text('env'),
      machine: await readEnvFiles(
        await surroundings.machine(folder(text('cwd'))),
        many.get('env-file') ?? [],
      ),
      ui,
      surroundings,
      defer: (end) => void ends.push(end),
    });
  } finally {
    await Promise.allSettled(ends.map((end) => end()));
  }
}

async function readEnvFiles(machine: Machine, files: readonly string[]): Promise<Machine> {
  const { withEnvFiles } = await import('../resolve/env-files.js');
  return await withEnvFiles(machine, files).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof KeyturnError) throw error;
    throw wrongUsage(
      `--env-file names no file that can be read (${error.code ?? 'unknown'})`,
      'write --env-file FILE, such as --env-file .env; it may have 64 KiB',
    );
  });
}

/** The first word that is neither an option nor the value of one. */
function commandAt(args: readonly string[]): number | undefined {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === '--') return undefined;
    if (!arg.startsWith('-')) return index;
    if (COMMON_OPTIONS.some(({ name, value }) => value !== undefined && arg === `--${name}`)) index++;
  }
  return undefined;
}

function top(args: readonly string[], ui: Ui): 0 {
  const { options } = parse(args, TOP_OPTIONS, 'keyturn --help');
  if (options.has('version')) ui.print(version());
  else if (options.has('help')) ui.print(overview());
  else throw wrongUsage('no command is given', 'keyturn --help lists the commands');
  return 0;
}

async function help(args: readonly string[], ui: Ui): Promise<0> {
  const { words } = parse(args, COMMON_OPTIONS, 'keyturn --help');
  if (words.length > 1) throw wrongUsage('too many words', 'write keyturn help COMMAND');
  const [name] = words;
  ui.print(name === undefined ? overview() : commandHelp(name, await load(name)));
  return 0;
}

async function load(name: string): Promise<Command> {
  if (!Object.hasOwn(LOADERS, name))
    throw unknownName('command', name, Object.keys(LOADERS), 'keyturn --help lists the commands');
  return await LOADERS[name as keyof typeof LOADERS]();
}

/** @throws Stop where there are more words than a command takes, or one is missing */
export function expectWords(given: readonly string[], expected: readonly string[], usage: string): void {
  if (given.length > expected.length) throw wrongUsage('too many words', `write ${usage}`);
  const missing = expected[given.length];
  if (missing !== undefined && !missing.startsWith('['))
    throw wrongUsage(`${missing} is missing`, `write ${usage}`);
}

/** @throws Stop where a deployment has replaced the folder that the shell still stands in */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    throw wrongUsage(
      'the working directory is not there any more',
      'go to one that is, or write --cwd FOLDER with a whole path',
    );
  }
}

function folder(typed: string | undefined): { cwd?: string } {
  if (typed === undefined) return {};
  // From a folder that is gone only a whole path leads anywhere.
  const cwd = isAbsolute(typed) ? typed : resolve(workingDirectory(), typed);
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw wrongUsage('--cwd names no folder that is there', 'write --cwd FOLDER');
  }
  return { cwd };
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The kind of a fault and the line of ours that it came from. Its message is left out: it may quote a secret. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no error object';
  const { code } = error as NodeJS.ErrnoException;
  const line = /keyturn[^\n]*?\/((?:src|dist)\/[\w/.-]+:\d+)/.exec(error.stack ?? '')?.[1];
  const parts = [error.constructor.name, code, line].filter((part) => typeof part === 'string');
  return parts.join(', ');
}
