// Runs git so that nothing runs which a repository configures. A folder that came in an archive brings a `.git/config`
// of its own, and git takes programs from it: for watching files, for fetching what a partial clone lacks, for pagers,
// hooks, credentials. Reading git's index by ourselves would avoid all of them, but not the rules of what is ignored,
// which are git's as well: so git is asked, with everything that it could be told to run switched off.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { platform } from 'node:os';
import { delimiter, dirname, isAbsolute, join, relative, sep } from 'node:path';

const TIMEOUT_MS = 5_000;
const LIMIT_BYTES = 1024 * 1024;

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Answered {
  readonly code: number;
  readonly out: string;
  /** Whether it complained: what a partial checkout lacks, git tells on standard error, and ends with exit code 0. */
  readonly complained: boolean;
}

/** `silent`: it did not answer in time. */
export type Answer = Answered | 'silent';

/** Settings that stand above those of the repository. */
const SWITCHED_OFF: readonly string[] = [
  // Watching files, and whatever comes after a change or a fetch.
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'gc.auto=0',
  'maintenance.auto=false',
  // Everything that talks to others: first the transports, then what these would run.
  'protocol.allow=never',
  'core.sshCommand=false',
  'core.gitProxy=',
  'core.askPass=',
  'core.alternateRefsCommand=',
  'credential.helper=',
  // Everything that shows content.
  'core.pager=cat',
  'diff.external=',
  'submodule.recurse=false',
  // A folder with the looks of a bare repository, which no `.git` announces, is not one that was meant.
  'safe.bareRepository=explicit',
];

/** What the environment says of the same: some of it outranks every configuration, more specific ones included. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  // `protocol.ext.allow` in a repository would outrank `protocol.allow`, but not this list of what is allowed.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_PAGER: 'cat',
  GIT_TRACE2: '0',
  GIT_TRACE2_EVENT: '0',
  GIT_TRACE2_PERF: '0',
  LC_ALL: 'C',
};

export class GitProgram {
  readonly #file: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  private constructor(file: string, env: Variables) {
    this.#file = file;
    // Little of what is there: neither secrets nor GIT_DIR, which a hook sets, belong in it.
    const { PATH, HOME, XDG_CONFIG_HOME, SystemRoot } = env;
    this.#env = { PATH, HOME, XDG_CONFIG_HOME, SystemRoot, ...ENVIRONMENT };
  }

  /** The git of this machine, for a question about `folder`; undefined where there is none. */
  static async find(env: Variables, folder: string): Promise<GitProgram | undefined> {
    const file = await programFor(env, (await checkoutAround(folder)) ?? (await resolved(folder)));
    return file === undefined ? undefined : new GitProgram(file, env);
  }

  /** @returns the exit code and what it printed; more than 1 MiB counts as silence */
  async ask(folder: string, args: readonly string[]): Promise<Answer> {
    const settings = SWITCHED_OFF.flatMap((setting) => ['-c', setting]);
    const options = {
      env: this.#env,
      timeout: TIMEOUT_MS,
      // A git that waits for a pipe heeds no gentler signal.
      killSignal: 'SIGKILL',
      maxBuffer: LIMIT_BYTES,
      windowsHide: true,
    } as const;
    return await new Promise((answer) => {
      execFile(this.#file, ['--no-pager', '-C', folder, ...settings, ...args], options, (error, out, err) => {
        const code = error === null ? 0 : error.code;
        answer(typeof code === 'number' ? { code, out, complained: err !== '' } : 'silent');
      });
    });
  }
}

/**
 * The first git on the path that no checkout can have put there. Package scripts put `node_modules/.bin` first, and
 * relative folders and empty ones mean the working directory, which Windows looks at before all others.
 */
async function programFor(env: Variables, checkout: string): Promise<string | undefined> {
  const name = platform() === 'win32' ? 'git.exe' : 'git';
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (!isAbsolute(folder) || isWithin(await resolved(folder), checkout)) continue;
    const file = join(folder, name);
    const isProgram = access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (await isProgram) return file;
  }
  return undefined;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function resolved(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/** The folder at or above this one that holds a `.git`, whether git makes sense of that or not. */
export async function checkoutAround(folder: string): Promise<string | undefined> {
  let at = await resolved(folder);
  for (;;) {
    const found = await lstat(join(at, '.git')).catch(() => undefined);
    if (found !== undefined) return at;
    const above = dirname(at);
    if (above === at) return undefined;
    at = above;
  }
}
