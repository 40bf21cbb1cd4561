import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../../src/sessions/stores/memory.js';
import { manualClock, sessionStoreContract } from '../../../src/testing/index.js';

const START = Date.UTC(2026, 0, 1);

describe('the contract of session stores, in memory', () => {
  const make = () => {
    const clock = manualClock(START);
    const store = memoryStore({ clock: clock.read });
    return {
      store,
      keepsNotes: true,
      now: clock.read,
      pass: (milliseconds: number) => clock.advance(milliseconds / 1000),
    };
  };
  for (const { name, run } of sessionStoreContract(make)) test(name, run);
});

describe('memory stays bounded', () => {
  const record = (expiresAt: number) => ({ text: '{}', createdAt: START, expiresAt });

  test('beyond the limit the least recently written sessions go first', () => {
    const store = memoryStore({ clock: () => START, limit: 3 });
    for (const id of ['a', 'b', 'c']) store.put(id, record(START + 1000), 0);
    store.put('a', record(START + 1000), 1);
    store.put('d', record(START + 1000), 0);
    expect(['a', 'b', 'c', 'd'].filter((id) => store.get(id) !== undefined)).toEqual(['a', 'c', 'd']);
  });

  test('beyond the limit the ids of sessions that ended first are forgotten', () => {
    const store = memoryStore({ clock: () => START, limit: 3 });
    for (const id of ['a', 'b', 'c']) store.destroy(id, START + 1000);
    store.destroy('a', START + 2000);
    store.destroy('d', START + 1000);
    expect(store.size).toEqual({ sessions: 0, tombstones: 3 });
    expect(['a', 'b', 'c', 'd'].filter((id) => store.put(id, record(START + 1000), 0) === 'gone')).toEqual([
      'a',
      'c',
      'd',
    ]);
  });

  test('a session that is used outlives one that is not', () => {
    const store = memoryStore({ clock: () => START, limit: 2 });
    for (const id of ['used', 'unused']) store.put(id, record(START + 1000), 0);
    store.touch('used', START + 2000);
    store.put('new', record(START + 1000), 0);
    expect(['used', 'unused', 'new'].filter((id) => store.get(id) !== undefined)).toEqual(['used', 'new']);
  });

  test('expired sessions and tombstones go as others are written', () => {
    const clock = manualClock(START);
    const store = memoryStore({ clock: clock.read });
    for (let n = 0; n < 1000; n++) {
      store.put(`s${n}`, { ...record(clock.now + 1000), user: `u${n}` }, 0);
      store.destroy(`t${n}`, clock.now + 1000);
    }
    clock.advance(2);
    for (let n = 0; n < 1000; n++) store.put(`later${n}`, record(clock.now + 1000), 0);
    expect(store.size).toEqual({ sessions: 1000, tombstones: 0 });
  });
});

test('expired sessions go, too, where some that live longer were written first', () => {
  const clock = manualClock(START);
  const store = memoryStore({ clock: clock.read });
  const put = (id: string, length: number) =>
    store.put(id, { text: '{}', createdAt: clock.now, expiresAt: clock.now + length }, 0);
  for (let n = 0; n < 10; n++) {
    put(`remembered${n}`, 1_000_000);
    store.destroy(`long${n}`, clock.now + 1_000_000);
  }
  for (let n = 0; n < 1000; n++) {
    clock.advance(1);
    put(`s${n}`, 1000);
    store.destroy(`t${n}`, clock.now + 1000);
  }
  expect(store.size.sessions).toBeLessThan(50);
  expect(store.size.tombstones).toBeLessThan(50);
});

describe('what remembers that a session has ended', () => {
  const record = { text: '{}', createdAt: START, expiresAt: START + 100_000 };

  test('does so until its moment, to the millisecond', () => {
    const clock = { now: START };
    const store = memoryStore({ clock: () => clock.now });
    store.put('id', record, 0);
    expect(store.destroy('id', START + 1000)).toBe(true);
    clock.now = START + 999;
    expect(store.ended('id')).toEqual({ at: START });
    expect([store.put('id', record, 0), store.put('id', record, 1)]).toEqual(['gone', 'gone']);
    clock.now = START + 1000;
    expect(store.ended('id')).toBeUndefined();
    expect(store.put('id', record, 0)).toBe('saved');
  });

  test('lasts longer when the session is ended again, never shorter, and keeps when that was and what followed', () => {
    const clock = { now: START };
    const store = memoryStore({ clock: () => clock.now });
    store.destroy('id', START + 1000, 'next');
    clock.now += 10;
    store.destroy('id', START + 500, 'another');
    clock.now = START + 999;
    expect(store.ended('id')).toEqual({ at: START, next: 'next' });
    store.destroy('id', START + 2000);
    clock.now = START + 1999;
    expect(store.ended('id')).toEqual({ at: START, next: 'next' });
    clock.now = START + 2000;
    expect(store.ended('id')).toBeUndefined();
    store.destroy('id', START + 3000);
    expect(store.ended('id')).toEqual({ at: START + 2000 });
  });
});

test('an ended session says what took its place where something did, and nothing where not', () => {
  const store = memoryStore({ clock: () => START });
  store.destroy('a', START + 1000);
  store.destroy('b', START + 1000, 'c');
  expect(store.ended('a')).toStrictEqual({ at: START });
  expect(store.ended('b')).toStrictEqual({ at: START, next: 'c' });
  expect(store.ended('c')).toBeUndefined();
});
