// What is told of a ring that may not take over, and how two rings stand to each other.
import { describe, expect, test } from 'vitest';
import type { KeyturnError } from '../../src/errors.js';
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { type HistoryEntry, Keyring, type KeyringFacts } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import {
  hasPassed,
  isRash,
  isSame,
  requireSuccessor,
  revokedElsewhere,
} from '../../src/keyring/successor.js';
import { promote, stage } from '../../src/keyring/transitions.js';

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const material = (n: number) => new Material(`a secret of this test with the number ${n}`);
const key = (n: number, state: KeyState) => new Key(material(n), state, { dates: { [state]: NOW } });
const kid = (n: number) => material(n).kid;
const ring = (keys: readonly Key[], facts: KeyringFacts = {}) =>
  new Keyring(keys, { id: 'ring', generation: 1, ...facts });
const steps = (now: number) => ({
  now,
  maxLag: 1,
  skew: 1,
  lifetimes: { session: 60 },
  replicas: [],
  why: 'x',
});

const g1 = ring([key(0, 'active')]);
const g2 = stage(g1, material(1), steps(NOW));
const g3 = promote(g2, undefined, steps(NOW + HOUR));

function refusal(present: Keyring, found: Keyring): KeyturnError {
  try {
    requireSuccessor(present, found);
  } catch (error) {
    return error as KeyturnError;
  }
  return expect.fail('it was taken');
}

describe('a ring that may not take over: what is said, and what to do', () => {
  test.each<[string, Keyring, Keyring, string, string]>([
    [
      'none where one was',
      g1,
      new Keyring([key(0, 'active')]),
      'the source holds no keyring document any more, and one is in force',
      'put the document back',
    ],
    [
      'another one',
      g1,
      ring([key(0, 'active')], { id: 'other' }),
      'the keyring found is other, and ring is in force',
      'put the keyring in force back',
    ],
    [
      'another one that was meant',
      g1,
      ring([key(0, 'active')], { id: 'other', replaces: ['ring'] }),
      'the keyring other was made to take the place of ring, which is in force',
      'restart the process',
    ],
    [
      'an older one',
      g3,
      g2,
      'the keyring found has generation 2, and 3 is in force',
      'put the newest document back',
    ],
    [
      'one that differs',
      g2,
      stage(g1, material(2), steps(NOW)),
      'the keyring found differs from the one in force, and both are generation 2',
      'keyturn import',
    ],
    [
      'one that has gone another way',
      g2,
      promote(stage(g1, material(2), steps(NOW)), undefined, steps(NOW + HOUR)),
      'the keyring found is a generation 3 that has not come from generation 2, which is in force',
      'keyturn import',
    ],
    [
      'one that lacks a key of a list',
      new Keyring([key(0, 'active'), key(1, 'retiring')]),
      ring([key(0, 'active')]),
      `the keyring found does not verify with the key ${kid(1)}, which is retiring in the one in force`,
      'keyturn import, of the secrets in force',
    ],
    [
      'one that lacks a key that no step took away',
      g3,
      ring([key(1, 'active')], { generation: 4, marks: g3.marks, history: g3.history }),
      `the keyring found does not verify with the key ${kid(0)}, which is retiring in the one in force, and no line of its history takes that key away`,
      'put the key back, or take it away with keyturn retire or keyturn revoke',
    ],
  ])('%s', (_, present, found, message, hint) => {
    const error = refusal(present, found);
    expect(error.message).toBe(message);
    expect(error.hint).toContain(hint);
  });
});

describe('a key may be gone where', () => {
  const seen: HistoryEntry = { at: NOW, what: 'promote', kid: kid(1) };
  const present = ring([key(1, 'active'), key(0, 'retiring')], { generation: 3, history: [seen] });
  const without = (...lines: readonly HistoryEntry[]) =>
    ring([key(1, 'active')], { generation: 9, marks: present.marks, history: [seen, ...lines] });
  const folded = (at: number): HistoryEntry => ({ at, what: 'folded', lines: 3, since: NOW });

  test('a line says that it was retired or revoked, or stands for later ones that may say so', () => {
    for (const what of ['retire', 'revoke'])
      requireSuccessor(present, without({ at: NOW + 1, what, kid: kid(0) }));
    requireSuccessor(present, without(folded(NOW + 1)));
  });

  test('not where the lines that are folded were seen, or are about another key or step', () => {
    for (const line of [
      folded(NOW),
      { at: NOW + 1, what: 'retire', kid: kid(2) },
      { at: NOW + 1, what: 'stage', kid: kid(0) },
    ])
      expect(refusal(present, without(line)).code).toBe('keyring_forked');
  });

  test('a ring without a history has seen no line', () => {
    const bare = ring([key(1, 'active'), key(0, 'retiring')], { generation: 3 });
    const found = ring([key(1, 'active')], { generation: 9, marks: bare.marks, history: [folded(1)] });
    requireSuccessor(bare, found);
  });
});

test('the same is what has the same keys in the same states, in the same generation', () => {
  expect(isSame(g2, ring(g2.keys, { generation: 2 }))).toBe(true);
  expect(isSame(g2, ring(g2.keys, { generation: 3 }))).toBe(false);
  expect(isSame(g2, ring(g2.keys, { generation: 2, id: 'other' }))).toBe(false);
  const later = [key(0, 'active'), new Key(material(1), 'staged', { scheduledFor: NOW + HOUR })];
  expect(isSame(ring(later), ring([key(0, 'active'), key(1, 'staged')]))).toBe(false);
  const list = (...keys: readonly Key[]) => new Keyring(keys);
  expect(isSame(list(key(0, 'active')), list(key(0, 'active')))).toBe(true);
  expect(isSame(list(key(0, 'active')), list(key(0, 'active'), key(1, 'staged')))).toBe(false);
  expect(isSame(g1, list(key(0, 'active')))).toBe(false);
});

test('a ring has passed an earlier generation of its own, and no other', () => {
  expect(hasPassed(g3, g1)).toBe(true);
  expect(hasPassed(g3, g3)).toBe(false);
  expect(hasPassed(g1, g3)).toBe(false);
  expect(hasPassed(g3, stage(g1, material(2), steps(NOW)))).toBe(false);
  expect(hasPassed(g3, ring(g1.keys, { id: 'other' }))).toBe(false);
  const list = new Keyring([key(0, 'active')]);
  expect([hasPassed(list, list), hasPassed(g3, list), hasPassed(list, g3)]).toEqual([false, false, false]);
});

describe('a ring is rash', () => {
  const begun = (id: string, at: number | undefined, more: KeyringFacts = {}) =>
    ring([key(0, 'active')], {
      id,
      history: at === undefined ? [] : [{ at, what: 'init', kid: kid(0) }],
      ...more,
    });
  const other = begun('ring', NOW, { generation: 7 });

  test('that was begun after another, and has only just begun', () => {
    expect(isRash(begun('new', NOW + 1), other)).toBe(true);
    expect(isRash(begun('new', 1), begun('ring', undefined, { generation: 7 }))).toBe(true);
    expect(isRash(begun('new', 1, { replaces: [''] }), new Keyring([key(0, 'active')]))).toBe(false);
    expect(isRash(begun('new', 1), new Keyring([key(0, 'active')]))).toBe(true);
  });

  test.each<[string, Keyring]>([
    ['not one that is the same', begun('ring', NOW + 1)],
    ['not one that was begun before, or at the same time', begun('new', NOW)],
    ['not one that has gone on', begun('new', NOW + 1, { generation: 2 })],
    ['not one that does not say when it began', begun('new', undefined)],
    ['not one that names the other', begun('new', NOW + 1, { replaces: ['ring'] })],
  ])('%s', (_, one) => {
    expect(isRash(one, other)).toBe(false);
  });
});

test('revoked elsewhere is what verifies here and is revoked there', () => {
  const present = ring([key(0, 'active'), key(1, 'retiring'), key(2, 'revoked')]);
  const there = ring([key(4, 'active'), key(0, 'revoked'), key(1, 'retired'), key(2, 'revoked')]);
  expect(revokedElsewhere(present, there).map(({ id }) => id)).toEqual([kid(0)]);
});

describe('a running process', () => {
  test('takes the first ring that is found, and the same one once', () => {
    const live = new LiveKeyring(undefined, () => NOW);
    expect(live.replace(g1)).toBe(true);
    expect(live.current.active.id).toBe(kid(0));
    expect(live.replace(g1)).toBe(false);
    expect(live.replace(ring(g1.keys))).toBe(false);
    expect(live.replace(g2)).toBe(true);
  });

  test('says why it signs nothing, and knows whether its ring was replaced', () => {
    const live = new LiveKeyring(g1, () => NOW);
    const told = () => {
      try {
        live.requireFresh();
        return undefined;
      } catch (error) {
        return (error as KeyturnError).message;
      }
    };
    expect([told(), live.replaced]).toEqual([undefined, false]);
    const meant = ring([key(0, 'active')], { id: 'other', replaces: ['ring'] });
    expect(() => live.replace(meant)).toThrow();
    expect(told()).toContain('was made to take the place of the one that this process holds');
    expect(live.replaced).toBe(true);
    live.replace(g2);
    expect([told(), live.replaced]).toEqual([undefined, false]);
    expect(() => live.replace(ring([key(3, 'active'), key(0, 'revoked')], { id: 'other' }))).toThrow();
    expect(told()).toContain('was revoked on another copy');
    expect(live.current.get(kid(0))?.dates.revoked).toBe(NOW);
    const none = new LiveKeyring(undefined, () => NOW);
    expect(() => none.current).toThrow(/has no keyring yet/);
  });
});
