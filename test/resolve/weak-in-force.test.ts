// Strength is judged at a start, never of a ring in force: a step must not be kept from a process by a key it holds.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeDocument } from '../../src/keyring/document.js';
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { Follower } from '../../src/resolve/follow.js';
import { resolve } from '../../src/resolve/resolve.js';
import {
  ACCEPT_WEAK,
  COMING,
  DAY,
  FILE,
  kidOf,
  machine,
  NOW,
  problemsOf,
  STRONG,
  tempDir,
} from '../support/machine.js';

const key = (secret: string, state: KeyState) => new Key(new Material(secret), state);
const ring = (generation: number, ...keys: Key[]) =>
  writeDocument(new Keyring(keys, { id: 'ring', generation }));

test('the next ring is taken when the excuse of a key that is in force has ended, a start is not', async () => {
  const cwd = tempDir();
  const path = join(cwd, 'ring.json');
  let now = NOW;
  const until = JSON.stringify([{ kid: kidOf('changeme'), until: new Date(NOW + DAY) }]);
  const options = {
    machine: {
      ...machine({ cwd, env: { KEYTURN_ENV: 'prod', [FILE]: 'ring.json', [ACCEPT_WEAK]: until } }),
      now: () => now,
    },
    create: false,
  };
  writeFileSync(path, ring(0, key(STRONG, 'active'), key('changeme', 'retiring')));
  const resolution = await resolve(options);
  expect(problemsOf(resolution, 'error')).toEqual([]);

  const found: Keyring[] = [];
  const failed: string[] = [];
  const follower = new Follower(options, resolution, {
    found: (keyring) => void found.push(keyring),
    failed: ({ code }) => void failed.push(code),
    passed: () => {},
  });
  now += 2 * DAY;
  writeFileSync(path, ring(1, key(STRONG, 'active'), key('changeme', 'retiring'), key(COMING, 'staged')));
  await follower.reload();
  expect(failed).toEqual([]);
  expect(found.at(-1)?.generation).toBe(1);

  // A weak key that was not there before is refused, as ever.
  writeFileSync(
    path,
    ring(2, key(STRONG, 'active'), key('changeme', 'retiring'), key('letmein', 'retiring')),
  );
  await follower.reload();
  expect(failed).toEqual(['secret_weak']);
  follower.close();

  writeFileSync(path, ring(1, key(STRONG, 'active'), key('changeme', 'retiring'), key(COMING, 'staged')));
  expect(problemsOf(await resolve(options), 'error')[0]).toContain('secret_weak');
});
