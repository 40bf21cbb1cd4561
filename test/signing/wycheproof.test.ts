// A selection of the cases of Project Wycheproof (github.com/C2SP/wycheproof, Apache License 2.0) for the primitives as
// they are used here, transcribed from the beginning of hmac_sha256_test.json and hkdf_sha256_test.json: of those
// whose MAC is whole, whose message is ASCII (a token is), and whose salt is empty (Keyturn's is). JWS cases are in
// test/jwt, those of XChaCha20-Poly1305 in sealer-vectors.test.ts.
import { hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Hmac, sameMac } from '../../src/signing/hmac.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const COUNTING = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const SIXTEEN = '000102030405060708090a0b0c0d0e0f';

// biome-ignore format: a table
const MACS: ReadonlyArray<readonly [id: number, key: string, message: string, tag: string, valid: boolean]> = [
  [1, '1e225cafb90339bba1b24076d4206c3e79c355805d851682bc818baa4f5a7779', '', 'b175b57d89ea6cb606fb3363f2538abd73a4c00b4a1386905bac809004cf1933', true],
  [2, '8159fd15133cd964c9a6964c94f0ea269a806fd9f43f0da58b6cd1b33d189b2a', '77', 'dfc5105d5eecf7ae7b8b8de3930e7659e84c4172f2555142f1e568fc1872ad93', true],
  [28, COUNTING, '', 'd28b42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb', false],
  [29, COUNTING, SIXTEEN, 'd9b99f2709a3ca74172cbe93824c1f29b23a0c1e9c21bd851ff2d2c39dbef14e', false],
  [30, COUNTING, '', 'd18b42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb', false],
  [31, COUNTING, SIXTEEN, 'dab99f2709a3ca74172cbe93824c1f29b23a0c1e9c21bd851ff2d2c39dbef14e', false],
  [32, COUNTING, '', '538b42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb', false],
  [33, COUNTING, SIXTEEN, '58b99f2709a3ca74172cbe93824c1f29b23a0c1e9c21bd851ff2d2c39dbef14e', false],
  [34, COUNTING, '', 'd38a42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb', false],
  [35, COUNTING, SIXTEEN, 'd8b89f2709a3ca74172cbe93824c1f29b23a0c1e9c21bd851ff2d2c39dbef14e', false],
  [36, COUNTING, '', 'd38b42896d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb', false],
  [37, COUNTING, SIXTEEN, 'd8b99fa709a3ca74172cbe93824c1f29b23a0c1e9c21bd851ff2d2c39dbef14e', false],
  [38, COUNTING, '', 'd38b42096c80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb', false],
  [39, COUNTING, SIXTEEN, 'd8b99f2708a3ca74172cbe93824c1f29b23a0c1e9c21bd851ff2d2c39dbef14e', false],
  [40, COUNTING, '', 'd38b42096f80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb', false],
];

describe('HMAC-SHA256', () => {
  test.each(MACS)('case %i', (_id, key, message, tag, valid) => {
    const computed = new Hmac(bytes(key)).mac(bytes(message).toString('latin1')) as string;
    expect(sameMac(computed, bytes(tag).toString('base64url'))).toBe(valid);
  });

  test('the altered ones differ from the genuine MAC in one bit', () => {
    for (const [, key, message, tag, valid] of MACS) {
      const genuine = Buffer.from(
        new Hmac(bytes(key)).mac(bytes(message).toString('latin1')) as string,
        'base64url',
      );
      const difference = genuine.reduce((bits, byte, at) => {
        return (
          bits + [...(byte ^ (bytes(tag)[at] as number)).toString(2)].filter((bit) => bit === '1').length
        );
      }, 0);
      expect(difference).toBe(valid ? 0 : 1);
    }
  });
});

// biome-ignore format: a table
const DERIVED: ReadonlyArray<readonly [id: number, secret: string, info: string, size: number, out: string]> = [
  [2, '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', '', 42, '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'],
  [4, '24aeff2645e3e0f5494a9a102778c43a', '', 20, 'd4cca5e416c3d9eb58bd562e922691daff76aa4d'],
  [5, 'a23632e18ec76b59b1c87008da3f8a7e', '', 42, '976d1590926ac35e28d7f1a29fe98a1f787703a71cee3cb2c10acb9cc1b56c0f21b55d5de37755a79b12'],
  [6, 'a4748031a14d3e6aafe42aa20c568f5f', '', 64, '03f5db41f4484ec9468648c9f2a7f73ec18386008691b0555a7eec165e2f8cc72a6e74fffafbfb1ead00a89ff80ba00a266a70fcac07364110c6f5707f5096aa'],
  [7, '06eb26f8ccf28580c8f28d5b4dc47a49', 'd5f081e81e8cf9ded199f3ae43c80a2dfe3d9cf2', 20, 'ae538577a14df1ab170ec01a9ceceabcebdd584f'],
  [8, 'c181696a19ab1a32eb6e81b2925d8990', 'd8c8de92fe5422c9825996354db1821ba43a81ac', 42, '151ee737f049d18cdeb3010a0fbb606461875b22ac76487874498808248cf607e1cf7f3fc52b3a28ac64'],
  [9, '55fb6dcc7802354e55a45a6e41858c05', 'dcd590e418b259c64fb9e139b3a1280d5de8400b', 64, '6ca91e1a6c0eb286d6fea277e9936f2486104c4c5d473a92872009f04aa545a61d03d83e14aa0965ba355551b93073ef91382c88afad091c62f6f65188f789e3'],
];

describe('HKDF-SHA256 without a salt', () => {
  test.each(DERIVED)('case %i', (_id, secret, info, size, out) => {
    const derived = hkdfSync('sha256', bytes(secret), Buffer.alloc(0), bytes(info), size);
    expect(Buffer.from(derived).toString('hex')).toBe(out);
  });
});
