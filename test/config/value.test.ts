import { describe, expect, test } from 'vitest';
import {
  flag,
  formatDuration,
  oneOf,
  readDuration,
  readList,
  requireDuration,
  weakExceptions,
} from '../../src/config/value.js';
import { KeyturnError } from '../../src/errors.js';

describe('durations', () => {
  test.each([
    [1, 1],
    [90, 90],
    ['45', 45],
    ['45s', 45],
    ['15m', 900],
    ['15min', 900],
    ['3h', 10_800],
    ['90d', 7_776_000],
    ['2w', 1_209_600],
    [' 3 h ', 10_800],
    ['36525d', 36_525 * 86_400],
  ])('%j is %d seconds', (raw, seconds) => {
    expect(readDuration(raw)).toBe(seconds);
  });

  test.each([
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '0',
    '0h',
    '-3h',
    '1.5h',
    '3 hours',
    '3H',
    'h',
    '',
    '1e3',
    '3h 5min',
    '99999999999',
    true,
    null,
    undefined,
    [],
  ])('%j is none', (raw) => {
    expect(readDuration(raw)).toBeUndefined();
  });

  test.each([
    '36526d',
    '999999999w',
    36_525 * 86_400 + 1,
  ])('%j is longer than a token could carry, and refused', (raw) => {
    expect(readDuration(raw)).toBeUndefined();
  });

  test('code that passes none is told so, without its value', () => {
    const error = caught(() => requireDuration('tomorrow', 'maxAge of "invitation"'));
    expect(error).toBeInstanceOf(KeyturnError);
    expect(error).toMatchObject({
      code: 'duration_invalid',
      message: 'maxAge of "invitation" is not a duration',
    });
    expect((error as KeyturnError).hint).toContain('"3h"');
  });

  test.each([
    [45, '45s'],
    [90, '90s'],
    [900, '15min'],
    [3600, '1h'],
    [86_400, '1d'],
    [604_800, '7d'],
    [86_401, '86401s'],
  ])('%d seconds are written %s, which reads back the same', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
    expect(readDuration(text)).toBe(seconds);
  });
});

describe('lists', () => {
  test.each([
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [' a , b ', ['a', 'b']],
    ['["a","b,c"]', ['a', 'b,c']],
    [' ["a"] ', ['a']],
    ['[]', []],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  ])('%j is %j', (raw, items) => {
    expect(readList(raw)).toEqual(items);
  });

  test.each([
    '',
    ' ',
    'a,',
    ',a',
    'a,,b',
    '["a"',
    '["a",]',
    '[1]',
    '[""]',
    '["a",null]',
    [1],
    [''],
    {},
    5,
    null,
  ])('%j is none', (raw) => {
    expect(readList(raw)).toBeUndefined();
  });
});

describe('words and flags', () => {
  test.each([
    [true, true],
    ['true', true],
    ['1', true],
    [false, false],
    ['false', false],
    ['0', false],
  ])('%j is the flag %j', (raw, value) => {
    expect(flag.read(raw)).toBe(value);
  });

  test.each(['yes', 'TRUE', '', 1, 0, null])('%j is no flag', (raw) => {
    expect(flag.read(raw)).toBeUndefined();
  });

  test('only the listed words are taken', () => {
    const kind = oneOf('lax', 'strict');
    expect(kind.read('lax')).toBe('lax');
    for (const raw of ['Lax', '', 'constructor', 0]) expect(kind.read(raw)).toBeUndefined();
    expect(kind.expects).toBe('one of "lax", "strict"');
  });
});

describe('exceptions for weak keys', () => {
  const until = Date.parse('2026-12-01T00:00:00Z');

  test.each([
    [[{ kid: 'abcDEF-_', until: new Date(until) }]],
    [[{ kid: 'abcDEF-_', until: '2026-12-01' }]],
    ['[{"kid":"abcDEF-_","until":"2026-12-01T00:00:00Z"}]'],
  ])('%j', (raw) => {
    expect(weakExceptions.read(raw)).toEqual([{ kid: 'abcDEF-_', until }]);
  });

  test.each([
    '',
    'abcDEF-_',
    '{}',
    [{}],
    [null],
    ['abcDEF-_'],
    [{ kid: 'short', until: '2026-12-01' }],
    [{ kid: 'abcDEF-_' }],
    [{ kid: 'abcDEF-_', until: 'soon' }],
    [{ kid: 'abcDEF-_', until: 1_796_083_200_000 }],
    [{ kid: 'abcDEF-_', until: new Date(Number.NaN) }],
  ])('%j is none', (raw) => {
    expect(weakExceptions.read(raw)).toBeUndefined();
  });
});

function caught(step: () => unknown): unknown {
  try {
    step();
  } catch (error) {
    return error;
  }
  return undefined;
}
