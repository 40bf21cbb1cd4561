import { describe, expect, test } from 'vitest';
import { cleanSecret, decodeText } from '../../src/secret/text.js';

describe('cleaning a secret', () => {
  test.each([
    ['plain', 'plain'],
    ['\uFEFFmarked', 'marked'],
    ['ended\n', 'ended'],
    ['ended\r\n', 'ended'],
    [' \t\r\n around \t\r\n ', 'around'],
    ['\uFEFF\n marked \n', 'marked'],
    ['two words', 'two words'],
    // Only spaces, tabs and line ends are taken off: what else may be meant stays.
    ['\u00A0kept\u00A0', '\u00A0kept\u00A0'],
    ['pässwörd-日本', 'pässwörd-日本'],
    ['kept\uFEFF', 'kept\uFEFF'],
  ])('%j becomes %j', (raw, secret) => {
    expect(cleanSecret(raw, 'here')).toBe(secret);
  });

  test.each(['', ' ', '\n', '\t\r\n ', '\uFEFF', '\uFEFF\n'])('%j is empty', (raw) => {
    expect(() => cleanSecret(raw, 'here')).toThrow(
      expect.objectContaining({ code: 'secret_empty', message: 'here is empty' }),
    );
  });

  test.each([
    0, 1, 9, 10, 13, 27, 31, 127, 128, 133, 159,
  ])('the control character %d inside is malformed', (code) => {
    expect(() => cleanSecret(`before${String.fromCharCode(code)}after`, 'here')).toThrow(
      expect.objectContaining({ code: 'secret_malformed' }),
    );
  });

  test.each(['\uD800', 'a\uDC00b', '\uDC00\uD800'])('half of a surrogate pair (%j) is malformed', (raw) => {
    expect(() => cleanSecret(raw, 'here')).toThrow(expect.objectContaining({ code: 'secret_malformed' }));
  });

  test('a long run of spaces inside costs no noticeable time', () => {
    const secret = `a${' '.repeat(1_000_000)}b`;
    expect(cleanSecret(secret, 'here')).toBe(secret);
  });
});

describe('decoding', () => {
  test('the byte-order mark is left to the cleaning', () => {
    expect(decodeText(Buffer.from('\uFEFFa'), 'here')).toBe('\uFEFFa');
  });

  test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0xc0, 0x80]]])('%j is not UTF-8', (bytes) => {
    expect(() => decodeText(Uint8Array.from(bytes), 'here')).toThrow(
      expect.objectContaining({
        code: 'secret_malformed',
        message: 'here is not UTF-8 text',
      }),
    );
  });
});
