// Runs a command in this process: what it prints, and the exit code, are those of the program.
import { dispatch } from '../../src/cli/dispatch.js';
import { Ui } from '../../src/cli/ui.js';
import { thisMachine } from '../../src/resolve/machine.js';
import { newFolder } from './ring.js';
import type { Ran } from './run.js';

export interface Inside {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Whether a person sits at a terminal. */
  readonly terminal?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** @param around without an environment but the one that it gives */
export async function inside(args: readonly string[], around: Inside = {}): Promise<Ran> {
  const { cwd = newFolder(), env = {}, input = '', terminal = false, now } = around;
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: terminal,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const ui = new Ui(stream('stdout'), stream('stderr'), { ...env, NO_COLOR: '1' });
  const surroundings = {
    readInput: async () => input,
    interrupted: () => new AbortController().signal,
    machine: async (folder: { readonly cwd?: string }) =>
      thisMachine({
        cwd,
        env,
        signs: { terminal, debugger: false, container: false },
        ...(now === undefined ? {} : { now }),
        ...folder,
      }),
  };
  const code = await dispatch(args, ui, surroundings);
  return { code, ...written };
}
