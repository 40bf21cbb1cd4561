// One session of a user is ended, by its id or by one that it had before, and nobody else's.
import { expect, test } from 'vitest';
import { endSessionOf } from '../../../src/sessions/stores/end-sessions.js';
import { memoryStore } from '../../../src/sessions/stores/memory.js';

const START = Date.UTC(2026, 0, 1);
const UNTIL = START + 100_000;

function setUp() {
  const store = memoryStore({ clock: () => START });
  const begin = (id: string, user: string) =>
    store.put(id, { text: '{}', createdAt: START, expiresAt: UNTIL, user }, 0);
  const end = async (user: string, id: string) => await endSessionOf(store, user, id, UNTIL);
  return { store, begin, end };
}

test('by its id', async () => {
  const { store, begin, end } = setUp();
  begin('one', 'ada');
  begin('two', 'ada');
  expect(await end('ada', 'one')).toBe(true);
  expect([store.get('one'), store.get('two')?.version]).toEqual([undefined, 1]);
  expect(await end('ada', 'one')).toBe(false);
});

test('by an id that it had before', async () => {
  const { store, begin, end } = setUp();
  begin('three', 'ada');
  store.destroy('one', UNTIL, 'two');
  store.destroy('two', UNTIL, 'three');
  expect(await end('ada', 'one')).toBe(true);
  expect(store.get('three')).toBeUndefined();
});

test("not somebody else's, nor one that nobody knows", async () => {
  const { store, begin, end } = setUp();
  begin('one', 'eve');
  expect(await end('ada', 'one')).toBe(false);
  expect(await end('ada', 'unknown')).toBe(false);
  expect(store.get('one')?.version).toBe(1);
});
