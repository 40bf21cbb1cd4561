// A ring that begins, and what is shown of one.
import { expect, test } from 'vitest';
import { beginRing, randomName } from '../../src/keyring/begin.js';
import { viewOf } from '../../src/keyring/view.js';
import { OTHER_SECRET, ringOf, SECRET } from '../support/keyturn.js';
import { kidOf } from '../support/machine.js';

const NOW = Date.UTC(2026, 5, 1);
const keys = ringOf([SECRET, 'active'], [OTHER_SECRET, 'retiring']).keys;

test('a ring that begins has the same keys in the same states, dated now, and says who began it', () => {
  const ring = beginRing(keys, { id: 'ring', at: NOW, what: 'import', who: 'ann', replaces: ['former'] });
  expect(ring.keys.map(({ id, state, dates }) => [id, state, dates])).toEqual([
    [kidOf(SECRET), 'active', { active: NOW }],
    [kidOf(OTHER_SECRET), 'retiring', { retiring: NOW }],
  ]);
  expect(ring.keys.map(({ material }) => material?.revealSecret())).toEqual([SECRET, OTHER_SECRET]);
  expect(ring).toMatchObject({ id: 'ring', generation: 1, replaces: ['former'] });
  expect(ring.history).toEqual([{ at: NOW, what: 'import', kid: kidOf(SECRET), who: 'ann' }]);
});

test('without a name it has a random one', () => {
  const names = [1, 2].map(() => beginRing(keys, { at: NOW, what: 'init', who: undefined }).id);
  for (const name of [...names, randomName()]) expect(name).toMatch(/^[\w-]{16}$/);
  expect(new Set(names).size).toBe(2);
});

test('a view shows states and dates, holds no material, and cannot be changed', () => {
  const ring = beginRing(keys, { id: 'ring', at: NOW, what: 'init', who: undefined });
  const view = viewOf(ring);
  expect(view).toStrictEqual({
    fingerprint: ring.fingerprint,
    generation: 1,
    keys: ring.keys.map(({ id, state, dates }) => ({ id, state, dates })),
  });
  for (const part of [view, view.keys, ...view.keys]) expect(Object.isFrozen(part)).toBe(true);
});
