// The contract of adapters without a test runner, in short: `npm run test:runtimes` runs the whole of it everywhere.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { COMMANDS, runtimeNamed } from '../../scripts/runtimes.js';
import { runContract, summary } from './runner.mjs';

const PROGRAM = fileURLToPath(new URL('./run.mjs', import.meta.url));

const installed = Object.entries(COMMANDS).flatMap(([name, command]) => {
  const runtime = runtimeNamed(name);
  return runtime === undefined ? [] : [[name, command(runtime)] as const];
});
const runtimes: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['this Node', [process.execPath]],
  ...installed,
];

test.each(
  runtimes,
)('on %s what is passed, and what is skipped for which reason, is printed', (_, command) => {
  const [program = '', ...before] = command;
  const run = spawnSync(program, [...before, PROGRAM, 'express5', '--only=clients:'], { encoding: 'utf8' });
  expect(run.stdout).toBe(
    'express5: 2 passed, 0 failed, 1 skipped (1: Express answers over HTTP/1.1 alone)\n',
  );
  expect(run.status).toBe(0);
});

test('what fails is shown, and nothing after it is left out', async () => {
  const of = (name: string, run: () => Promise<void>, skipped?: string) => ({
    name,
    needs: [],
    skipped,
    run,
  });
  const fails = () => Promise.reject(new Error('as it should not be'));
  const outcome = await runContract([
    of('one', fails),
    of('two', async () => {}),
    of('three', fails, 'no way'),
  ]);
  const [first, ...failures] = summary('mine', outcome).split('\n');
  expect(first).toBe('mine: 1 passed, 1 failed, 1 skipped (1: no way)');
  expect(failures.slice(0, 2).map((line) => line.trim())).toEqual(['✗ one', 'Error: as it should not be']);
});
