// Project Wycheproof's cases for the primitives as they are used here: all of each file, those that cannot apply
// included, which have to be refused.
import { hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { Hmac, sameMac } from '../../src/signing/hmac.js';
import { type Aead, loadAead } from '../../src/signing/sodium.js';
import { describeWycheproof, type Group } from '../support/wycheproof.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

interface MacGroup extends Group<{ readonly key: string; readonly msg: string; readonly tag: string }> {
  /** Bits. */
  readonly tagSize: number;
}

describeWycheproof<MacGroup>('HMAC-SHA256', 'hmac_sha256_test.json', (groups) => {
  const cases = groups.flatMap(({ tagSize, tests }) => tests.map((one) => ({ tagSize, ...one })));

  test.each(cases)('$tcId $comment', ({ tagSize, key, msg, tag, result }) => {
    const message = bytes(msg);
    if (bytes(key).length > 64) {
      // Ours are derived, and 32 bytes long.
      expect(() => new Hmac(bytes(key))).toThrow(RangeError);
      return;
    }
    const computed = new Hmac(bytes(key)).mac(message.toString('latin1'));
    if (message.some((byte) => byte > 127)) expect(computed).toBeUndefined();
    // A MAC that was cut off is none, genuine or not.
    else if (tagSize < 256) expect(sameMac(computed as string, bytes(tag).toString('base64url'))).toBe(false);
    else expect(sameMac(computed as string, bytes(tag).toString('base64url'))).toBe(result === 'valid');
  });

  test('most of them apply', () => {
    const ascii = cases.filter(
      ({ tagSize, key, msg }) =>
        tagSize === 256 && key.length <= 128 && bytes(msg).every((byte) => byte < 128),
    );
    expect(ascii.length).toBeGreaterThan(50);
  });
});

type HkdfGroup = Group<{
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  /** Bytes. */
  readonly size: number;
  readonly okm: string;
}>;

describeWycheproof<HkdfGroup>('HKDF-SHA256', 'hkdf_sha256_test.json', (groups) => {
  test.each(groups.flatMap(({ tests }) => tests))('$tcId $comment', ({
    ikm,
    salt,
    info,
    size,
    okm,
    result,
  }) => {
    const derive = () => Buffer.from(hkdfSync('sha256', bytes(ikm), bytes(salt), bytes(info), size));
    if (result === 'invalid') expect(derive).toThrow();
    else expect(derive().toString('hex')).toBe(okm);
  });
});

type AeadGroup = Group<{
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}>;

describeWycheproof<AeadGroup>('XChaCha20-Poly1305', 'xchacha20_poly1305_test.json', (groups) => {
  test.each(groups.flatMap(({ tests }) => tests))('$tcId $comment', async ({
    key,
    iv,
    aad,
    msg,
    ct,
    tag,
    result,
  }) => {
    const aead = (await loadAead()) as Aead;
    const sealed = Buffer.concat([bytes(ct), bytes(tag)]);
    const opened = aead.open(sealed, bytes(aad), bytes(iv), bytes(key));
    if (result === 'invalid') {
      expect(opened).toBeUndefined();
      return;
    }
    expect(Buffer.from(opened as Uint8Array).toString('hex')).toBe(msg);
    expect(Buffer.from(aead.seal(bytes(msg), bytes(aad), bytes(iv), bytes(key)))).toEqual(sealed);
  });
});
