// Replicas that reported and do so no longer are told of, those that others have replaced are not.
import { expect, test } from 'vitest';
import { LeftReplicas } from '../../src/console/left-replicas.js';
import { heard, reportOf } from '../support/heard.js';
import { MINUTE, NOW, SECOND } from './made.js';

/** What is told after each look, by name. */
function told(...looks: ReadonlyArray<readonly [at: number, ...names: readonly string[]]>): string[][] {
  const left = new LeftReplicas();
  return looks.map(([at, ...names]) => {
    const reports = names.map((name) => {
      const [instance = '', unit] = name.split('@');
      return heard(reportOf({ instance, unit, at: NOW + at }));
    });
    return left.note(reports, NOW + at).map(({ instance }) => instance);
  });
}

test('one that does not report any more is told of for a while, the last to go first', () => {
  expect(
    told([0, 'a', 'b', 'c'], [SECOND, 'a', 'b'], [2 * SECOND, 'a'], [14 * MINUTE, 'a'], [16 * MINUTE, 'a']),
  ).toEqual([[], ['c'], ['b', 'c'], ['b', 'c'], []]);
});

test('one that comes back was never gone', () => {
  expect(told([0, 'a', 'b'], [SECOND, 'a'], [2 * SECOND, 'a', 'b'])).toEqual([[], ['b'], []]);
});

test('one that another has replaced is no news: of the same place, before or after', () => {
  expect(told([0, 'a@one', 'b@two'], [SECOND, 'a@one'], [2 * SECOND, 'a@one', 'c@two'])[2]).toEqual([]);
  expect(told([0, 'a', 'b'], [SECOND, 'a', 'b', 'c'], [MINUTE, 'b', 'c'])[2]).toEqual([]);
  // One replaces one.
  expect(told([0, 'a', 'b'], [SECOND, 'a', 'b', 'c'], [MINUTE, 'c'])[2]).toHaveLength(1);
  // What was added long ago has replaced nobody.
  expect(
    told(
      [0, 'a', 'b'],
      [SECOND, 'a', 'b', 'c'],
      [10 * MINUTE, 'a', 'b', 'c'],
      [10 * MINUTE + SECOND, 'b', 'c'],
    )[3],
  ).toEqual(['a']);
});
