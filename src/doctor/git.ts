// Asks git what it tracks of the files that hold secrets, and whether it ignores the folder `.keyturn`.
import { basename, dirname, join, relative } from 'node:path';
import type { GitFacts } from './facts.js';
import { checkoutAround, GitProgram, type Variables } from './git-program.js';
import { nameOf } from './places.js';

export interface GitQuestion {
  readonly cwd: string;
  readonly env: Variables;
  readonly dataDir: string;
  readonly dataDirThere: boolean;
  /** Files with secrets, by path; the name is what to call them. */
  readonly files: readonly { readonly path: string; readonly name: string }[];
}

/** Why git says nothing of a folder that is in a checkout. */
type Trouble = 'silent' | 'refused';

const NOTHING = { tracked: [], dataDirExposed: false };

export async function askGit(question: GitQuestion): Promise<GitFacts> {
  const { cwd, env, dataDir } = question;
  const git = await GitProgram.find(env, cwd);
  if (git === undefined) return { state: 'absent', ...NOTHING };
  const inside = await checkoutAround(cwd);
  // Every file is asked for in its own folder: it may lie in another checkout than the configuration.
  const lists = await Promise.all(
    question.files.map(async ({ path, name }) => {
      const found = await list(git, dirname(path), basename(path));
      return typeof found === 'string' ? found : found.map(() => name);
    }),
  );
  // Where the folder is gone it is asked for from above: git may still track files that are no longer there.
  const base = question.dataDirThere ? dataDir : cwd;
  const kept = await list(git, base, relative(base, dataDir) || '.');
  const inDataDir =
    typeof kept === 'string'
      ? kept
      : kept.filter((path) => basename(path) !== '.gitignore').map((path) => nameOf(join(base, path), cwd));
  const exposed = question.dataDirThere ? await isExposed(git, dataDir) : false;
  const troubles = [...lists, inDataDir, exposed].filter((answer) => typeof answer === 'string');
  const tracked = [...lists, inDataDir].flatMap((answer) => (typeof answer === 'string' ? [] : answer));
  return {
    state: troubles[0] ?? (inside === undefined ? 'none' : 'checkout'),
    tracked: [...new Set(tracked)].sort(),
    dataDirExposed: exposed === true,
  };
}

/** The tracked files at `path`, relative to `folder`. */
async function list(git: GitProgram, folder: string, path: string): Promise<readonly string[] | Trouble> {
  const answer = await git.ask(folder, ['--literal-pathspecs', 'ls-files', '-z', '--', path]);
  if (answer === 'silent') return answer;
  const found = answer.out.split('\0').filter(Boolean);
  // What it found counts, even if there is something else that it could not read.
  if (found.length > 0 || (answer.code === 0 && !answer.complained)) return found;
  return (await checkoutAround(folder)) === undefined ? [] : 'refused';
}

/** Whether no rule ignores what lies in the folder. */
async function isExposed(git: GitProgram, folder: string): Promise<boolean | Trouble> {
  const answer = await git.ask(folder, ['check-ignore', '--no-index', '-q', 'secret']);
  if (answer === 'silent') return answer;
  // 0: ignored; 1: not ignored; more: it cannot tell, or there is no checkout.
  if (answer.code <= 1) return answer.code === 1;
  return (await checkoutAround(folder)) === undefined ? false : 'refused';
}
