// The moments that everything else waits for, computed: each case stands for itself.
import { describe, expect, test } from 'vitest';
import { LAST_MOMENT } from '../../src/formats.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import {
  expiryOf,
  knownToAllAt,
  lastSignedAt,
  lastTokenExpiresAt,
  longestLifetime,
  madeAt,
  safeToPromoteAt,
  safeToRetireAt,
  withoutOff,
} from '../../src/keyring/waits.js';

const NOW = Date.UTC(2026, 5, 1);
const material = new Material('a secret of this test');
const key = (state: KeyState, facts: KeyFacts = {}) => new Key(material, state, facts);
const report = (lastSigned?: Readonly<Record<string, number>>) => ({
  instance: 'web-1',
  verifies: [material.kid],
  signs: material.kid,
  ...(lastSigned === undefined ? {} : { lastSigned }),
});
const facts = { now: NOW, maxLag: 10, skew: 3, lifetimes: { session: 60 }, replicas: [] };

describe('the longest that a token may live', () => {
  test('is what the key has on record, and what is so now where it has nothing', () => {
    expect(longestLifetime(key('active', { lifetimes: { a: 5, b: 7 } }), facts)).toBe(7);
    expect(longestLifetime(key('active'), facts)).toBe(60);
    expect(longestLifetime(key('active'), { lifetimes: {} })).toBe(0);
  });

  test('counts no purpose that is off everywhere, unless it is on here', () => {
    expect(withoutOff({ a: 5, b: 7 }, { lifetimes: {}, off: ['b'] })).toEqual({ a: 5 });
    expect(withoutOff({ a: 5, b: 7 }, { lifetimes: { b: 1 }, off: ['b'] })).toEqual({ a: 5, b: 7 });
    expect(withoutOff({ a: 5 }, { lifetimes: {} })).toEqual({ a: 5 });
  });
});

describe('the last token of a key', () => {
  test('was made a lag after the ring said so, and has expired a lifetime and two skews later', () => {
    const retiring = key('retiring', { dates: { retiring: NOW - 1000 } });
    expect(lastTokenExpiresAt(retiring, 60, facts)).toBe(NOW - 1000 + 10_000 + 66_000);
    expect(lastTokenExpiresAt(key('retiring'), 60, facts)).toBe(NOW + 10_000 + 66_000);
    expect(safeToRetireAt(retiring, facts)).toBe(NOW - 1000 + 10_000 + 66_000);
  });

  test('was made later where a replica says so', () => {
    const retiring = key('retiring', { dates: { retiring: NOW } });
    const late = { ...facts, replicas: [report({ [material.kid]: NOW + 50_000 }), report()] };
    expect(lastTokenExpiresAt(retiring, 60, late)).toBe(NOW + 50_000 + 66_000);
    const early = { ...facts, replicas: [report({ [material.kid]: NOW + 1 })] };
    expect(lastTokenExpiresAt(retiring, 60, early)).toBe(NOW + 10_000 + 66_000);
  });

  test('never expires later than there are dates', () => {
    expect(expiryOf(NOW, Number.MAX_SAFE_INTEGER, 0)).toBe(LAST_MOMENT);
    expect(expiryOf(NOW, 1, 1)).toBe(NOW + 3000);
  });

  test('is known of no key that nobody has signed with', () => {
    expect(lastSignedAt(key('active'), { replicas: [] })).toBeUndefined();
    expect(lastSignedAt(key('active'), { replicas: [report(), report({ other: NOW })] })).toBeUndefined();
    const told = [report({ [material.kid]: NOW }), report({ [material.kid]: NOW + 1 })];
    expect(lastSignedAt(key('active'), { replicas: told })).toBe(NOW + 1);
  });
});

test('whoever is ready knows of a ring after lease, lag and skew, or when what is heard says so', () => {
  expect(knownToAllAt({ now: NOW, maxLag: 10, skew: 3 })).toBe(NOW + 13_000);
  expect(knownToAllAt({ now: NOW, maxLag: 10, skew: 3, lease: 5 })).toBe(NOW + 18_000);
  expect(knownToAllAt({ now: NOW, maxLag: 10, skew: 3, heardAt: NOW + 99_000 })).toBe(NOW + 99_000);
});

describe('a staged key can be promoted', () => {
  const staged = (more: KeyFacts = {}) => key('staged', { dates: { staged: NOW - 4000 }, ...more });

  test('a lag and a skew after it was staged, where no clock is found again', () => {
    expect(safeToPromoteAt(staged(), facts)).toBe(NOW - 4000 + 13_000);
    expect(safeToPromoteAt(key('staged'), facts)).toBe(NOW + 13_000);
    const strange = { ...facts, clocks: { other: 1 } };
    expect(safeToPromoteAt(staged({ clocks: { boot: 5000 } }), strange)).toBe(NOW - 4000 + 13_000);
  });

  test('a lag after it was staged by a clock that is found again, and not by one that shows less', () => {
    const noted = staged({ clocks: { boot: 5000, redis: 8000 } });
    expect(safeToPromoteAt(noted, { ...facts, clocks: { boot: 7500 } })).toBe(NOW + 10_000 - 2500);
    expect(safeToPromoteAt(noted, { ...facts, clocks: { boot: 4999, redis: 8000 } })).toBe(NOW + 10_000);
    expect(safeToPromoteAt(noted, { ...facts, clocks: { boot: 5000 } })).toBe(NOW + 10_000);
  });

  test('not before what is heard says so; any other key at once', () => {
    expect(safeToPromoteAt(staged(), { ...facts, heardAt: NOW + 99_000 })).toBe(NOW + 99_000);
    expect(safeToPromoteAt(key('retiring'), { ...facts, heardAt: NOW + 99_000 })).toBe(NOW);
  });
});

test('a ring was made when its history begins with that, in no future', () => {
  const begun = (what: string, at = NOW) =>
    new Keyring([key('active')], { id: 'ring', history: [{ at, what, kid: material.kid }] });
  expect(madeAt(begun('init'), NOW)).toBe(NOW);
  expect(madeAt(begun('import'), NOW + 1)).toBe(NOW);
  expect(madeAt(begun('stage'), NOW)).toBeUndefined();
  expect(madeAt(begun('init', NOW + 1), NOW)).toBeUndefined();
  expect(madeAt(new Keyring([key('active')]), NOW)).toBeUndefined();
});
