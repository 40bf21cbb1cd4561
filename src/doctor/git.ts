// Asks git what it tracks. Without a shell, with a time limit, and without running what a repository configures.
import { execFile } from 'node:child_process';
import { basename, dirname, join, relative } from 'node:path';
import type { GitFacts } from './facts.js';

const TIMEOUT_MS = 5_000;

type Variables = Readonly<Record<string, string | undefined>>;
type Answer = { readonly code: number; readonly out: string } | 'absent' | 'silent';

export interface GitQuestion {
  readonly cwd: string;
  readonly env: Variables;
  readonly dataDir: string;
  readonly dataDirThere: boolean;
  /** Files with secrets, by path; the name is what to call them. */
  readonly files: readonly { readonly path: string; readonly name: string }[];
  readonly nameOf: (path: string) => string;
}

export async function askGit(question: GitQuestion): Promise<GitFacts> {
  const { cwd, env, dataDir } = question;
  const nothing = { tracked: [], dataDirExposed: false };
  const inside = await run(cwd, ['rev-parse', '--is-inside-work-tree'], env);
  if (inside === 'absent' || inside === 'silent') return { state: inside, ...nothing };
  // Every file is asked for in its own folder: it may lie in another checkout than the configuration.
  const lists = question.files.map(async ({ path, name }) =>
    (await list(dirname(path), basename(path), env)).length > 0 ? [name] : [],
  );
  // Asked for from above as well: what git tracks in a folder need not be there any more.
  const base = question.dataDirThere ? dataDir : cwd;
  const kept = await list(base, relative(base, dataDir) || '.', env);
  const tracked = [
    ...(await Promise.all(lists)).flat(),
    ...kept
      .filter((path) => basename(path) !== '.gitignore')
      .map((path) => question.nameOf(join(base, path))),
  ];
  const ignored = question.dataDirThere
    ? await run(dataDir, ['check-ignore', '--no-index', '-q', 'secret'], env)
    : undefined;
  return {
    state: inside.code === 0 ? 'checkout' : 'none',
    tracked: [...new Set(tracked)].sort(),
    // 0: ignored; 1: not ignored; more: no checkout.
    dataDirExposed: typeof ignored === 'object' && ignored.code === 1,
  };
}

/** The tracked files at `path`, relative to `folder`; none when git has nothing to say. */
async function list(folder: string, path: string, env: Variables): Promise<readonly string[]> {
  const answer = await run(folder, ['--literal-pathspecs', 'ls-files', '-z', '--', path], env);
  return typeof answer === 'object' && answer.code === 0 ? answer.out.split('\0').filter(Boolean) : [];
}

function run(folder: string, args: readonly string[], env: Variables): Promise<Answer> {
  // A repository may name a program to watch its files; looking at it must not run that.
  const safe = ['-C', folder, '-c', 'core.fsmonitor=false', ...args];
  // Little of the environment: neither secrets nor GIT_DIR, which a hook sets, belong there.
  const { PATH, HOME, XDG_CONFIG_HOME, SystemRoot } = env;
  const given = { PATH, HOME, XDG_CONFIG_HOME, SystemRoot, LC_ALL: 'C' };
  const options = {
    env: given,
    timeout: TIMEOUT_MS,
    maxBuffer: 16 * 1024 * 1024,
    windowsHide: true,
  } as const;
  return new Promise((answer) => {
    execFile('git', safe, options, (error, out) => {
      if (error === null) answer({ code: 0, out });
      else if (error.killed === true) answer('silent');
      else if (typeof error.code === 'number') answer({ code: error.code, out });
      else answer('absent');
    });
  });
}
