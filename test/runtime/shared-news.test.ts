// News of a shared keyring: looked into at once, however much of it there is at most so often, and the last never missed.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveKeyring } from '../../src/keyring/live.js';
import type { SharedRingStore } from '../../src/keyring-stores/shared.js';
import { SharedFollower } from '../../src/runtime/shared-follower.js';
import { memoryLogger, ringOf, SECRET } from '../support/keyturn.js';

const TOLD_EVERY = 250;
const RING = ringOf([SECRET, 'active']);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A follower that looks by itself every five seconds, over a store that counts the looks. */
async function following() {
  let tell = (): void => {};
  const seen = { looks: 0, version: 'v1', read: '' };
  const store = {
    roots: RING,
    version: async () => {
      seen.looks += 1;
      return seen.version;
    },
    find: async () => {
      seen.read = seen.version;
      return { ring: RING, roots: RING.live.map(({ id }) => id), version: seen.version };
    },
    clocks: async () => ({}),
    watch: async (told: () => void) => {
      tell = told;
      return async () => {};
    },
  } as unknown as SharedRingStore;
  const follower = new SharedFollower({
    store,
    ring: new LiveKeyring(RING, Date.now),
    listener: { found: () => {}, failed: () => {}, passed: () => {} },
    report: () => ({}) as never,
    hear: () => () => {},
    compareClock: () => {},
    mayCreate: false,
    now: Date.now,
    lifetimes: {},
    maxLag: 60,
    logger: memoryLogger(),
  });
  await follower.start();
  const reset = () => {
    seen.looks = 0;
  };
  reset();
  return { seen, reset, follower, tell: () => tell() };
}

test('the first is looked into at once, and all that comes soon after it together', async () => {
  const { seen, reset, follower, tell } = await following();
  for (let n = 0; n < 1000; n++) tell();
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.looks).toBe(1);
  for (let n = 0; n < 1000; n++) tell();
  await vi.advanceTimersByTimeAsync(TOLD_EVERY - 1);
  expect(seen.looks).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen.looks).toBe(2);
  // Nothing is left over.
  reset();
  await vi.advanceTimersByTimeAsync(4 * TOLD_EVERY);
  expect(seen.looks).toBe(0);
  await follower.close();
});

test('without end it is looked into four times a second, and the last of it is not missed', async () => {
  const { seen, follower, tell } = await following();
  for (let ms = 0; ms < 4000; ms++) {
    tell();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(seen.looks).toBeGreaterThanOrEqual(16);
  expect(seen.looks).toBeLessThanOrEqual(17);
  seen.version = 'v2';
  tell();
  await vi.advanceTimersByTimeAsync(TOLD_EVERY);
  expect(seen.read).toBe('v2');
  await follower.close();
});

test('that comes after the end is not looked into', async () => {
  const { seen, follower, tell } = await following();
  tell();
  await follower.close();
  tell();
  await vi.advanceTimersByTimeAsync(10 * TOLD_EVERY);
  expect(seen.looks).toBe(0);
});
