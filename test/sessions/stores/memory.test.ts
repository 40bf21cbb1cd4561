import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../../src/sessions/stores/memory.js';
import { manualClock, sessionStoreContract } from '../../../src/testing/index.js';

const START = Date.UTC(2026, 0, 1);

describe('the contract of session stores, in memory', () => {
  const make = () => {
    const clock = manualClock(START);
    const store = memoryStore({ clock: clock.read });
    return { store, now: clock.read, pass: (milliseconds: number) => clock.advance(milliseconds / 1000) };
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
