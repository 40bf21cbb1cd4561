// The shorter form of `npm run proof:rolling`: replicas of Locker that share their sessions and their keyring in a
// Redis of the proof's own, through a whole rotation under traffic and disturbances, and a rotation by hand, which
// must fail: otherwise the first would prove nothing.
import { describe, expect, test } from 'vitest';
import { runTimed } from './run.js';

const SHORT = ['--jars', '40', '--slowest', '4'];
const ROTATION = ['--seconds', '22', '--lifetime', '5'];
const BY_HAND = ['--order', 'naive', '--seconds', '8', '--lifetime', '3', '--replicas', '2'];

describe('a rotation over three replicas that share a keyring in Redis,', () => {
  test('killed, restarted, stopped and cut off meanwhile, signs nobody out and loses no write', async (context) => {
    const { code, output } = await runTimed(context, 'proof-rolling.js', ...SHORT, ...ROTATION);
    expect(output).toContain('\nnobody was refused, and nothing was lost');
    // Phase, seconds, answered, refused: something was asked in each, and nothing refused.
    for (const phase of ['before', 'staged', 'promoted', 'rolled back', 'promoted again', 'retired'])
      expect(output).toMatch(new RegExp(`\n${phase} +\\d+ +[1-9]\\d* +0 `));
    // There were writes, and disturbances.
    expect(output).toMatch(/, writes acknowledged [1-9]\d*, lost 0\n/);
    expect(output).toMatch(/\nall +\d+ +[1-9]\d* +0 +[1-9]\d* /);
    expect(output).not.toContain('✗');
    expect(code).toBe(0);
  }, 600_000);

  test('by the order of a rotation by hand, with nothing disturbed, signs people out', async (context) => {
    const { code, output } = await runTimed(context, 'proof-rolling.js', ...SHORT, ...BY_HAND);
    expect(output).toMatch(/\nall +\d+ +[1-9]\d* +[1-9]\d* /);
    expect(output).toMatch(/ refused visitor \d+: \S+ \S+ with a session of [\w-]{8} gave (200|401|403)\n/);
    expect(code).toBe(1);
  }, 600_000);
});
