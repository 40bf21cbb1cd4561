// keyturn demo as a process, with a document: what it shows, and that nothing of it is left however it ends.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { columnsOf } from '../../src/cli/line.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/waiting.js';
import { RunningDemo } from './running.js';

const MAIN = resolve('dist/cli/main.js');
/** A step in the middle, in which a replica stands still. */
const LATE = 'one replica does not hear of it';

test.concurrent('by hand visitors are signed out, and by Keyturn none, and each step is what it is said to be', async () => {
  const demo = new RunningDemo(['--store', 'document', '--json']);
  expect(await demo.ended(), demo.stderr).toBe(0);
  const result = JSON.parse(demo.stdout);
  const { byHand, withKeyturn, taken } = result;
  expect(result).toMatchObject({ store: 'document', visitors: 60, passed: true });
  expect(withKeyturn).toMatchObject({ signedOut: 0, times: 0 });
  expect(withKeyturn.pages).toBeGreaterThan(60);
  expect(byHand.signedOut).toBeGreaterThan(0);
  expect(byHand.times).toBeGreaterThanOrEqual(byHand.signedOut);
  expect(taken).toEqual([
    { step: 'init', refused: null, because: null },
    { step: 'stage', refused: null, because: null },
    { step: 'promote', refused: 'replica_behind', because: 'replica-c' },
    { step: 'promote', refused: null, because: null },
    { step: 'rollback', refused: null, because: null },
    { step: 'promote', refused: null, because: null },
    { step: 'retire', refused: 'too_early', because: null },
    { step: 'retire', refused: null, because: null },
  ]);
  // Who pipes the numbers away still sees what goes on.
  for (const command of ['init', 'stage', 'promote', 'rotate --wait', 'rollback', 'retire'])
    expect(demo.stderr).toContain(`$ keyturn ${command}`);
  expect(demo.stderr).toMatch(/http:\/\/127\.0\.0\.1:\d+\/open\//);
  expect(demo.isGone).toBe(true);
});

test.concurrent.each([
  ['SIGINT', LATE],
  ['SIGTERM', 'Visitors sign in'],
  ['SIGHUP', 'replica-b'],
] as const)('%s ends it, and nothing is left', async (signal, step) => {
  const demo = new RunningDemo(['--store', 'document']);
  await demo.kill(signal, step);
  expect(await demo.ended(), demo.stderr).toBe(1);
  expect(demo.stderr).toContain('the demo was ended before it was through');
  // Whoever has ended it needs no error.
  expect(demo.stderr).not.toContain('error');
  expect(demo.isGone).toBe(true);
});

test.runIf(process.platform === 'linux').concurrent.each([
  [80, 24],
  [60, 20],
])('a terminal of %i x %i is given back as it was, and no picture is larger', async (columns, rows) => {
  const cwd = tempDir();
  const shell = `stty cols ${columns} rows ${rows}; "${process.execPath}" "${MAIN}" demo --fast --store document`;
  const env = { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', TMPDIR: cwd };
  const child = spawn('script', ['-qec', shell, '/dev/null'], { cwd, env });
  let out = '';
  child.stdout.on('data', (part) => {
    out += part;
  });
  const closed = new Promise((done) => child.once('close', done));
  await until(() => out.includes(LATE));
  child.stdin.write('\u0003');
  await closed;
  const [before = '', ...frames] = out.split('\u001b[H');
  expect(before).toMatch(/\u001b\[\?1049h\u001b\[\?25l$/);
  const [last = '', after = ''] = (frames.pop() ?? '').split('\u001b[?25h\u001b[?1049l');
  expect(after).toContain('the demo was ended before it was through');
  for (const frame of [...frames, last]) {
    const shown = frame.replaceAll(/\u001b\[[\d;]*[mKJ]|\r/g, '').split('\n');
    const high = shown.reduce((sum, row) => sum + Math.max(1, Math.ceil(columnsOf(row) / columns)), 0);
    expect(high).toBeLessThanOrEqual(rows);
    for (const row of shown)
      if (!row.startsWith('http:')) expect(columnsOf(row), row).toBeLessThanOrEqual(columns);
  }
});

test.concurrent.each([
  'Visitors sign in',
  LATE,
])('a second Ctrl-C ends it at once (%s), and nothing is left', async (step) => {
  const demo = new RunningDemo(['--store', 'document']);
  await demo.kill('SIGINT', step);
  await demo.again('SIGINT');
  // Where it was quicker it has ended by itself.
  expect([null, 1]).toContain(await demo.ended());
  expect(demo.stderr).not.toContain('Error:');
  await until(() => demo.isGone);
});

test.concurrent('where it is killed its replicas end, and take away what is left', async () => {
  const demo = new RunningDemo(['--store', 'document']);
  await demo.kill('SIGKILL', LATE);
  expect(await demo.ended()).toBeNull();
  await until(() => demo.isGone);
});

test.concurrent('a Redis that is asked for and cannot be used is told of before anything is started', async () => {
  const demo = new RunningDemo(['--store', 'redis'], {
    KEYTURN_SECURITY__KEYRING__REDIS__URL: 'redis://someone:swordfish@127.0.0.1:1',
  });
  expect(await demo.ended()).toBe(1);
  expect(demo.stderr).toContain('Redis cannot be used');
  expect(demo.stderr + demo.stdout).not.toContain('swordfish');
  expect(demo.isGone).toBe(true);
});
