// Runs the snippets of a page that was compiled, in a process of their own.
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, ROOT } from './blocks.js';
import type { Compiled } from './compile.js';

export interface Surroundings {
  readonly variables?: NodeJS.ProcessEnv;
  /** Whether the first settings in TOML that the page shows are there. */
  readonly settings?: boolean;
  /** Whether a snippet cannot run here. */
  readonly without?: (code: string) => boolean;
}

/** @returns what it has said, `all ran` at the end; with the error where it failed */
export function runPage(
  { pages, out }: Compiled,
  page: string,
  { variables = {}, settings = false, without = () => false }: Surroundings = {},
): Promise<string> {
  const { folder, modules } = pages.find((one) => one.page === page) ?? { folder: '', modules: [] };
  const files = modules
    .filter(({ block }) => !without(block.code))
    .map(({ file }) => file.replace(/\.tsx?$/, '.js'));
  const at = join(out, folder);
  if (existsSync(join(at, 'given.js'))) files.push('given.js');
  const toml = settings ? blocksOf(page).find(({ language }) => language === 'toml')?.code : undefined;
  if (toml !== undefined) writeFileSync(join(at, 'keyturn.toml'), toml);
  const env = {
    PATH: process.env.PATH,
    KEYTURN_ENV: 'dev',
    ...(toml === undefined ? {} : { KEYTURN_CONFIG: join(at, 'keyturn.toml') }),
    ...variables,
  };
  const program = join(ROOT, 'test/docs/run-page.mjs');
  return new Promise((done) => {
    execFile(
      process.execPath,
      [program, at, ...files],
      { cwd: at, env, timeout: 60_000 },
      (_, stdout, stderr) => done(stderr + stdout),
    );
  });
}
