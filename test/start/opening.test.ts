// Requests that come before an app is open.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Opening } from '../../src/start/opening.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('a request waits for 5 s, and gets 503 then', async () => {
  const opening = new Opening(new Promise(() => {}));
  const waiting = opening.forRequest();
  const refused = expect(waiting).rejects.toMatchObject({
    code: 'keyring_unavailable',
    statusCode: 503,
    headers: { 'retry-after': expect.any(String) },
  });
  await vi.advanceTimersByTimeAsync(5000);
  await refused;
});

test('what is open is there at once, and no timer is left', async () => {
  const opening = new Opening(Promise.resolve('open'));
  expect(await opening.forRequest()).toBe('open');
  expect([opening.opened, vi.getTimerCount()]).toEqual(['open', 0]);
});
