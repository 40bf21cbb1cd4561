// Waiting for a promotion: what is said when the reports change between a refusal and the look at them.
import { expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import type { Rotation } from '../../src/rotation/rotation.js';
import type { Outcome } from '../../src/rotation/step.js';
import { isOver, type Waiting, whenSafe } from '../../src/rotation/wait.js';
import { median } from '../support/waiting.js';

const REPORT = { instance: 'web-1', at: 0, signs: 'K1', verifies: ['K1', 'K2'], uses: [], lease: 900 };

function rotationOf(...reports: readonly object[]): Rotation {
  const rotation = {
    countsBy: { lease: 900, inFile: false },
    again: async () => rotation,
    replicas: async () => reports,
    ring: async () => ({ keys: [{ id: 'K2', state: 'staged' }] }),
  };
  return rotation as unknown as Rotation;
}

/** Refused once by a replica that has reported since. */
async function waitOnce(...reports: readonly object[]): Promise<{ said: Waiting[]; paused: number }> {
  const said: Waiting[] = [];
  let tries = 0;
  const began = performance.now();
  await whenSafe(
    rotationOf(...reports),
    { patience: 60, progress: (waiting) => said.push(waiting) },
    { now: () => 0, monotonic: () => ({ clock: 'stands still', shows: 0 }) },
    async () => {
      if (++tries === 1) throw new KeyturnError('replica_behind', 'web-1 cannot verify', 'wait');
      return {} as Outcome;
    },
  );
  return { said, paused: performance.now() - began };
}

test('whoever was missing has reported since: nothing is in the way, and it is tried again at once', async () => {
  const tries = [];
  while (tries.length < 5) tries.push(await waitOnce(REPORT));
  const [{ said }] = tries as [(typeof tries)[0]];
  expect(said).toMatchObject([{ knowing: 1, replicas: [{}], missing: [], safeAt: undefined }]);
  expect(isOver(said[0] as Waiting)).toBe(true);
  expect(median(tries.map(({ paused }) => paused))).toBeLessThan(900);
});

test('what stands for replicas that the store has lost holds it up, and is none of them', async () => {
  const lost = { ...REPORT, instance: 'replicas-unheard-of', verifies: ['K1'], standIn: true };
  const { said } = await waitOnce(REPORT, lost);
  expect(said).toMatchObject([{ replicas: [{}], missing: [], unheardOfUntil: 900_000 }]);
  expect(isOver(said[0] as Waiting)).toBe(false);
});
