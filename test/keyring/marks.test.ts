// Marks of generations: what they are made of, and in which order they are kept.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formatMark, gatherMarks, markOf, parseMark } from '../../src/keyring/marks.js';
import { FIRST, K1, K2, K3, key, NOW, SECOND_KEY, THIRD } from './bench.js';

const ID = 'AAAAAAAAAAAA';
const mark = (generation: number, letter = 'A') => ({ generation, mark: letter.repeat(16) });

describe('a mark', () => {
  const keys = [
    key(THIRD, 'staged', { scheduledFor: NOW + 5 }),
    key(FIRST, 'active'),
    key(SECOND_KEY, 'revoked'),
  ];

  test('is 12 bytes of SHA-256 over id, generation, and every key in order of its id', () => {
    const states = [
      [K1, 'active', null],
      [K2, 'revoked', null],
      [K3, 'staged', NOW + 5],
    ].sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
    const bytes = createHash('sha256')
      .update(JSON.stringify([ID, 7, states]))
      .digest();
    expect(markOf(ID, 7, keys)).toBe(bytes.subarray(0, 12).toString('base64url'));
  });

  test('is the same in whatever order keys stand, and another for another state or generation', () => {
    const one = markOf(ID, 7, keys);
    expect(markOf(ID, 7, keys.toReversed())).toBe(one);
    expect(markOf(ID, 8, keys)).not.toBe(one);
    expect(markOf(ID, 7, [key(THIRD, 'staged'), ...keys.slice(1)])).not.toBe(one);
  });

  test('is read as it is written, and nothing else is', () => {
    expect(parseMark(formatMark(mark(12)))).toEqual(mark(12));
    for (const text of [
      '',
      '12',
      '12:short',
      `x:${'A'.repeat(16)}`,
      `12:${'A'.repeat(17)}`,
      `1:${'='.repeat(16)}`,
    ])
      expect(parseMark(text)).toBeUndefined();
  });
});

test('marks of several lines are kept once each, in order, and the last 1,000 generations of them', () => {
  const gathered = gatherMarks([mark(1003), mark(3), mark(2), mark(1003), mark(1003, 'B'), mark(10)], 1003);
  expect(gathered).toEqual([mark(3), mark(10), mark(1003), mark(1003, 'B')]);
});
