// What the doctor asks git, over real repositories, and that none of them makes it run anything.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/doctor/finding.js';
import { runDoctor } from '../../src/doctor/run.js';
import {
  FILE,
  folderWith,
  machine,
  OLDER,
  SECRET,
  type Simulated,
  STRONG,
  tempDir,
} from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };

async function checkGit(on: Simulated): Promise<Finding> {
  const { PATH } = process.env;
  const { checks } = await runDoctor(machine({ ...on, env: { PATH, ...on.env } }));
  return checks.find((found) => found.name === 'git') as Finding;
}

/** git as the author of a repository runs it: whatever else this machine configures is no part of the test. */
function git(cwd: string, ...args: string[]): string {
  const env = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
  const author = ['-c', 'user.name=x', '-c', 'user.email=x@example.com'];
  return execFileSync('git', ['-C', cwd, ...author, ...args], { env, stdio: 'pipe', encoding: 'utf8' });
}

async function checkout(files: Record<string, string>): Promise<string> {
  const cwd = await folderWith(files);
  git(cwd, 'init', '-q');
  return cwd;
}

describe('what git tracks', () => {
  test('outside a checkout and without git it passes, and says so', async () => {
    expect(await checkGit({ env: PROD })).toMatchObject({
      status: 'pass',
      detail: 'this folder is in no git checkout',
    });
    const none = await checkGit({ env: { ...PROD, PATH: '/nowhere' } });
    expect(none).toMatchObject({ status: 'pass', detail: expect.stringContaining('not installed') });
  });

  test('a tracked secret fails in every profile', async () => {
    const toml = `[security.signing_secret]\nnext_secrets = ["${OLDER}"]\n`;
    const cwd = await checkout({
      '.keyturn/secret': STRONG,
      '.keyturn/.gitignore': '*\n',
      held: STRONG,
      'keyturn.test.toml': toml,
      '.env.production': `${SECRET}=${STRONG}\n`,
      'keyturn.toml': '[session]\nidle = "1h"\n',
    });
    git(cwd, 'add', '-f', '.');
    for (const KEYTURN_ENV of ['dev', 'test', 'prod']) {
      const { status, detail } = await checkGit({ cwd, env: { KEYTURN_ENV, [FILE]: 'held' } });
      expect(status).toBe('fail');
      expect(detail.split('\n').map((line) => /^git tracks ([^,]+),/.exec(line)?.[1])).toEqual([
        '.env.production',
        '.keyturn/secret',
        'held',
        'keyturn.test.toml',
      ]);
    }
  });

  test('what git tracks in .keyturn is found when the folder is gone', async () => {
    const cwd = await checkout({ '.keyturn/secret': STRONG });
    git(cwd, 'add', '-f', '.');
    renameSync(join(cwd, '.keyturn'), join(cwd, 'moved'));
    expect(await checkGit({ cwd, env: PROD })).toMatchObject({ status: 'fail' });
  });

  test('a file in another checkout is asked for there', async () => {
    const other = await checkout({ held: STRONG });
    git(other, 'add', '.');
    const env = { KEYTURN_ENV: 'prod', [FILE]: join(other, 'held') };
    expect(await checkGit({ env })).toMatchObject({ status: 'fail' });
  });

  test('a folder that no rule ignores is warned of', async () => {
    const cwd = await checkout({ '.keyturn/secret': STRONG });
    expect(await checkGit({ cwd, env: PROD })).toMatchObject({
      status: 'warn',
      hint: 'add .keyturn/ to .gitignore',
    });
    const ignored = await checkout({ '.keyturn/secret': STRONG, '.keyturn/.gitignore': '*\n' });
    expect(await checkGit({ cwd: ignored, env: PROD })).toMatchObject({ status: 'pass' });
  });
});

/** A program that leaves a mark where it ran, and what to look for. */
function trap(): { readonly program: string; readonly sprung: () => boolean } {
  const folder = tempDir();
  const program = join(folder, 'run');
  const mark = join(folder, 'ran');
  writeFileSync(program, `#!/bin/sh\ntouch '${mark}'\n`);
  chmodSync(program, 0o755);
  return { program, sprung: () => existsSync(mark) };
}

/** A partial clone that lacks a tree which its sparse index needs: whoever lists its files must fetch. */
async function partialClone(url: string): Promise<string> {
  const cwd = await checkout({ 'in/a': 'a', 'out/deep/b': 'b', held: STRONG });
  git(cwd, 'add', '.');
  git(cwd, 'commit', '-qm', 'first');
  git(cwd, 'sparse-checkout', 'init', '--cone', '--sparse-index');
  git(cwd, 'sparse-checkout', 'set', 'in');
  const tree = git(cwd, 'rev-parse', 'HEAD:out').trim();
  rmSync(join(cwd, '.git/objects', tree.slice(0, 2), tree.slice(2)));
  configure(cwd, {
    'core.repositoryformatversion': '1',
    'extensions.partialClone': 'origin',
    'remote.origin.promisor': 'true',
    'remote.origin.partialCloneFilter': 'blob:none',
    'remote.origin.url': url,
  });
  mkdirSync(join(cwd, '.keyturn'));
  return cwd;
}

/** Writes what `git config` would: by hand, since there is much of it. */
function configure(cwd: string, settings: Readonly<Record<string, string>>): void {
  const lines = Object.entries(settings).map(([name, value]) => {
    const [, section = '', subsection, key] = /^(\w+)(?:\.(.+))?\.([\w-]+)$/.exec(name) ?? [];
    const head = subsection === undefined ? `[${section}]` : `[${section} "${subsection}"]`;
    return `${head}\n\t${key} = "${value}"\n`;
  });
  appendFileSync(join(cwd, '.git/config'), lines.join(''));
}

/** Every setting that names a program which some command of git runs. */
function everyProgram(program: string): Record<string, string> {
  const names = [
    'core.fsmonitor core.sshCommand core.gitProxy core.askPass core.pager core.editor sequence.editor',
    'core.alternateRefsCommand credential.helper diff.external pager.ls-files pager.check-ignore gpg.program',
    'filter.x.clean filter.x.smudge filter.x.process diff.x.command diff.x.textconv merge.x.driver',
    'remote.origin.uploadpack remote.origin.receivepack trailer.x.command uploadpack.packObjectsHook',
    'interactive.diffFilter difftool.x.cmd mergetool.x.cmd browser.x.cmd gpg.ssh.defaultKeyCommand',
  ];
  const aliases = ['ls-files', 'check-ignore', 'fetch', 'rev-parse'].map((name) => [
    `alias.${name}`,
    `!${program}`,
  ]);
  return Object.fromEntries([
    ...names
      .join(' ')
      .split(' ')
      .map((name) => [name, program]),
    ...aliases,
  ]);
}

const HOOKS = ['post-index-change', 'post-checkout', 'reference-transaction', 'pre-auto-gc', 'pre-push'];

const ALLOWED = Object.fromEntries(
  ['ext', 'file', 'ssh', 'git', 'http', 'https'].map((name) => [`protocol.${name}.allow`, 'always']),
);

describe.runIf(process.platform !== 'win32')('nothing that a repository configures is run', () => {
  const ON = { KEYTURN_ENV: 'prod', [FILE]: 'held' };

  test('a partial clone fetches from nowhere, whatever allows it', async () => {
    const { program, sprung } = trap();
    const other = await checkout({ x: 'x' });
    const cwd = await partialClone(`ext::${program}`);
    configure(cwd, { ...everyProgram(program), ...ALLOWED });
    const urls = ['ssh://127.0.0.1:1/x', 'git://127.0.0.1:1/x', 'https://127.0.0.1:1/x', 'helper::x'];
    for (const url of [undefined, other, `file://${other}`, ...urls]) {
      if (url !== undefined) git(cwd, 'config', 'remote.origin.url', url);
      expect((await checkGit({ cwd, env: ON })).status, url).toBe('fail');
      expect(sprung(), url).toBe(false);
    }
  });

  test('what it could not look at without fetching is not taken for clean', async () => {
    const { program } = trap();
    const cwd = await partialClone(`ext::${program}`);
    writeFileSync(join(cwd, 'untracked'), STRONG);
    const env = { KEYTURN_ENV: 'prod', [FILE]: 'untracked' };
    expect(await checkGit({ cwd, env })).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('not checked'),
    });
  });

  test('the trap is a good one: git by itself runs it', async () => {
    const { program, sprung } = trap();
    const cwd = await partialClone(`ext::${program}`);
    configure(cwd, ALLOWED);
    // How it ends differs from version to version.
    try {
      git(cwd, 'ls-files');
    } catch {}
    expect(sprung()).toBe(true);
  });

  test('programs, aliases, hooks and filters of a whole checkout', async () => {
    const { program, sprung } = trap();
    const cwd = await checkout({
      held: STRONG,
      '.gitattributes': '* filter=x diff=x merge=x\n',
      '.keyturn/secret': STRONG,
      included: `[core]\n\tfsmonitor = ${program}\n`,
    });
    git(cwd, 'add', '-f', '.');
    configure(cwd, {
      ...everyProgram(program),
      'core.hooksPath': join(cwd, 'hooks'),
      'submodule.recurse': 'true',
    });
    configure(cwd, {
      'include.path': join(cwd, 'included'),
      'includeIf.gitdir:/.path': join(cwd, 'included'),
    });
    for (const folder of ['hooks', '.git/hooks']) {
      mkdirSync(join(cwd, folder), { recursive: true });
      for (const hook of [...HOOKS, 'fsmonitor-watchman']) symlinkSync(program, join(cwd, folder, hook));
    }
    expect((await checkGit({ cwd, env: ON })).status).toBe('fail');
    expect(sprung()).toBe(false);
  });

  test.each([
    [
      'a file that leads elsewhere',
      (cwd: string, to: string) => writeFileSync(join(cwd, '.git'), `gitdir: ${to}\n`),
    ],
    ['a symlink', (cwd: string, to: string) => symlinkSync(to, join(cwd, '.git'))],
  ])('.git may be %s', async (_, redirect) => {
    const { program, sprung } = trap();
    const other = await partialClone(`ext::${program}`);
    configure(other, { ...everyProgram(program), ...ALLOWED });
    const cwd = await folderWith({ held: STRONG });
    redirect(cwd, join(other, '.git'));
    expect((await checkGit({ cwd, env: ON })).status).toBe('fail');
    expect(sprung()).toBe(false);
  });

  test('a folder with the looks of a bare repository is none', async () => {
    const { program, sprung } = trap();
    const cwd = await folderWith({ held: STRONG });
    git(cwd, 'init', '-q', '--bare', '.');
    git(cwd, 'config', 'core.fsmonitor', program);
    git(cwd, 'config', 'core.worktree', cwd);
    expect(await checkGit({ cwd, env: ON })).toMatchObject({
      status: 'pass',
      detail: 'this folder is in no git checkout',
    });
    expect(sprung()).toBe(false);
  });

  test('the surroundings of a hook do not lead it elsewhere', async () => {
    const { program, sprung } = trap();
    const elsewhere = await checkout({ x: 'x' });
    const cwd = await checkout({ held: STRONG });
    git(cwd, 'add', 'held');
    const env = {
      ...ON,
      GIT_DIR: join(elsewhere, '.git'),
      GIT_INDEX_FILE: join(elsewhere, '.git/index'),
      GIT_WORK_TREE: elsewhere,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: program,
      GIT_EXEC_PATH: dirname(program),
      GIT_SSH_COMMAND: program,
      GIT_EXTERNAL_DIFF: program,
    };
    expect((await checkGit({ cwd, env })).status).toBe('fail');
    expect(sprung()).toBe(false);
  });

  test('a program called git in the checkout is not run, however the path leads there', async () => {
    const { program, sprung } = trap();
    const cwd = await checkout({ held: STRONG, 'app/keep': '' });
    git(cwd, 'add', 'held');
    const bin = join(cwd, 'node_modules/.bin');
    mkdirSync(bin, { recursive: true });
    for (const folder of [cwd, join(cwd, 'app'), bin]) symlinkSync(program, join(folder, 'git'));
    const link = join(tempDir(), 'bin');
    symlinkSync(bin, link);
    const before = process.cwd();
    const PATH = ['.', '', 'app', bin, link, join(cwd, 'app'), process.env.PATH].join(':');
    process.chdir(cwd);
    try {
      for (const at of [cwd, join(cwd, 'app')])
        expect((await checkGit({ cwd: at, env: { ...ON, [FILE]: join(cwd, 'held'), PATH } })).status).toBe(
          'fail',
        );
    } finally {
      process.chdir(before);
    }
    expect(sprung()).toBe(false);
  });
});

describe.runIf(process.platform !== 'win32')('a checkout that git cannot read', () => {
  test.each([
    ['a broken index', (cwd: string) => writeFileSync(join(cwd, '.git/index'), 'broken')],
    ['a broken configuration', (cwd: string) => writeFileSync(join(cwd, '.git/config'), '[broken')],
    [
      'no repository behind it',
      (cwd: string) => writeFileSync(join(cwd, 'HEAD'), '') ?? rmSync(join(cwd, '.git/HEAD')),
    ],
  ])('is told, and not taken for clean: %s', async (_, breakIt) => {
    const cwd = await checkout({ held: STRONG });
    git(cwd, 'add', 'held');
    breakIt(cwd);
    const env = { KEYTURN_ENV: 'prod', [FILE]: 'held' };
    expect(await checkGit({ cwd, env })).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(/^not checked/),
    });
  });
});
