// keyturn revoke at a terminal: it shows what breaks and asks, naming the key. --yes and a pipe do not ask.
import { spawn } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { COMING, kidOf, OLDER, STRONG } from '../support/machine.js';
import { until } from '../support/waiting.js';
import { DEV, documentOf, overwrite, ringFolder, ringIn, statesOf, textOf } from './ring.js';
import { keyturn, MAIN, program, type Simulated, unwrapped } from './run.js';

const [K, OLD, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(COMING)];
const KEYS = [
  { secret: COMING, state: 'staged' },
  { secret: STRONG, state: 'active' },
  { secret: OLDER, state: 'retiring', daysAgo: 0 },
] as const;
const WHY = ['--reason', 'leaked'];

async function revoke(cwd: string, args: readonly string[], around: Simulated = {}) {
  const asked: string[] = [];
  const { answers } = around;
  const ran = await keyturn(['revoke', ...args], {
    cwd,
    env: { ...DEV, NO_COLOR: '1' },
    terminal: true,
    ...around,
    answers:
      answers &&
      ((question) => {
        asked.push(unwrapped(question));
        return answers(question);
      }),
  });
  return { ...ran, stderr: unwrapped(ran.stderr), asked };
}

describe('what is asked', () => {
  test.concurrent.each([
    [K, 'which signs now', `keyturn: ${NEW} will sign from then on\n`],
    [OLD, 'which signed before and verifies', 'session'],
    [NEW, 'which is staged', 'breaks nothing'],
  ])('names the key: %s, %s', async (kid, role, shown) => {
    const cwd = await ringFolder(...KEYS);
    const before = textOf(cwd);
    const no = await revoke(cwd, [kid, ...WHY], { answers: () => 'n' });
    expect(no).toMatchObject({ code: 1, stdout: '' });
    expect(no.asked).toEqual([`keyturn: revoke the key ${kid}, ${role}? It cannot be undone [y/N] `]);
    expect(no.stderr).toContain(shown);
    expect(no.stderr).toContain('error: nothing is revoked\n');
    expect(textOf(cwd)).toBe(before);
    const yes = await revoke(cwd, [kid, ...WHY], { answers: () => ' Y ' });
    expect(yes.code).toBe(0);
    expect(yes.stdout).toContain(`revoked ${kid}:`);
    expect(statesOf(ringIn(cwd))).toContain(`${kid} revoked`);
  });

  test.concurrent('the table of what breaks stands before the question', async () => {
    const cwd = await ringFolder(KEYS[1]);
    let seen = '';
    const ran = await revoke(cwd, [K, ...WHY], { answers: () => undefined });
    seen = ran.stderr;
    expect(seen).toMatch(/^keyturn: revoking \S+ breaks tokens of it for session, csrf/);
    expect(seen).toMatch(/^keyturn: +session +they are signed out$/m);
    expect(seen).toContain('keyturn: a fresh key will sign from then on\n');
    expect(ran.code).toBe(1);
  });

  test.concurrent.each(['', 'no', 'nay', 'yep', undefined])('%j is no yes', async (answer) => {
    const cwd = await ringFolder(...KEYS);
    const before = textOf(cwd);
    const ran = await revoke(cwd, [K, ...WHY, '--json'], { answers: () => answer });
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'declined' } });
    expect(textOf(cwd)).toBe(before);
  });
});

describe('somebody else changes the ring meanwhile', () => {
  const later = (text: string, generation = 2) =>
    text.replace('"generation":1', `"generation":${generation}`);
  /** The staged key was promoted. */
  const PROMOTED = later(
    documentOf(
      { secret: COMING, state: 'active' },
      { secret: STRONG, state: 'retiring', daysAgo: 0 },
      { secret: OLDER, state: 'retiring', daysAgo: 0 },
    ),
  );
  const question = (kid: string, role: string) =>
    `keyturn: revoke the key ${kid}, ${role}? It cannot be undone [y/N] `;

  test.concurrent('while the question stands: it is shown anew, and asked again', async () => {
    for (const second of ['n', 'y']) {
      const cwd = await ringFolder(...KEYS);
      let told = '';
      const said: string[] = [];
      const ran = await revoke(cwd, [NEW, ...WHY], {
        told: (text) => {
          told += text;
        },
        answers: () => {
          said.push(unwrapped(told));
          told = '';
          if (said.length > 1) return second;
          overwrite(cwd, PROMOTED);
          return 'y';
        },
      });
      expect(ran.asked).toEqual([question(NEW, 'which is staged'), question(NEW, 'which signs now')]);
      expect(said[0]).toContain(`revoking ${NEW} breaks nothing`);
      expect(said[1]).toContain('nothing is revoked yet: the keyring has changed since it was shown');
      expect(said[1]).toContain(`revoking ${NEW} breaks tokens of it for session, csrf`);
      expect(said[1]).toContain('keyturn: a fresh key will sign from then on\n');
      if (second === 'n') {
        expect(ran).toMatchObject({ code: 1, stdout: '' });
        expect(textOf(cwd)).toBe(PROMOTED);
      } else {
        expect(ran.code).toBe(0);
        expect(ran.stdout).toMatch(/^ *session +they are signed out$/m);
        expect(statesOf(ringIn(cwd))).toContain(`${NEW} revoked`);
      }
    }
  });

  test.concurrent('in another key than the one that is asked about', async () => {
    const cwd = await ringFolder(...KEYS);
    const ran = await revoke(cwd, [K, ...WHY], {
      answers: () => {
        overwrite(cwd, later(documentOf(KEYS[1], KEYS[2]), 3));
        return 'y';
      },
    });
    expect(ran.asked).toEqual([question(K, 'which signs now'), question(K, 'which signs now')]);
    expect(ran.stderr).toContain(`keyturn: ${NEW} will sign from then on\n`);
    expect(ran.stderr).toContain('keyturn: a fresh key will sign from then on\n');
    expect(ran.stdout).toContain('signs now');
    expect(ran.stdout).not.toContain(NEW);
  });

  test.concurrent('and has revoked it: there is nothing to ask', async () => {
    const cwd = await ringFolder(...KEYS);
    const other = await ringFolder(...KEYS);
    await revoke(other, [OLD, ...WHY, '--yes']);
    const ran = await revoke(cwd, [OLD, ...WHY], {
      answers: () => {
        overwrite(cwd, textOf(other));
        return 'y';
      },
    });
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is changed: ') });
    expect(ran.asked).toHaveLength(1);
    expect(textOf(cwd)).toBe(textOf(other));
  });

  test.concurrent('and nobody is asked: what is printed is of the ring that it was done to', async () => {
    for (const json of [[], ['--json']]) {
      const cwd = await ringFolder(...KEYS);
      const ran = await revoke(cwd, [NEW, ...WHY, '--yes', ...json], {
        told: (text) => {
          if (text.includes('breaks nothing')) overwrite(cwd, PROMOTED);
        },
      });
      expect(ran).toMatchObject({ code: 0, asked: [] });
      expect(ran.stderr).toContain('breaks nothing');
      if (json.length === 0) expect(ran.stdout).toMatch(/^ *session +they are signed out$/m);
      else
        expect(JSON.parse(ran.stdout).impact).toContainEqual(
          expect.objectContaining({ purpose: 'session', effect: 'refused' }),
        );
    }
  });
});

describe('nothing is asked', () => {
  const never = { answers: () => 'n' };

  test.concurrent.each([
    ['with --yes', [K, ...WHY, '--yes'], 0],
    ['of a dry run', [K, ...WHY, '--dry-run'], 0],
    ['of a key that is not there', ['abcdefgh', ...WHY], 1],
    ['without a reason', [K], 2],
  ])('%s', async (_, args, code) => {
    const ran = await revoke(await ringFolder(...KEYS), args as string[], never);
    expect(ran).toMatchObject({ code, asked: [] });
  });

  test.concurrent('of a document in a pipe', async () => {
    const ran = await revoke(await ringFolder(...KEYS), [K, ...WHY, '--ring', '-'], {
      ...never,
      input: documentOf(...KEYS),
    });
    expect(ran).toMatchObject({ code: 0, asked: [] });
  });

  test.concurrent('of one that is revoked already', async () => {
    const cwd = await ringFolder(...KEYS);
    await revoke(cwd, [OLD, ...WHY, '--yes']);
    expect(await revoke(cwd, [OLD, ...WHY], never)).toMatchObject({ code: 0, asked: [] });
  });

  test('where standard input is a pipe, in a process of its own', async () => {
    const cwd = await ringFolder(...KEYS);
    const ran = await program(['revoke', K, ...WHY], { cwd, env: DEV });
    expect(ran.code).toBe(0);
    expect(ran.stderr).not.toContain('?');
  });
});

describe.runIf(process.platform === 'linux')('a real terminal', () => {
  const running = new Set<ReturnType<typeof spawn>>();
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  /** What is shown, and the exit code, when somebody types something at the question. */
  async function typed(cwd: string, command: string, keys: string | undefined) {
    const shell = `"${process.execPath}" "${MAIN}" revoke ${command}; echo "code $?"`;
    const child = spawn('script', ['-qec', shell, '/dev/null'], {
      cwd,
      env: { PATH: process.env.PATH, TERM: 'dumb', SHELL: '/bin/sh', ...DEV },
    });
    running.add(child);
    let out = '';
    child.stdout.on('data', (part) => {
      out += part;
    });
    const closed = new Promise((done) => child.once('close', done));
    if (keys !== undefined) {
      await until(() => out.includes('[y/N] '));
      child.stdin.write(keys);
    }
    await until(() => out.includes('code '));
    child.stdin.end();
    await closed;
    running.delete(child);
    return out.replaceAll('\r', '');
  }

  test.concurrent.each([
    ['n', 'n\n', 1],
    ['Ctrl-D', '\u0004', 1],
    ['Ctrl-C', '\u0003', 1],
    ['y', 'y\n', 0],
  ])('%s', async (_, keys, code) => {
    const cwd = await ringFolder(...KEYS);
    const out = await typed(cwd, `${K} --reason leaked`, keys);
    expect(out).toContain(`revoke the key ${K}, which signs now? It cannot be undone [y/N] `);
    expect(out).toContain(`code ${code}\n`);
    expect(statesOf(ringIn(cwd)).includes(`${K} revoked`)).toBe(code === 0);
  });

  test.concurrent.each([
    ['--yes', `${K} --reason leaked --yes`],
    ['a pipe into it', `${K} --reason leaked </dev/null`],
    ['a pipe out of it', `${K} --reason leaked | cat`],
  ])('%s does not ask', async (_, command) => {
    const cwd = await ringFolder(...KEYS);
    const out = await typed(cwd, command, undefined);
    expect(out).not.toContain('[y/N]');
    expect(statesOf(ringIn(cwd))).toContain(`${K} revoked`);
  });
});
