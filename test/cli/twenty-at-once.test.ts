// Twenty commands started at once on one file: each takes effect or is refused with a clear message, and no
// transition is lost.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMING, kidOf, OLDER, STRONG } from '../support/machine.js';
import { RING, ringFolder, ringIn, run } from './ring.js';
import { TWO_LINES } from './run.js';

const ROUNDS = 4;
const OLD = kidOf(OLDER);

/** Each of them can take effect, depending on who comes first. */
const COMMANDS: readonly (readonly string[])[] = [
  ...Array.from({ length: 4 }, () => ['stage']),
  ...Array.from({ length: 4 }, () => ['promote']),
  ...Array.from({ length: 4 }, () => ['rollback']),
  ...Array.from({ length: 3 }, () => ['retire']),
  ['retire', OLD],
  ['promote', OLD],
  ['revoke', OLD, '--reason', 'one of twenty'],
  ['rotate'],
  ['stage', '--activate-in', '1h'],
];

test.each(Array.from({ length: ROUNDS }, (_, round) => round))('round %d', async (round) => {
  const cwd = await ringFolder(
    { secret: COMING, state: 'staged' },
    { secret: STRONG, state: 'active' },
    { secret: OLDER, state: 'retiring' },
  );
  // Another order each time: who is started first is often the first.
  const order = COMMANDS.map((_, index) => COMMANDS[(index * 7 + round * 3) % COMMANDS.length] as string[]);
  expect(order).toHaveLength(20);
  const runs = await Promise.all(
    order.map(async (args, index) => ({
      what: args[0] === 'rotate' ? 'stage' : args[0],
      mark: `command ${index}`,
      ran: await run(cwd, ...args, ...(args.includes('--reason') ? [] : ['--reason', `command ${index}`])),
    })),
  );
  // What another has done already is fine, and no step.
  const succeeded = runs.filter(
    ({ ran }) => ran.code === 0 && !ran.stdout.startsWith('nothing is changed: '),
  );
  for (const { ran } of runs.filter((other) => other.ran.code !== 0)) {
    expect(ran.stdout).toBe('');
    expect([1, 3]).toContain(ran.code);
    // revoke may have said what it is about to break when another was faster.
    expect(ran.stderr.replace(/^keyturn: revoking .*\n/, '')).toMatch(TWO_LINES);
    expect(ran.stderr).not.toContain('something broke');
  }
  expect(succeeded.length).toBeGreaterThan(1);

  const { generation, history, keys } = ringIn(cwd);
  expect(generation).toBe(1 + succeeded.length);
  expect(history).toHaveLength(succeeded.length);
  const lines = history.map(({ what, why }) => `${what}: ${why}`).sort();
  expect(lines).toEqual(
    succeeded.map(({ what, mark }) => `${what}: ${what === 'revoke' ? 'one of twenty' : mark}`).sort(),
  );
  expect(keys.filter(({ state }) => state === 'active')).toHaveLength(1);
  const left = readdirSync(join(cwd, '.keyturn'));
  expect(left).toEqual(['keyring.json']);
  if (process.platform !== 'win32') expect(statSync(join(cwd, RING)).mode & 0o777).toBe(0o600);
});
