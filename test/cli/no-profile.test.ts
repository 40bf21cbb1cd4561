// A command that changes a ring, and no profile was said: the waits of production, and a line that says so.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMING, kidOf, SECRET, STRONG, startOn } from '../support/machine.js';
import { Replica } from './replica.js';
import { documentOf, newFolder, ringFolder, ringIn, statesOf } from './ring.js';
import { keyturn, MAIN, TWO_LINES, unwrapped } from './run.js';

const ACTIVE = { secret: STRONG, state: 'active' } as const;
const K = kidOf(STRONG);

const NOTE =
  /^keyturn: note: no profile was said: this goes by the (dev|prod) profile, and the waits of production \(max_lag 1 min, clock_skew 5 min\); --env dev, test or prod says another\n/;

async function atTerminal(cwd: string, ...args: readonly string[]) {
  const ran = await keyturn(args, { cwd, terminal: true, env: { NO_COLOR: '1' } });
  return { ...ran, stderr: unwrapped(ran.stderr) };
}

describe('at a terminal', () => {
  test.concurrent('a promotion waits for a minute, and the profile and the wait are told', async () => {
    const cwd = await ringFolder(ACTIVE);
    const staged = await atTerminal(cwd, 'stage');
    expect(staged.code).toBe(0);
    expect(staged.stderr).toMatch(NOTE);
    expect(staged.stdout).toMatch(/safe to promote at .* \(in (1 min|5[5-9] s)\)/);
    const early = await atTerminal(cwd, 'promote');
    expect(early.code).toBe(3);
    expect(early.stderr).toMatch(NOTE);
    expect(early.stderr.replace(NOTE, '')).toMatch(TWO_LINES);
    // Said, it is another wait, and no line: that of development is over as soon as a slow machine is back here.
    const said = await keyturn(['stage', '--env', 'dev'], { cwd: await ringFolder(ACTIVE), terminal: true });
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(said.stdout).toMatch(/safe to promote at .* \(in [12] s\)/);
  });

  test.concurrent.each([
    [['rotate', '--dry-run']],
    [['stage', '--dry-run']],
    [['rollback']],
    [['retire', '--dry-run']],
    [['revoke', K, '--reason', 'x', '--dry-run']],
  ])('%j says by what it goes', async (args) => {
    const ran = await atTerminal(await ringFolder(ACTIVE), ...args);
    expect(ran.stderr).toMatch(NOTE);
  });

  test.concurrent.each([[['status']], [['impact']]])('%j changes nothing, and says nothing', async (args) => {
    const ran = await atTerminal(await ringFolder(ACTIVE), ...args);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  });

  test.concurrent('what a file says of a wait holds', async () => {
    const cwd = await ringFolder(ACTIVE);
    writeFileSync(join(cwd, 'keyturn.prod.toml'), '[security.keyring]\nmax_lag = "7min"\n');
    const ran = await atTerminal(cwd, 'stage', '--dry-run');
    expect(ran.stderr).toContain('(max_lag 7 min, clock_skew 5 min)');
  });

  test.concurrent('it is the ring of production, where production has one here', async () => {
    const cwd = newFolder();
    const init = await keyturn(['init'], { cwd, terminal: true, env: { [SECRET]: STRONG } });
    expect(init.code).toBe(0);
    expect(unwrapped(init.stderr)).toContain('no profile was said: this goes by the prod profile; --env dev');
    const ran = await atTerminal(cwd, 'rotate');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(NOTE);
    expect(ran.stderr).toContain('goes by the prod profile');
    expect(statesOf(ringIn(cwd))[1]).toBe(`${K} active`);
  });

  test.concurrent('on a machine of development it is its own secret, with the waits of production', async () => {
    const cwd = newFolder();
    const { keyturn: app } = await startOn({ cwd, env: { KEYTURN_ENV: 'dev' } });
    const kid = app.keyring.keys[0]?.id;
    expect((await atTerminal(cwd, 'init')).stderr).toContain('this goes by the dev profile');
    expect(statesOf(ringIn(cwd))).toEqual([`${kid} active`]);
    expect((await atTerminal(cwd, 'stage')).stdout).toMatch(/\(in (1 min|5[5-9] s)\)/);
  });

  test.concurrent('a process by another profile is no reason to refuse: nothing was said that would differ', async () => {
    const cwd = await ringFolder(ACTIVE);
    await Replica.start(cwd);
    const status = await atTerminal(cwd, 'status');
    expect(status.stdout).not.toContain('differs');
    expect((await atTerminal(cwd, 'stage')).code).toBe(0);
    // By name it is.
    expect((await keyturn(['retire', '--env', 'prod'], { cwd })).stderr).toContain('runs by the dev profile');
  });

  test.runIf(process.platform === 'linux')('a real one', async () => {
    const cwd = await ringFolder(ACTIVE);
    const command = `"${process.execPath}" "${MAIN}" stage`;
    const out = execFileSync('script', ['-qec', command, '/dev/null'], {
      cwd,
      env: { PATH: process.env.PATH, TERM: 'dumb', SHELL: '/bin/sh' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(unwrapped(out.replaceAll('\r', ''))).toMatch(NOTE);
  });
});

describe('off a terminal', () => {
  test.concurrent('it is production anyway, and nothing needs to be said', async () => {
    const ran = await keyturn(['stage'], { cwd: await ringFolder(ACTIVE) });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/\(in (1 min|5[5-9] s)\)/);
  });

  test.concurrent('in a package script of development the waits are those of production too', async () => {
    const env = { npm_lifecycle_event: 'dev' };
    const ran = await keyturn(['stage'], { cwd: await ringFolder(ACTIVE), env });
    expect(ran.stderr).toMatch(NOTE);
    expect(ran.stdout).toMatch(/\(in (1 min|5[5-9] s)\)/);
  });

  test.concurrent('a document in a pipe goes by production, whatever is configured here', async () => {
    const input = documentOf({ secret: COMING, state: 'staged', daysAgo: 0 }, ACTIVE);
    const env = { npm_lifecycle_event: 'dev' };
    const ran = await keyturn(['promote', '--ring', '-'], { cwd: newFolder(), env, input });
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toMatch(
      /goes by the prod profile, .*\n.*\n.*it is safe at .* \((in 6 min|in 5 min 5\d s)\)/,
    );
  });
});
