import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXPRESS, HONO, sameSignature } from '../../src/codecs/cookies.js';
import { FORMATS, signed, type Vector } from './formats.js';
import vectors from './vectors.json' with { type: 'json' };

const formats = Object.entries(FORMATS);
const inline = formats.filter(([, format]) => !format.beside);

describe.each(formats)('the format of %s', (library, format) => {
  test('signs as the library does', () => {
    const own = (vectors as readonly Vector[]).filter((vector) => vector.library === library);
    expect(own.length).toBeGreaterThan(3);
    for (const { name, value, key, signed: expected } of own)
      expect(signed(format, name, value, key)).toBe(expected);
  });

  test('takes a key as text or as its bytes', () => {
    const bytes = Buffer.from('ключ ✓', 'utf8');
    expect(format.sign('sid', 'value', bytes)).toBe(format.sign('sid', 'value', 'ключ ✓'));
  });

  test('another key, name beside or value gives another signature', () => {
    const one = format.sign('sid', 'value', 'key');
    expect(format.sign('sid', 'value', 'key2')).not.toBe(one);
    expect(format.sign('sid', 'value2', 'key')).not.toBe(one);
    // Only a format beside has the name in its MAC.
    expect(format.sign('other', 'value', 'key') === one).toBe(!format.beside);
  });
});

describe.each(inline)('the format of %s, taken apart', (_library, format) => {
  test('gives what was put together', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ minLength: 1 }), (payload, key) => {
        const signature = format.sign('sid', payload, key);
        expect(format.split(format.join({ payload, signature }))).toEqual({ payload, signature });
      }),
    );
  });

  test('is never anything that throws, and never more than was there', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('.', '=', '"', 's:', '%', '\0', 'a'.repeat(44), '✓', ' '))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const found = format.split(text);
        if (found !== undefined) expect(format.join(found)).toBe(text);
      }),
    );
  });

  test('has the value up to the last dot', () => {
    const signature = format.sign('sid', 'a.b.c', 'key');
    expect(format.split(format.join({ payload: 'a.b.c', signature }))?.payload).toBe('a.b.c');
  });
});

test('Express has its prefix, and Hono the length of its MAC: what lacks it is not signed', () => {
  expect(EXPRESS.split(`abc.${'a'.repeat(43)}`)).toBeUndefined();
  expect(HONO.split(`abc.${'a'.repeat(43)}`)).toBeUndefined();
  expect(HONO.split(`abc.${'a'.repeat(44)}`)).toBeUndefined();
});

test('signatures are the same only where every character is', () => {
  expect(sameSignature('abc', 'abc')).toBe(true);
  expect(sameSignature('abc', 'abd')).toBe(false);
  expect(sameSignature('abc', 'ab')).toBe(false);
  expect(sameSignature('abc', 'abcd')).toBe(false);
  expect(sameSignature('é', 'e')).toBe(false);
  expect(sameSignature('', '')).toBe(true);
});
