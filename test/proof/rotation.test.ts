// The shorter form of `npm run proof:rotation`: Locker under traffic through a whole rotation, and a rotation by
// hand, which must fail: otherwise the first would prove nothing.
import { describe, expect, test } from 'vitest';
import { runTimed } from './run.js';

const SHORT = ['--jars', '60', '--seconds', '12', '--slowest', '4'];

describe('a rotation under the traffic of signed-in clients, with servers killed and restarted,', () => {
  test('signs nobody out when it is done by the commands', async (context) => {
    const { code, output } = await runTimed(context, 'proof-rotation.js', ...SHORT);
    expect(output).toContain('\nnobody was refused');
    // Phase, requests, refused: something was asked in each, and nothing refused.
    for (const phase of ['before', 'staged', 'promoted', 'rolled back', 'promoted again', 'retired'])
      expect(output).toMatch(new RegExp(`\n${phase} +[1-9]\\d* +0 `));
    expect(output).not.toContain('✗');
    expect(code).toBe(0);
  }, 600_000);

  test('signs people out when the new key signs at once', async (context) => {
    const { code, output } = await runTimed(context, 'proof-rotation.js', ...SHORT, '--order', 'naive');
    expect(output).toMatch(/\nnew key signs at once +[1-9]\d* +[1-9]\d* /);
    expect(output).toMatch(/was refused: GET \/\S* with a token of [\w-]{8} gave (200|401)\n/);
    expect(code).toBe(1);
  }, 600_000);
});
