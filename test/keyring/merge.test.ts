// Which lines, dates and marks the one ring has that is made of two copies, and which key signs with it.
import { describe, expect, test } from 'vitest';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { type HistoryEntry, Keyring } from '../../src/keyring/keyring.js';
import { merge } from '../../src/keyring/merge.js';
import { requireSuccessor } from '../../src/keyring/successor.js';
import { promote, stage } from '../../src/keyring/transitions.js';

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const material = (n: number) => new Material(`a secret of this test with the number ${n}`);
const K = [0, 1, 2, 3].map((n) => material(n).kid) as [string, string, string, string];
const FRESH = material(9);
const facts = { now: NOW + HOUR, lifetimes: { session: 60 }, fresh: FRESH, who: 'ann', why: 'two copies' };
const steps = (now: number) => ({
  now,
  maxLag: 1,
  skew: 1,
  lifetimes: { session: 60 },
  replicas: [],
  why: 'x',
});

const key = (n: number, state: KeyState, more: KeyFacts = {}) =>
  new Key(material(n), state, { dates: { [state]: NOW }, ...more });
const line = (what: string, n: number, at: number): HistoryEntry => ({ at, what, kid: K[n] as string });
const copy = (keys: readonly Key[], history: readonly HistoryEntry[] = [], generation = 2) =>
  new Keyring(keys, { id: 'ring', generation, history });
const states = (ring: Keyring) => Object.fromEntries(ring.keys.map(({ id, state }) => [id, state]));
/** What the merge has added to the history. */
const added = (ring: Keyring, before: number) => ring.history.slice(before);
const IMPORT = { at: NOW + HOUR, what: 'import', who: 'ann', why: 'two copies' };

describe('which key signs', () => {
  const first = copy([key(0, 'active')], [line('init', 0, NOW)], 1);
  const staged = stage(first, material(1), steps(NOW));
  const promoted = promote(staged, undefined, steps(NOW + HOUR));

  test('is the one that was promoted, whichever copy is looked at first', () => {
    for (const [one, two] of [
      [staged, promoted],
      [promoted, staged],
    ] as const) {
      const merged = merge(one, two, facts);
      expect(states(merged)).toEqual({ [K[0]]: 'retiring', [K[1]]: 'active' });
    }
  });

  test('is a fresh one where every other is gone on one of them, and it says since when', () => {
    const one = copy([key(1, 'active'), key(0, 'revoked'), key(2, 'revoked')]);
    const two = copy([key(2, 'active'), key(0, 'revoked'), key(1, 'revoked')]);
    const merged = merge(one, two, facts);
    expect(states(merged)).toEqual({
      [FRESH.kid]: 'active',
      [K[1]]: 'revoked',
      [K[0]]: 'revoked',
      [K[2]]: 'revoked',
    });
    expect(merged.active.dates).toEqual({ active: NOW + HOUR });
    expect(merged.active.material?.revealSecret()).toBe(FRESH.revealSecret());
  });

  test('is one that only one of them knows where there is no other', () => {
    const merged = merge(copy([key(1, 'active')]), copy([key(2, 'active')]), facts);
    expect(states(merged)).toEqual({ [K[1]]: 'active', [K[2]]: 'retiring' });
  });

  test('is no staged one while another is known to both', () => {
    const one = copy([key(0, 'active'), key(1, 'staged')]);
    const two = copy([key(2, 'active'), key(1, 'staged'), key(0, 'retiring')]);
    expect(states(merge(one, two, facts))).toEqual({
      [K[0]]: 'active',
      [K[1]]: 'staged',
      [K[2]]: 'retiring',
    });
  });
});

describe('the history', () => {
  test('has every line once, in the order of time, and one of the merge itself', () => {
    const one = copy([key(0, 'active')], [line('init', 0, NOW), line('stage', 1, NOW + 20)]);
    const two = copy(
      [key(0, 'active'), key(2, 'staged')],
      [line('init', 0, NOW), line('stage', 2, NOW + 10)],
    );
    expect(merge(one, two, facts).history).toEqual([
      line('init', 0, NOW),
      line('stage', 2, NOW + 10),
      line('stage', 1, NOW + 20),
      { ...IMPORT, kid: K[0] },
    ]);
  });

  test('says of every key that goes, and of no other, how it went', () => {
    const one = copy(
      [key(0, 'active'), key(1, 'retiring'), key(2, 'retiring')],
      [line('init', 0, NOW), line('revoke', 3, NOW + 1)],
    );
    // Taken away by hand, with no line that says so. The last one is live on neither.
    const two = copy([key(0, 'active'), key(1, 'retired'), key(2, 'revoked'), key(3, 'retired')]);
    const merged = merge(one, two, facts);
    expect(states(merged)).toEqual({
      [K[0]]: 'active',
      [K[1]]: 'retired',
      [K[2]]: 'revoked',
      [K[3]]: 'revoked',
    });
    expect(added(merged, 2)).toEqual([
      { ...IMPORT, what: 'retire', kid: K[1] },
      { ...IMPORT, what: 'revoke', kid: K[2] },
      { ...IMPORT, kid: K[0] },
    ]);
    for (const present of [one, two]) requireSuccessor(present, merged);
  });

  test('does not say again what a line says already, nor of a key that was gone before', () => {
    const one = copy([key(0, 'active'), key(1, 'retiring')], [line('init', 0, NOW)]);
    const two = copy(
      [key(0, 'active'), key(1, 'retired'), key(2, 'retired')],
      [line('init', 0, NOW), line('retire', 1, NOW + 1)],
    );
    expect(added(merge(one, two, facts), 2)).toEqual([{ ...IMPORT, kid: K[0] }]);
  });
});

describe('a key of both', () => {
  test('has the later of two dates and plans, and the longer of two lifetimes', () => {
    const mine = key(1, 'staged', {
      dates: { staged: NOW },
      scheduledFor: NOW + 3 * HOUR,
      lifetimes: { session: 10, csrf: 70 },
    });
    const other = key(1, 'staged', {
      dates: { staged: NOW + 5 },
      scheduledFor: NOW + 2 * HOUR,
      lifetimes: { session: 20 },
    });
    const merged = merge(
      copy([key(0, 'active'), mine]),
      copy([key(0, 'active'), other, key(2, 'staged')]),
      facts,
    );
    expect(merged.get(K[1])).toMatchObject({
      dates: { staged: NOW + 5 },
      scheduledFor: NOW + 3 * HOUR,
      lifetimes: { session: 20, csrf: 70 },
    });
    expect(merged.get(K[2])?.scheduledFor).toBeUndefined();
  });

  test('is kept with its secret, whichever of them has it', () => {
    const bare = new Key(K[1], 'staged');
    const merged = merge(copy([key(0, 'active'), bare]), copy([key(0, 'active'), key(1, 'retiring')]), facts);
    expect(merged.get(K[1])?.material?.revealSecret()).toBe(material(1).revealSecret());
  });

  test('may have tokens as long as they live now where it has signed, and only there', () => {
    const merged = merge(
      copy([key(0, 'active'), key(1, 'staged')]),
      copy([key(0, 'active'), key(2, 'retiring')]),
      facts,
    );
    expect(merged.keys.map(({ id, lifetimes }) => [id, lifetimes])).toEqual([
      [K[0], { session: 60 }],
      [K[1], {}],
      [K[2], { session: 60 }],
    ]);
  });

  test('has a date for the state that it comes to by the merge', () => {
    const one = copy([key(0, 'active')]);
    const two = copy([key(1, 'active'), key(0, 'retiring')], [], 5);
    const merged = merge(one, two, facts);
    expect(states(merged)).toEqual({ [K[0]]: 'active', [K[1]]: 'retiring' });
    expect(merged.get(K[1])?.dates).toEqual({ active: NOW, retiring: NOW + HOUR });
    expect(merged.generation).toBe(6);
  });
});

test('a ring that took the place of others goes on naming them', () => {
  const one = new Keyring([key(0, 'active')], { id: 'ring', generation: 2, replaces: ['a', 'b'] });
  const two = new Keyring([key(0, 'active'), key(1, 'staged')], {
    id: 'ring',
    generation: 2,
    replaces: ['b', 'c'],
  });
  expect(merge(one, two, facts).replaces).toEqual(['a', 'b', 'c']);
});

test('of a copy that was edited in place a new generation is made, although no key differs', () => {
  const before = copy([key(0, 'active'), key(1, 'staged')]);
  const byHand = new Keyring([key(0, 'active'), key(1, 'retiring')], {
    id: 'ring',
    generation: 2,
    marks: before.marks,
  });
  expect(merge(byHand, byHand, facts).generation).toBe(3);
  expect(merge(before, before, facts)).toBe(before);
});
