// What commands print on a terminal fits it: no line is wider, nothing scrolls away, and no command that people copy is
// broken. In a pipe a line is a line.
import { spawn } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { SUMMARIES } from '../../src/cli/commands.js';
import { columnsOf } from '../../src/cli/line.js';
import { STRONG } from '../support/machine.js';
import { until } from '../support/waiting.js';
import { DEV, ringFolder } from './ring.js';
import { keyturn, MAIN, type Ran } from './run.js';
import { K, SCENES, type Scene } from './scenes.js';

const UTF8 = { LANG: 'C.UTF-8' };

async function onTerminal(
  args: readonly string[],
  { cwd, env }: Scene,
  size: { readonly columns: number; readonly rows: number } = { columns: 80, rows: 24 },
): Promise<Ran> {
  const ran = await keyturn(args, { cwd, env: { ...UTF8, ...env }, terminal: size });
  const bare = (text: string) => text.replaceAll(/\u001b\[\d+m/g, '');
  return { ...ran, stdout: bare(ran.stdout), stderr: bare(ran.stderr) };
}

const rowsIn = (text: string) => text.split('\n').slice(0, -1);

/** A word, a command to copy, or a line of code may be wider than any terminal. */
function isToCopy(row: string): boolean {
  const isCommand = /^(next: |keyturn: hint: | *)keyturn [a-z]/.test(row);
  const isOfShell = /^ {2}(KEYTURN_|export |\(umask)/.test(row);
  return !/\S \S/.test(row) || isCommand || isOfShell || row.startsWith('    + ');
}

function expectToFit({ stdout, stderr }: Ran, width: number): void {
  for (const row of [...rowsIn(stdout), ...rowsIn(stderr)]) {
    if (!isToCopy(row)) expect(columnsOf(row), row).toBeLessThanOrEqual(width);
    expect(row).not.toMatch(/ $/);
  }
}

const COMMANDS: ReadonlyArray<readonly string[]> = [
  ['status'],
  ['status', '--all'],
  ['impact'],
  ['impact', 'revoke', K],
  ['doctor'],
  ['history'],
  ['rotate', '--dry-run'],
  ['promote', '--dry-run'],
  ['retire'],
  ['rollback', '--dry-run'],
  ['revoke', K, '--reason', 'x', '--dry-run'],
  ['inspect', 'Fe26.2*1*abc'],
  ['adopt'],
  ['init'],
];

/** Between two runs time goes on: "in 28 d" may be "in 27 d" then. */
const timeless = (text: string) => text.replaceAll(/\((in )?\d+ [^()]*?( ago)?\)/g, '(…)');

describe.each(Object.keys(SCENES) as Array<keyof typeof SCENES>)('%s', (name) => {
  test('no line is wider than the terminal', async () => {
    const scene = await SCENES[name]();
    for (const columns of [80, 40, 132])
      for (const args of COMMANDS) expectToFit(await onTerminal(args, scene, { columns, rows: 24 }), columns);
  });

  test('status leaves room for a prompt, with the sentence and what comes next', async () => {
    const scene = await SCENES[name]();
    for (const [columns, rows] of [
      [80, 24],
      [60, 16],
      [132, 50],
    ] as const) {
      const ran = await onTerminal(['status'], scene, { columns, rows });
      const shown = rowsIn(ran.stdout);
      if (name === 'nothing') return expect(ran.code).toBe(1);
      const high = shown.reduce((sum, row) => sum + Math.max(1, Math.ceil(columnsOf(row) / columns)), 0);
      expect(high).toBeLessThan(rows);
      expect(shown[0]).toMatch(/^(! )?Key \S{8} signs\./);
      expect(shown.some((row) => row.startsWith('next: '))).toBe(true);
    }
  });

  test('a pipe has no colour, moves no cursor, and breaks no line', async () => {
    const { cwd, env } = await SCENES[name]();
    for (const args of [['status'], ['doctor'], ['impact'], ['retire']]) {
      const piped = await keyturn(args, { cwd, env: { ...UTF8, ...env } });
      const wide = await onTerminal(args, { cwd, env }, { columns: 100_000, rows: 24 });
      expect(piped.stdout).not.toContain('\u001b');
      // What differs on a terminal are the picture and the list; what is talk, and what the doctor finds, is the same.
      expect(timeless(wide.stderr)).toBe(timeless(piped.stderr));
      if (args[0] === 'doctor') expect(timeless(wide.stdout)).toBe(timeless(piped.stdout));
    }
  });
});

describe('the help of every command', () => {
  test.each(['', ...Object.keys(SUMMARIES)])('%s', async (command) => {
    const scene = await SCENES.nothing();
    for (const columns of [40, 80, 200]) {
      const ran = await onTerminal(['help', ...(command === '' ? [] : [command])], scene, {
        columns,
        rows: 24,
      });
      expectToFit(ran, Math.min(columns, 100));
    }
    const words = (text: string) => text.split(/\s+/).join(' ');
    const [wide, piped] = [
      await onTerminal(['help', command].filter(Boolean), scene),
      await keyturn(['help', command].filter(Boolean)),
    ];
    expect(words(wide.stdout)).toBe(words(piped.stdout));
  });
});

describe('what is copied is not broken', () => {
  test('the next command stands in one row, however long it is', async () => {
    const { cwd, env } = await SCENES['an array']();
    const { stdout } = await onTerminal(
      ['status', '--cwd', cwd, '--env', 'dev'],
      { cwd, env },
      { columns: 40, rows: 24 },
    );
    expect(stdout).toMatch(/^next: keyturn import --cwd \S+ --env dev \S+keys\.json$/m);
  });

  test('nor is a command in the middle of a text', async () => {
    const scene = await SCENES['a variable']();
    for (let columns = 40; columns < 100; columns++) {
      const { stderr } = await onTerminal(['retire'], scene, { columns, rows: 24 });
      expect(stderr).toMatch(/keyturn rotate[ \n]/);
      expect(stderr).toMatch(/keyturn init\n/);
    }
  });
});

describe('what a terminal cannot show', () => {
  test.each([
    { LANG: 'C' },
    { LC_ALL: 'POSIX', LANG: 'de_DE.UTF-8' },
    { TERM: 'dumb' },
    { NO_COLOR: '1' },
  ])('%j: ASCII alone', async (variables) => {
    const { cwd, env } = await SCENES['a rotation, all know the key']();
    for (const args of [['status'], ['doctor']]) {
      const { stdout } = await onTerminal(args, { cwd, env: { ...env, ...variables } });
      expect(stdout).toMatch(/^[\n -~]+$/);
    }
  });

  test('a colour says nothing that words do not', async () => {
    const scene = await SCENES['a rotation, one late and one silent']();
    const coloured = await onTerminal(['status'], scene);
    const plain = await onTerminal(['status'], { ...scene, env: { ...scene.env, NO_COLOR: '1' } });
    const same = (text: string) =>
      text
        .replaceAll(/[█#]/g, '#')
        .replaceAll(/[░-]/g, '-')
        .replaceAll(/\d+ s\b/g, 'n s');
    expect(same(plain.stdout)).toBe(same(coloured.stdout));
  });
});

test('what is folded is said, and --all shows it', async () => {
  const scene = await SCENES['30 keys']();
  expect((await onTerminal(['status'], scene)).stdout).toMatch(/^\d+ more keys: keyturn status --all$/m);
  const all = await onTerminal(['status', '--all'], scene);
  expect(all.stdout).not.toContain('--all');
  expect(all.stdout.match(/ retiring /g)).toHaveLength(28);
});

test('of a thousand replicas those are named that are not fine', async () => {
  const { stdout } = await onTerminal(['status'], await SCENES['1,000 replicas']());
  expect(stdout).toMatch(/^REPLICAS +997 of 1,000 are fine$/m);
  expect(stdout).toMatch(/^! web-\d+-4711-a1b2c3 +not on the keyring in force/m);
  expect(stdout).toMatch(/^ {2}99\d more, .*: keyturn status --all$/m);
});

test('what verified is shown as bars, with numbers', async () => {
  const { stdout } = await onTerminal(['status'], await SCENES['a rotation, all know the key']());
  expect(stdout).toMatch(/^VERIFIED +in the last 15 min$/m);
  expect(stdout).toMatch(new RegExp(`^${K} +█+░+ +3,612 +97 % +last now$`, 'm'));
});

describe.runIf(process.platform === 'linux')('a real terminal', () => {
  const running = new Set<ReturnType<typeof spawn>>();
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  /** Runs the program in a terminal of a size. @returns what it has written so far, and how it is ended */
  function started(cwd: string, command: string, columns: number, rows: number) {
    const shell = `stty cols ${columns} rows ${rows}; "${process.execPath}" "${MAIN}" ${command}`;
    const child = spawn('script', ['-qec', shell, '/dev/null'], {
      cwd,
      env: { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', ...UTF8, ...DEV },
    });
    running.add(child);
    const seen = { out: '' };
    child.stdout.on('data', (part) => {
      seen.out += part;
    });
    const closed = new Promise((done) => child.once('close', done));
    return { child, seen, closed };
  }

  test.each([
    [80, 24],
    [50, 10],
  ])('status --watch in %i x %i draws in place and never scrolls', async (columns, rows) => {
    const { cwd } = await SCENES['a rotation, one late and one silent']();
    const { child, seen, closed } = started(cwd, 'status --watch', columns, rows);
    await until(() => seen.out.split('\u001b[H').length > 3);
    child.stdin.write('\u0003');
    await closed;
    running.delete(child);
    const [before = '', ...frames] = seen.out.split('\u001b[H');
    // What stood there before is not written over, and is there again at the end, with the cursor.
    expect(before).toMatch(/\u001b\[\?1049h\u001b\[\?25l$/);
    expect(seen.out).toMatch(/\u001b\[\?25h\u001b\[\?1049l\s*$/);
    for (const frame of frames.slice(0, -1)) {
      const shown = frame.replaceAll('\u001b[J', '').split('\n');
      expect(shown.length).toBeLessThanOrEqual(rows);
      for (const row of shown)
        expect(columnsOf(row.replaceAll(/\u001b\[[\d;]*[mK]|\r/g, ''))).toBeLessThanOrEqual(columns);
      expect(frame).toContain('Key ');
      expect(frame).toContain('next: ');
    }
  });

  test('rotate --wait draws who knows the key, and leaves what was done', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active', daysAgo: 80 });
    const { child, seen, closed } = started(cwd, 'rotate --wait', 80, 24);
    await closed;
    running.delete(child);
    expect(seen.out).toContain('waiting: no replica reports that it knows key ');
    expect(seen.out).toMatch(/\u001b\[\d+A/);
    const end = seen.out.slice(seen.out.lastIndexOf('\u001b[J') + 3).replaceAll(/\r|\u001b\[\d+m/g, '');
    expect(end).toMatch(/^promoted \S{8}: it signs now; /);
    expect(end).toMatch(/^next: wait, then keyturn retire/m);
  });
});
