// The vectors are what the real libraries write, and what the codecs write the real libraries accept.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neighbour } from '../bridges/neighbours.js';
import { FORMATS, signed, type Vector } from './formats.js';
import { realLibraries } from './real.mjs';
import vectors from './vectors.json' with { type: 'json' };

const real = await realLibraries(neighbour);

/** A value that the library can have signed: React Router signs JSON in base64, keygrip what may stand in a header. */
const valuesOf: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'react-router': fc
    .string()
    .map((text) => Buffer.from(JSON.stringify({ n: Buffer.from(text).toString('hex') })).toString('base64')),
  keygrip: fc.base64String(),
  'keygrip-sha256': fc.base64String(),
};

describe.each(Object.entries(real))('%s', (library, { sign, verify }) => {
  const format = FORMATS[library] as (typeof FORMATS)[string];

  test('signs as in the vectors', async () => {
    for (const { name, value, key, signed: expected } of (vectors as readonly Vector[]).filter(
      (one) => one.library === library,
    ))
      expect(await sign(name, value, key)).toBe(expected);
  });

  test('accepts what the codec signs, and refuses another key', async () => {
    const values = valuesOf[library] ?? fc.string({ unit: 'grapheme' });
    const keys = fc.string({ minLength: 1, unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(values, keys, async (value, key) => {
        const made = signed(format, 'sid', value, key);
        const other = signed(format, 'sid', value, `${key}2`);
        if (format.beside) {
          expect(await verify('sid', value, key, made)).toBe(true);
          expect(await verify('sid', value, key, other)).toBe(false);
        } else {
          expect(await verify('sid', made, key)).toBe(value);
          expect(await verify('sid', other, key)).toBe(false);
        }
      }),
    );
  });
});
