// What a session would lose in JSON is named before it is lost: the first of it, by the path that a program writes.
import { describe, expect, test } from 'vitest';
import { lossIn } from '../../src/sessions/losses.js';

const lossOf = (value: unknown) => {
  const loss = lossIn({ cart: [{ kept: 1 }, { value }] }, 'session');
  return loss === undefined ? undefined : [loss.path, loss.kind, loss.becomes];
};

describe('a loss', () => {
  test.each([
    [new Date(0), 'a Date', 'finds a text'],
    [new Map([[1, 2]]), 'a Map or Set', 'finds an empty object'],
    [new Set([1]), 'a Map or Set', 'finds an empty object'],
    [new Uint8Array(2), 'bytes', 'finds an object'],
    [Buffer.from('x'), 'bytes', 'finds an object'],
    [/x/, 'an object of its own kind', 'finds an empty object'],
    [Promise.resolve(), 'an object of its own kind', 'finds an empty object'],
    [() => 1, 'a function', 'finds nothing'],
    [Symbol('x'), 'a symbol', 'finds nothing'],
    [Number.NaN, 'NaN', 'finds null'],
    [Number.POSITIVE_INFINITY, 'Infinity', 'finds null'],
  ])('%o', (value, kind, becomes) => {
    expect(lossOf(value)).toEqual(['session.cart[1].value', kind, becomes]);
    expect(lossIn(value, 'flash.old')?.path).toBe('flash.old');
    expect(lossIn(value, 'session')?.hint).toMatch(/^(keep|look) /);
  });

  test('is the first of several', () => {
    expect(lossIn({ a: 1, b: { c: new Date() }, d: new Map() }, 'session')?.path).toBe('session.b.c');
  });
});

test.each([
  null,
  undefined,
  true,
  0,
  -1.5,
  'text',
  {},
  [],
  { a: [{ b: null }] },
  { toJSON: () => 'kept', inner: new Date() },
])('nothing is lost of %o', (value) => {
  expect(lossOf(value)).toBeUndefined();
  expect(lossIn(value, 'session')).toBeUndefined();
});

test('what lies deeper than a session can be is not looked at, and neither is a circle followed for ever', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(lossIn(circle, 'session')).toBeUndefined();
});
