// A ring that is rotated for years: it stays small, forgets nothing that can still matter, and can always be revoked.
import { describe, expect, test } from 'vitest';
import { parseDocument, writeDocument } from '../../src/keyring/document.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { foldedHistory } from '../../src/keyring/prune.js';
import { requireSpareRoom, shrinkToFit } from '../../src/keyring/size-limit.js';
import type { TransitionFacts } from '../../src/keyring/step-facts.js';
import { requireSuccessor } from '../../src/keyring/successor.js';
import { promote, retire, revoke, stage } from '../../src/keyring/transitions.js';

const DAY = 86_400_000;
const BEGUN = Date.UTC(2026, 0, 1);
const material = (n: number) => new Material(`a secret of this test with the number ${n}`);
const factsAt = (now: number): TransitionFacts => ({
  now,
  maxLag: 60,
  skew: 60,
  lease: 900,
  lifetimes: { session: 86_400 },
  replicas: [],
  why: 'a test',
});
const first = () =>
  new Keyring([new Key(material(0), 'active', { dates: { active: BEGUN } })], {
    id: 'ring',
    generation: 1,
    history: [{ at: BEGUN, what: 'init', kid: material(0).kid }],
  });

/** Staged, promoted, and the former retired: three generations. */
function rotated(ring: Keyring, n: number, now: number): Keyring {
  const staged = stage(ring, material(n), factsAt(now));
  const promoted = promote(staged, undefined, factsAt(now + DAY));
  return retire(promoted, undefined, factsAt(now + 3 * DAY));
}

function reread(ring: Keyring): Keyring {
  return parseDocument(writeDocument(ring), 'here');
}

describe('500 rotations', () => {
  const rings = [first()];
  for (let n = 1; n <= 500; n++) rings.push(rotated(rings.at(-1) as Keyring, n, BEGUN + n * 10 * DAY));
  const last = rings.at(-1) as Keyring;

  test('leave a ring of a few keys, the first line, the last thousand and one for all between', () => {
    expect(last.generation).toBe(1501);
    expect(last.keys.length).toBeLessThan(4);
    expect(last.history).toHaveLength(1002);
    expect(last.history.slice(0, 2)).toEqual([
      { at: BEGUN, what: 'init', kid: material(0).kid },
      { at: expect.any(Number), what: 'folded', lines: 500, since: BEGUN + 10 * DAY },
    ]);
    expect(Buffer.byteLength(writeDocument(last))).toBeLessThan(256 * 1024);
    expect(requireSpareRoom(last)).toBe(last);
    expect(writeDocument(reread(last))).toBe(writeDocument(last));
  });

  test('are followed by whoever slept through ten of them, and through three hundred', () => {
    for (const missed of [1, 10, 300]) requireSuccessor(rings.at(-1 - missed) as Keyring, reread(last));
    expect(() => requireSuccessor(rings.at(-400) as Keyring, last)).toThrow(
      expect.objectContaining({ code: 'keyring_forked' }),
    );
  });
});

test('a retired key is forgotten a lifetime after its last token, not before, and while no replica has it', () => {
  const ring = rotated(first(), 1, BEGUN);
  const retiredAt = BEGUN + 3 * DAY;
  const kid = material(0).kid;
  const later = (now: number, verifies: readonly string[] = []) =>
    stage(ring, material(2), {
      ...factsAt(now),
      replicas: verifies.length === 0 ? [] : [{ instance: 'web-1', verifies, signs: material(1).kid }],
    }).get(kid)?.state;
  expect(later(retiredAt + DAY)).toBe('retired');
  expect(later(retiredAt + DAY + 1_020_000)).toBe('retired');
  expect(later(retiredAt + DAY + 1_080_001)).toBeUndefined();
  expect(later(retiredAt + 9 * DAY, [kid, material(1).kid])).toBe('retired');
});

test('the id of a revoked key stays for good, and its secret is refused', () => {
  let ring = revoke(first(), material(0).kid, material(9), factsAt(BEGUN + DAY));
  for (let n = 10; n < 20; n++) ring = rotated(ring, n, BEGUN + n * 1000 * DAY);
  expect(ring.get(material(0).kid)?.state).toBe('revoked');
  expect(() => stage(ring, material(0), factsAt(BEGUN + 99_999 * DAY))).toThrow(
    expect.objectContaining({ code: 'key_state' }),
  );
});

describe('a ring that is full', () => {
  const line = (n: number) => ({ at: BEGUN + n, what: 'stage', kid: 'AAAAAAAA', why: 'w'.repeat(2000) });
  const full = (lines: number) =>
    new Keyring(first().keys, {
      id: 'ring',
      generation: 500,
      history: Array.from({ length: lines }, (_, n) => line(n)),
    });

  test('takes no step but revoke', () => {
    const staged = stage(full(480), material(1), factsAt(BEGUN + DAY));
    expect(Buffer.byteLength(writeDocument(staged))).toBeLessThan(1024 * 1024);
    expect(() => requireSpareRoom(staged)).toThrow(expect.objectContaining({ code: 'keyring_full' }));
    const revoked = revoke(full(480), material(0).kid, material(1), factsAt(BEGUN + DAY));
    expect(shrinkToFit(revoked)).toBe(revoked);
  });

  test.each([
    520, 900,
  ])('and revoke however full it is (%i lines): what there is no room for goes', (lines) => {
    const before = full(lines);
    const revoked = shrinkToFit(
      revoke(before, material(0).kid, material(1), { ...factsAt(BEGUN + DAY), why: 'z'.repeat(500) }),
    );
    expect(Buffer.byteLength(writeDocument(revoked))).toBeLessThan(1024 * 1024);
    expect(revoked.get(material(0).kid)?.state).toBe('revoked');
    expect(revoked.history.at(-1)).toMatchObject({ what: 'revoke', kid: material(0).kid });
    requireSuccessor(before, reread(revoked));
  });
});

test('folding what was folded already counts all of it', () => {
  const history = Array.from({ length: 12 }, (_, n) => ({ at: n, what: 'stage', kid: 'AAAAAAAA' }));
  const once = foldedHistory(history, 5);
  expect(once[1]).toEqual({ at: 6, what: 'folded', since: 1, lines: 6 });
  const twice = foldedHistory([...once, { at: 12, what: 'stage', kid: 'AAAAAAAA' }], 5);
  expect(twice.slice(0, 2)).toEqual([history[0], { at: 7, what: 'folded', since: 1, lines: 7 }]);
  expect(twice).toHaveLength(7);
});
