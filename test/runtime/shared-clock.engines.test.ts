// A process whose clock is a day off that of the engine is not ready: others would refuse what it signs.
import { describe, expect } from 'vitest';
import { STRONG } from '../support/machine.js';
import { type EngineName, firstRing, inPlace, startReplica } from '../support/shared-ring.js';

const ENGINES: readonly EngineName[] = ['redis', 'postgres'];
const HOUR = 3_600_000;

describe.each(ENGINES)('%s:', (engine) => {
  const test = inPlace(engine, firstRing(STRONG));

  test('a clock that is a day off, either way, is told at the start', async ({ place }) => {
    for (const [hours, ready] of [
      [23, true],
      [-23, true],
      [25, false],
      [-25, false],
      [10 * 365 * 24, false],
    ] as const) {
      const { keyturn, of } = await startReplica(place, { clock: () => Date.now() + hours * HOUR });
      expect(keyturn.health.ready, `${hours} h`).toBe(ready);
      expect(of('clock.off')).toHaveLength(ready ? 0 : 1);
      if (!ready) expect(keyturn.health.degraded).toContain('clock');
      await keyturn.close();
    }
  });

  test('one that goes wrong while the process runs is noticed, and that it is right again', async ({
    place,
  }) => {
    let off = 0;
    const { keyturn, of } = await startReplica(place, { clock: () => Date.now() + off });
    const manyLooks = async () => {
      for (let look = 0; look < 15; look++) await keyturn.reload();
    };
    expect(keyturn.health.ready).toBe(true);
    off = 48 * HOUR;
    await manyLooks();
    expect(keyturn.health.ready).toBe(false);
    off = 0;
    await manyLooks();
    expect(keyturn.health).toMatchObject({ ready: true, degraded: undefined });
    expect([of('clock.off').length, of('clock.right').length]).toEqual([1, 1]);
  });
});
