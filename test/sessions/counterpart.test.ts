// What a session says of its counterpart in the library that the app moves in from, as it stands in its text.
import { expect, test } from 'vitest';
import { counterpartIn, counterpartText } from '../../src/sessions/counterpart.js';

const one = { name: 'express-session', ref: 'an id', decides: true, mark: 1_767_225_600, until: undefined };

test.each([
  one,
  { ...one, decides: false },
  { ...one, until: 1_767_312_000 },
  { ...one, decides: false, until: 0 },
])('is read as it was written: %j', (counterpart) => {
  expect(counterpartIn(JSON.parse(counterpartText(counterpart)))).toStrictEqual(counterpart);
});

test('takes no more room than it needs', () => {
  expect(counterpartText(one)).toBe('["express-session","an id",1,1767225600]');
});

test.each([
  [undefined],
  [null],
  [{ name: 'a', ref: 'b', mark: 1 }],
  [[]],
  [[1, 'ref', 1, 5]],
  [['name', 1, 1, 5]],
  [['name', 'ref', 1, '5']],
])('is not read from what is none: %j', (value) => {
  expect(counterpartIn(value)).toBeUndefined();
});

test('an end that is none is none', () => {
  expect(counterpartIn(['name', 'ref', 1, 5, '6'])).toEqual({
    name: 'name',
    ref: 'ref',
    decides: true,
    mark: 5,
    until: undefined,
  });
});
