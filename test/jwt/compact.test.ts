// The compact serialization by itself: published vectors, and texts that a lenient reader would take.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CompactKeys,
  decodeSegment,
  encodeSegment,
  headerOf,
  readHeader,
  verifyCompact,
} from '../../src/jwt/compact.js';
import { Hmac } from '../../src/signing/hmac.js';

const base64url = (text: string) => Buffer.from(text).toString('base64url');

function keysOf(kid: string, k: string, header = headerOf(kid)): CompactKeys<CompactKeys<never>['active']> {
  const active = { kid, header, hmac: new Hmac(Buffer.from(k, 'base64url')) } as never;
  return { active, byHeader: new Map([[header, active]]), byKid: new Map([[kid, active]]) };
}

describe('RFC 7515, appendix A.1', () => {
  const header = 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9';
  const payload =
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
  const mac = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';

  test('the MAC is that of the RFC', () => {
    expect(new Hmac(Buffer.from(k, 'base64url')).mac(`${header}.${payload}`)).toBe(mac);
  });

  test('the segments are those of the RFC', () => {
    const text = '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}';
    expect(encodeSegment(text)).toBe(payload);
    expect(decodeSegment(payload)).toBe(text);
    expect(decodeSegment(header)).toBe('{"typ":"JWT",\r\n "alg":"HS256"}');
  });

  test('the token opens by its header, and names no key for those who look for one', () => {
    const token = `${header}.${payload}.${mac}`;
    expect(verifyCompact(token, keysOf('rfc', k, `${header}.`))).toMatchObject({
      json: decodeSegment(payload),
    });
    expect(readHeader(header)).toBeUndefined();
    expect(verifyCompact(token, keysOf('rfc', k))).toMatchObject({ refused: 'malformed' });
  });
});

describe('a segment', () => {
  test('has one form: what decodes is what encodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const well = text.toWellFormed();
        expect(decodeSegment(encodeSegment(well))).toBe(well);
        expect(encodeSegment(well)).toBe(base64url(well));
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'AQgwZ09_-+/= .\n%é\u0141'), maxLength: 24 }),
        (segment) => {
          const text = decodeSegment(segment);
          if (text !== undefined) expect(encodeSegment(text)).toBe(segment);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('of every length, also longer than the scratch pad', () => {
    for (const length of [0, 1, 2, 3, 1364, 1365, 1366, 4095, 4096, 4097, 20_000]) {
      const text = 'é'.repeat(length);
      expect(encodeSegment(text)).toBe(base64url(text));
      expect(decodeSegment(base64url(text))).toBe(text);
    }
  });

  test.each([
    ['padding', 'Zm8='],
    ['one character too many', 'Zm9vA'],
    ['spare bits after one byte', 'QR'],
    ['spare bits after two bytes', 'QUJ'],
    ['the other alphabet', '-_+/'],
    ['spaces', 'Zm 9'],
    ['a line end', 'Zm9\n'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')],
    ['a surrogate in UTF-8', Buffer.from([0xed, 0xa0, 0x80]).toString('base64url')],
    ['characters that a cut to one byte would make right', 'Zm9\u0176'],
  ])('with %s is none', (_, segment) => expect(decodeSegment(segment)).toBeUndefined());

  test('a replacement character that somebody wrote is a character', () => {
    expect(decodeSegment(base64url('\ufffd'))).toBe('\ufffd');
  });
});

describe('a header', () => {
  const KID = 'abcd1234';
  const good = { alg: 'HS256', kid: KID, typ: 'JWT' };
  const read = (json: string) => readHeader(base64url(json));

  test.each([
    ['ours', JSON.stringify(good)],
    ['in another order', `{"typ":"JWT","kid":"${KID}","alg":"HS256"}`],
    ['without a type', `{"kid":"${KID}","alg":"HS256"}`],
    ['with a type in small letters', JSON.stringify({ ...good, typ: 'jwt' })],
    ['with a full type', JSON.stringify({ ...good, typ: 'application/JWT' })],
    ['with spaces and line ends', `{ "alg" : "HS256",\r\n\t"kid": "${KID}" }`],
    [
      'with members that say nothing to us',
      JSON.stringify({ ...good, x5t: 'a:b', jwk: { kty: 'oct', k: ':' } }),
    ],
    ['with escapes', `{"\\u0061lg":"HS\\u003256","kid":"${KID}","x":"\\":\\\\"}`],
  ])('%s names its key', (_, json) => expect(read(json)).toBe(KID));

  test.each([
    ['alg none', JSON.stringify({ ...good, alg: 'none' })],
    ['alg None', JSON.stringify({ ...good, alg: 'None' })],
    ['alg in small letters', JSON.stringify({ ...good, alg: 'hs256' })],
    ['another HMAC', JSON.stringify({ ...good, alg: 'HS512' })],
    ['RSA', JSON.stringify({ ...good, alg: 'RS256' })],
    ['an empty alg', JSON.stringify({ ...good, alg: '' })],
    ['an alg with a space', JSON.stringify({ ...good, alg: 'HS256 ' })],
    ['a list of algs', JSON.stringify({ ...good, alg: ['HS256'] })],
    ['an object for alg', JSON.stringify({ ...good, alg: { toString: 'HS256' } })],
    ['no alg', JSON.stringify({ kid: KID })],
    ['no kid', JSON.stringify({ alg: 'HS256' })],
    ['a number for kid', JSON.stringify({ ...good, kid: 12345678 })],
    ['a list of kids', JSON.stringify({ ...good, kid: [KID] })],
    ['critical extensions', JSON.stringify({ ...good, crit: ['exp'] })],
    ['an empty list of them', JSON.stringify({ ...good, crit: [] })],
    ['crit null', JSON.stringify({ ...good, crit: null })],
    ['an unencoded payload', JSON.stringify({ ...good, b64: false })],
    ['b64 true', JSON.stringify({ ...good, b64: true })],
    ['a nested token', JSON.stringify({ ...good, cty: 'JWT' })],
    ['another type', JSON.stringify({ ...good, typ: 'secevent+jwt' })],
    ['a type of JOSE', JSON.stringify({ ...good, typ: 'JOSE' })],
    ['type null', JSON.stringify({ ...good, typ: null })],
    ['alg twice', `{"alg":"none","alg":"HS256","kid":"${KID}"}`],
    ['alg twice, once escaped', `{"\\u0061lg":"none","alg":"HS256","kid":"${KID}"}`],
    ['kid twice', `{"alg":"HS256","kid":"other123","kid":"${KID}"}`],
    ['a member twice further in', `{"alg":"HS256","kid":"${KID}","jwk":{"k":"a","k":"b"}}`],
    ['alg only in the prototype', `{"__proto__":{"alg":"HS256"},"kid":"${KID}"}`],
    ['a list', `["HS256","${KID}"]`],
    ['null', 'null'],
    ['a text', '"HS256"'],
    ['nothing', ''],
    ['no JSON', '{alg:"HS256"}'],
    ['something after it', `${JSON.stringify(good)}x`],
    ['a byte-order mark', `\ufeff${JSON.stringify(good)}`],
    ['more than there is to say', JSON.stringify({ ...good, x: 'x'.repeat(1000) })],
  ])('with %s is refused', (_, json) => expect(read(json)).toBeUndefined());

  test('of any JSON is read or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        expect([undefined, KID]).toContain(read(json));
      }),
      { numRuns: 5000 },
    );
  });
});
