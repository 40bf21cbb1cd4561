// The stores of an app with a name: the contract of all stores, and what is theirs alone.
import { describe, expect, test } from 'vitest';
import { bothStores, usersOfApp } from '../../../src/sessions/stores/apps.js';
import { memoryStore } from '../../../src/sessions/stores/memory.js';
import { manualClock, sessionStoreContract } from '../../../src/testing/index.js';

const START = Date.UTC(2026, 0, 1);
const record = (user?: string) => ({
  text: '{}',
  createdAt: START,
  expiresAt: START + 60_000,
  ...(user === undefined ? {} : { user }),
});

describe.each([
  ['users of an app', (clock: () => number) => usersOfApp(memoryStore({ clock }), ['shop'])],
  ['both stores', (clock: () => number) => bothStores(memoryStore({ clock }), memoryStore({ clock }))],
  [
    'users of an app whose name changes',
    (clock: () => number) => usersOfApp(memoryStore({ clock }), [undefined, 'shop']),
  ],
] as const)('the contract of session stores, %s', (_, store) => {
  const make = () => {
    const clock = manualClock(START);
    return {
      store: store(clock.read),
      now: clock.read,
      pass: (milliseconds: number) => clock.advance(milliseconds / 1000),
      keepsNotes: true,
    };
  };
  for (const { name, run } of sessionStoreContract(make)) test(name, run);
});

describe('a session that began under one name', () => {
  const pair = () => {
    const clock = () => START;
    const [one, other] = [memoryStore({ clock }), memoryStore({ clock })];
    return { one, other, first: bothStores(one, other), second: bothStores(other, one) };
  };

  test('is read, changed, extended, listed and ended under the other, and stays where it is', async () => {
    const { one, other, first, second } = pair();
    expect(await first.put('s', record('ada'), 0)).toBe('saved');
    expect(await second.get('s')).toMatchObject({ version: 1 });
    expect(await second.put('s', { ...record('ada'), text: '[]' }, 1)).toBe('saved');
    expect(await second.put('s', record('ada'), 1)).toBe('conflict');
    expect(await second.touch('s', START + 90_000)).toBe(true);
    expect((await second.listUser('ada')).map(({ id }) => id)).toEqual(['s']);
    expect([await one.get('s'), await other.get('s')]).toMatchObject([{ text: '[]' }, undefined]);
    expect(await second.destroy('s', START + 60_000, 'next')).toBe(true);
    expect(await first.destroy('s', START + 60_000)).toBe(false);
    for (const store of [first, second]) {
      expect(await store.ended('s')).toMatchObject({ next: 'next' });
      expect(await store.put('s', record(), 1)).toBe('gone');
      expect(await store.put('s', record(), 0)).not.toBe('saved');
    }
  });

  test('is not begun anew under the other, whichever is first: what may be used once is used once', async () => {
    const { first, second } = pair();
    expect([await first.put('once', record(), 0), await second.put('once', record(), 0)]).toEqual([
      'saved',
      'conflict',
    ]);
    for (let n = 0; n < 20; n++) {
      const both = await Promise.all([first, second].map((store) => store.put(`once-${n}`, record(), 0)));
      expect(both.filter((outcome) => outcome === 'saved').length).toBeLessThan(2);
    }
  });
});

test('two apps in one table know a user by the same id, and end only their own sessions', async () => {
  const store = memoryStore({ clock: () => START });
  const [shop, blog] = [usersOfApp(store, ['shop']), usersOfApp(store, ['blog'])];
  await shop.put('s', record('ada'), 0);
  await blog.put('b', record('ada'), 0);
  await store.put('u', record('ada'), 0);
  expect(await shop.listUser('ada')).toMatchObject([{ id: 's' }]);
  expect(await blog.listUser('ada')).toMatchObject([{ id: 'b' }]);
  expect(await store.listUser('ada')).toMatchObject([{ id: 'u' }]);
  expect(await shop.get('s')).toMatchObject({ user: 'ada' });
  expect(await usersOfApp(store, ['shop', undefined]).listUser('ada')).toMatchObject([
    { id: 's' },
    { id: 'u' },
  ]);
  // One from before the name is read, and is the app's once it is saved again.
  expect(await shop.get('u')).toMatchObject({ user: 'ada' });
  await shop.put('u', record('ada'), 1);
  expect((await shop.listUser('ada')).map(({ id }) => id).sort()).toEqual(['s', 'u']);
});

test('while the name of an app changes its users are read by both names, and nobody gets one', async () => {
  const store = memoryStore({ clock: () => START });
  const changing = usersOfApp(store, [undefined, 'shop']);
  await usersOfApp(store, ['shop']).put('s', record('ada'), 0);
  expect(await changing.get('s')).toMatchObject({ user: 'ada' });
  await changing.put('u', record('ada'), 0);
  expect((await changing.listUser('ada')).map(({ id }) => id).sort()).toEqual(['s', 'u']);
  for (const [id, named] of [
    ['named', usersOfApp(store, ['shop'])],
    ['changing', changing],
  ] as const) {
    await named.put(id, record(), 0);
    expect(await store.get(id)).not.toHaveProperty('user');
    expect(await named.get(id)).not.toHaveProperty('user');
  }
  expect(await changing.get('unknown')).toBeUndefined();
});
