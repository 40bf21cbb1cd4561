import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEMO_VALUES } from '../../src/secret/demo-values.js';
import { judge } from '../../src/secret/strength.js';
import { STRONG } from '../support/machine.js';
import { computed } from '../support/waiting.js';

const LETTERS = 'Zq3vXp8LmT0cRw5YhN2bKs7DfG9jAe4U';

describe('how many bytes of a secret count', () => {
  test.each([
    ['an empty text', '', 0],
    ['64 hex digits', STRONG, 32],
    ['64 hex digits in capitals', STRONG.toUpperCase(), 32],
    ['63 hex digits: the odd one is dropped', STRONG.slice(1), 31],
    ['62 hex digits', STRONG.slice(2), 31],
    ['32 letters', LETTERS, 32],
    ['31 letters', LETTERS.slice(1), 31],
    ['letters of two bytes', 'äöüßéèêàçñøåæõûîâ', 34],
    ['100 times one letter', 'a'.repeat(100), 1],
    ['100 times one letter that is no hex digit', 'z'.repeat(100), 1],
    ['a unit repeated', 'Xy9!'.repeat(20), 4],
    ['a unit repeated, cut short at the end', `${'Xy9!'.repeat(20)}Xy`, 4],
    ['a hex unit repeated', '0a1b2c3d'.repeat(8), 4],
    ['32 letters twice', LETTERS + LETTERS, 32],
    ['31 letters twice', LETTERS.slice(1).repeat(2), 31],
    ['a text that ends as it begins, but does not repeat', `${LETTERS}Zq`, 34],
    ['changeme', 'changeme', 0],
    ['Change-Me!', 'Change-Me!', 1],
    ['secret six times', 'secret'.repeat(6), 0],
    ['your-secret-here with exclamation marks', `your-secret-here${'!'.repeat(40)}`, 1],
    ['a demo value spelt with every separator', 'c_h-a n.g,e:m;e/S\\e|c+r\te\nt', 0],
    ['a demo value inside another', 'supersecchangemeret', 0],
    ['demo values that overlap', 'secretkeyturnsecretkeyboardcat', 0],
    ['a demo value before a strong rest', `changeme${LETTERS}`, 32],
    ['a demo value before a rest too short', `changeme${LETTERS.slice(1)}`, 31],
    ['a demo value that splits hex digits', `${STRONG.slice(0, 32)}secret${STRONG.slice(32)}`, 32],
  ])('%s: %#', (_, secret, bytes) => {
    expect(judge(secret)).toMatchObject({ bytes, enough: bytes >= 32 });
  });

  test.each([
    ['changeme', '8 bytes of it are published demo values and separators'],
    ['Change-Me!', '9 bytes of it are published demo values and separators'],
    [
      `your-secret-here${'!'.repeat(9)}`,
      '16 bytes of it are published demo values and separators, and it repeats itself',
    ],
    ['a'.repeat(100), 'it repeats itself'],
    ['0a1b2c3d'.repeat(8), 'it repeats itself, and two hex digits make one byte'],
    [STRONG.slice(2), 'two hex digits make one byte'],
    [LETTERS.slice(1), 'it is too short'],
  ])('the verdict on %j says why', (secret, why) => {
    expect(judge(secret).why).toBe(why);
    expect(why).not.toContain(secret);
  });
});

describe('every demo value', () => {
  test.each(DEMO_VALUES)('%s counts nothing, however it is written', (demo) => {
    for (const written of [demo, demo.toUpperCase(), demo.split('').join('-'), demo.repeat(10)]) {
      expect(judge(written)).toMatchObject({ bytes: 0, enough: false });
    }
  });

  test('is listed in the folded form in which it is looked for, and once', () => {
    for (const demo of DEMO_VALUES) expect(demo).toMatch(/^[a-z0-9]{4,}$/);
    expect(new Set(DEMO_VALUES).size).toBe(DEMO_VALUES.length);
  });
});

describe('properties', () => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => new Set(bytes).size > 16);

  test('32 random bytes in hex, base64 or base64url are never judged weak', () => {
    for (let run = 0; run < 2000; run++) {
      const bytes = randomBytes(32);
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        const secret = bytes.toString(encoding);
        if (!judge(secret).enough) expect.fail(`${secret} is judged weak`);
      }
    }
  });

  test('a short word that comes about by chance in base64 takes nothing away, one that was put there does', () => {
    const drawn = 'kX9vQ2mZr7LpW4nBsY8cTfGhJd3w';
    for (const word of ['tesT', 'Todo', 'DEMo', 'fIxmE']) {
      for (const at of [0, 5, drawn.length]) {
        const secret = `${drawn.slice(0, at)}${word}A${drawn.slice(at)}`;
        expect(secret.length).toBeGreaterThanOrEqual(32);
        expect(judge(secret), secret).toMatchObject({ enough: true, bytes: secret.length });
      }
    }
    const short = drawn.slice(0, 26);
    for (const secret of [
      `test-${short}A`,
      `${short}A-TEST`,
      `A.demo.${short}`,
      `test${short}demoA`,
      `test${short.toLowerCase()}ab`,
      `changeme${short}`,
    ]) {
      expect(secret.length).toBeGreaterThanOrEqual(32);
      expect(judge(secret), secret).toMatchObject({
        enough: false,
        why: expect.stringMatching(/^\d+ bytes of it are published demo values and separators$/),
      });
    }
  });

  test('31 random bytes in hex always are', () => {
    for (let run = 0; run < 1000; run++) expect(judge(randomBytes(31).toString('hex')).enough).toBe(false);
  });

  test('a text built of demo values, separators and repetitions alone is weak', () => {
    const separator = fc.constantFrom('', '', '-', '_', ' ', '.', ', ', ':', ';', '/', '\\', '|', '+', '\t');
    const cased = fc
      .tuple(fc.constantFrom(...DEMO_VALUES), fc.constantFrom('lower', 'upper', 'first'))
      .map(([demo, how]) =>
        how === 'upper'
          ? demo.toUpperCase()
          : how === 'first'
            ? demo[0]?.toUpperCase() + demo.slice(1)
            : demo,
      );
    const built = fc
      .tuple(
        fc.array(fc.tuple(cased, separator), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
      )
      .map(([parts, times]) =>
        parts
          .map((part) => part.join(''))
          .join('')
          .repeat(times),
      );
    fc.assert(
      fc.property(built, (secret) => !judge(secret).enough),
      { numRuns: 5000 },
    );
  });

  test('repeating a text adds nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 31, unit: 'grapheme-ascii' }),
        fc.integer({ min: 2, max: 9 }),
        (unit, times) => {
          expect(judge(unit.repeat(times)).enough).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a demo value or its repetition around a strong secret takes nothing away from it', () => {
    fc.assert(
      fc.property(bytes32, fc.constantFrom('changeme', 'keyboard cat', 'your-secret-here'), (bytes, demo) => {
        expect(judge(demo + Buffer.from(bytes).toString('hex')).enough).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('a megabyte is judged without noticeable delay', () => {
    const cost = computed(() => {
      judge('secret-'.repeat(150_000));
      judge('ab'.repeat(500_000));
    });
    expect(cost).toBeLessThan(5000);
  });
});
