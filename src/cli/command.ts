// What a command is. One file per command in commands/, loaded only when it is asked for.
import type { Machine } from '../resolve/machine.js';
import type { ExitCode } from './stop.js';
import type { Ui } from './ui.js';

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** What to call its value in the help; absent for a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly many?: true;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  readonly about: string;
}

export interface Context {
  /** What was typed besides options; as many as the command asks for. */
  readonly words: readonly string[];
  /** Whether a switch was given. */
  readonly has: (option: string) => boolean;
  /** The value of an option. */
  readonly value: (option: string) => string | undefined;
  readonly json: boolean;
  /** The profile that `--env` insists on. */
  readonly profile: string | undefined;
  /** This machine, in the folder that `--cwd` names. */
  readonly machine: Machine;
  readonly ui: Ui;
  readonly surroundings: Surroundings;
  /** Has something done when the command has ended, however it ends: an open connection would keep the process. */
  readonly defer: (end: () => Promise<void>) => void;
}

/** What a command can ask of the process that it runs in. */
export interface Surroundings {
  /** This machine, in a folder where `--cwd` names one. Asked when a command runs: help and version need none. */
  readonly machine: (folder: { readonly cwd?: string }) => Promise<Machine>;
  /** Standard input, whole. */
  readonly readInput: () => Promise<string>;
  /** Asks whoever sits at the terminal for a line; undefined for none. Not there where nobody does. */
  readonly ask?: ((question: string) => Promise<string | undefined>) | undefined;
  /**
   * From the first call on Ctrl-C no longer ends the process, but this signal, and so does being told to end; a reader
   * that goes away ends it too.
   *
   * @param atOnce done where a second one ends the process before the command is through: there is no time to wait
   */
  readonly interrupted: (atOnce?: () => void) => AbortSignal;
}

/** A command as `commands.ts` loads it; its name and summary stand there. */
export interface Command {
  /** What follows the name: "TOKEN|- [--purpose NAME]". */
  readonly usage: string;
  /** The help text: paragraphs with an empty line between them. What is indented is for people to copy. */
  readonly about: readonly string[];
  /** Its own options; those of every command are added. */
  readonly options: readonly Option[];
  /** The names of the words it must be given; those in brackets may be left out. */
  readonly words: readonly string[];
  /** @returns the exit code: 0 fine, 1 findings; what is refused is thrown */
  readonly run: (context: Context) => Promise<0 | ExitCode>;
}

/** The options of every command. */
export const COMMON_OPTIONS: readonly Option[] = [
  { name: 'json', about: 'print JSON for programs' },
  {
    name: 'cwd',
    value: 'FOLDER',
    about: 'where keyturn.toml and .keyturn are (default: the working directory)',
  },
  {
    name: 'env',
    value: 'PROFILE',
    choices: ['dev', 'test', 'prod', 'development', 'production'],
    about: 'dev, test or prod, whatever the environment says',
  },
  {
    name: 'env-file',
    value: 'FILE',
    about: 'read KEYTURN_*, NODE_ENV and old secrets from this file too',
    many: true,
  },
  { name: 'help', short: 'h', about: 'print this help' },
];
