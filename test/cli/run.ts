// Runs commands: in this process, which costs next to nothing, or the built program in one of its own, as users do. Each
// in a folder of its own, with no environment but the one that a test gives it.
import { type ExecFileException, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dispatch } from '../../src/cli/dispatch.js';
import { Ui } from '../../src/cli/ui.js';
import type { Machine } from '../../src/resolve/machine.js';
import { monotonicClock } from '../../src/resolve/monotonic-clock.js';
import { tempDir } from '../support/machine.js';

export const MAIN: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** What a command in this process may go by besides. */
export interface Simulated extends Surroundings {
  readonly now?: Machine['now'];
  readonly monotonic?: Machine['monotonic'];
  /** Whether a person sits at a terminal, or how large it is. */
  readonly terminal?: boolean | { readonly columns: number; readonly rows: number };
  /** Hears what goes to standard error, as it comes. */
  readonly told?: (text: string) => void;
  /** What whoever sits there answers to a question. */
  readonly answers?: ((question: string) => string | undefined) | undefined;
}

/** Runs a command in this process. */
export async function keyturn(args: readonly string[], around: Simulated = {}): Promise<Ran> {
  const {
    cwd = tempDir(),
    input = '',
    now = Date.now,
    monotonic = monotonicClock,
    terminal = false,
    answers,
  } = around;
  const env = { PATH: process.env.PATH, ...around.env };
  const said = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof said) => ({
    isTTY: terminal !== false,
    ...(typeof terminal === 'object' ? terminal : {}),
    write: (text: string) => {
      said[name] += text;
      if (name === 'stderr') around.told?.(text);
    },
  });
  const code = await dispatch(args, new Ui(stream('stdout'), stream('stderr'), env), {
    machine: async (folder) => ({
      cwd: folder.cwd ?? cwd,
      env,
      signs: { terminal: terminal !== false, debugger: false, container: false },
      now,
      monotonic,
    }),
    readInput: async () => input,
    ask: answers && (async (question) => answers(question)),
    interrupted: () => new AbortController().signal,
  });
  return { code, ...said };
}

/** Runs the built program. */
export async function program(args: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const options = {
    cwd: around.cwd ?? tempDir(),
    env: { PATH: process.env.PATH, ...around.env },
    maxBuffer: 16 * 1024 * 1024,
  };
  return await new Promise((done) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      options,
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(around.input ?? '');
  });
}

/** Talk that was broken for a terminal, as one line each again. */
export function unwrapped(text: string): string {
  return text.replaceAll(/\r?\n {9}(?=\S)/g, ' ');
}

/** That standard error is exactly one error: two lines, lower case, no full stop. */
export const TWO_LINES: RegExp =
  /^keyturn: error: (?![A-Z][a-z]).*[^.\n]\nkeyturn: hint: (?![A-Z][a-z]).*[^.\n]\n$/;
