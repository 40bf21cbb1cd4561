// What status --watch tells off a terminal, from one look to the next.
import { expect, test } from 'vitest';
import { changes, factsOf } from '../../src/cli/status-watch.js';
import { LATE, NOW, world } from '../console/made.js';

const KEYS = [{ state: 'active', dates: { active: NOW - 1000 } }] as const;

test('replicas that follow a step are no problem yet, and a problem that ends is told as one that has ended', async () => {
  const fine = (await world({ keys: KEYS, replicas: [{}] })).view;
  const behind = (await world({ keys: KEYS, replicas: [LATE] })).view;
  const before = factsOf(fine, new Map(), false);
  const early = factsOf(behind, before, true);
  expect(changes(before, early)).toEqual([]);
  const late = factsOf(behind, early, false);
  const what =
    /replicas: web-1 still uses an older keyring \(.*fingerprint [\w-]+\); the newest is generation \d+/
      .source;
  expect(changes(early, late)).toEqual([
    expect.stringMatching(/^replica web-1: generation 11, .*, not on the keyring in force$/),
    expect.stringMatching(new RegExp(`^${what}; wait a second`)),
  ]);
  const after = factsOf(fine, late, false);
  expect(changes(late, after)).toEqual([
    expect.stringMatching(/^replica web-1: generation 12, .*, fine$/),
    expect.stringMatching(new RegExp(`^resolved: ${what}$`)),
  ]);
});
