// Whether a session in a store has ended, and why, for whoever has it open for longer than a request.
import { expect, test } from 'vitest';
import { internalsOf } from '../../src/keyturn.js';
import { endInStore } from '../../src/sessions/end-in-store.js';
import type { StoreSessionParts } from '../../src/sessions/store-writes.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { longestSession, SessionTimes } from '../../src/sessions/times.js';
import { testClock, testKeyturn } from '../support/keyturn.js';

const DAY = 86_400;

async function setUp(epoch?: (data: Record<string, unknown>) => string) {
  const clock = testClock();
  const config = { session: { idle: '2d', max_age: '3d' } };
  const { settings } = internalsOf(await testKeyturn({ clock, config }));
  const store = memoryStore({ clock: clock.read });
  const hooks = epoch === undefined ? {} : { epoch };
  const parts = { store, times: new SessionTimes(settings, clock.read), hooks, clock: clock.read };
  const now = clock.read() / 1000;
  const watched = { id: 'one', expiresAt: now + DAY };
  const keep = (text: string, id = 'one', seconds = 10 * DAY) =>
    store.put(id, { text, createdAt: clock.read(), expiresAt: clock.read() + seconds * 1000 }, 0);
  const text = (more = '') => `{"id":"one","at":${now},${more}"data":{"user":"ada"}}`;
  const end = () => endInStore(parts as unknown as StoreSessionParts, watched);
  return { clock, store, watched, keep, text, end, now };
}

test('it lives, and its end is that of the store', async () => {
  const { keep, text, end, watched, now } = await setUp();
  keep(text(), 'one', 5 * DAY);
  expect(await end()).toBeUndefined();
  expect(watched).toEqual({ id: 'one', expiresAt: now + 5 * DAY });
});

test('one that has lived for as long as any may is over, although the store has it still', async () => {
  const { clock, keep, text, end } = await setUp();
  keep(text());
  clock.advance(3 * DAY - 1);
  expect(await end()).toBeUndefined();
  clock.advance(1);
  expect(await end()).toBe('expired');
});

test('one in a text that nobody can read is over', async () => {
  const { keep, end } = await setUp();
  keep('{"id":"one"}');
  expect(await end()).toBe('expired');
});

test('one that was saved under another epoch of its user was signed out', async () => {
  const { store, keep, text, end } = await setUp(({ user }) => (user === 'ada' ? '2' : ''));
  keep(text('"epoch":"2",'));
  expect(await end()).toBeUndefined();
  store.destroy('one', Date.UTC(2030, 0));
  expect(await end()).toBe('signed_out');
  const other = await setUp(() => '3');
  other.keep(other.text('"epoch":"2",'));
  expect(await other.end()).toBe('signed_out');
});

test('one that goes on under another id is followed there', async () => {
  const { store, keep, text, end, watched } = await setUp();
  keep(text());
  keep(text(), 'two');
  store.destroy('one', Date.UTC(2030, 0), 'two');
  expect(await end()).toBeUndefined();
  expect(watched.id).toBe('two');
  store.destroy('two', Date.UTC(2030, 0));
  expect(await end()).toBe('signed_out');
});

test('one that the store knows nothing of is over when its time is, and was signed out before', async () => {
  const { clock, end } = await setUp();
  clock.advance(DAY - 1);
  expect(await end()).toBe('signed_out');
  clock.advance(1);
  expect(await end()).toBe('expired');
});

test('one that was signed out stays so when its time is over', async () => {
  const { clock, store, end } = await setUp();
  store.destroy('one', Date.UTC(2030, 0));
  clock.advance(2 * DAY);
  expect(await end()).toBe('signed_out');
});

test('the longest that any session may live is that of a remembered one, where that is longer', async () => {
  const longest = async (session: object) =>
    longestSession(internalsOf(await testKeyturn({ config: { session } })).settings);
  expect(await longest({ max_age: '3d' })).toBe(3 * DAY);
  expect(await longest({ max_age: '3d', remember: '20d' })).toBe(20 * DAY);
});
