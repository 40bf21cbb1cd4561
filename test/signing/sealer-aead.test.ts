// The cipher of sealers: published vectors through the very function that seals, and a second implementation.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Aead, loadAead } from '../../src/signing/sodium.js';
import { hchacha20, sodiumMemory, xchachaSeal } from '../support/xchacha.js';

const aead = (await loadAead()) as Aead;
const hex = (text: string) => Buffer.from(text, 'hex');

interface Vector {
  readonly origin: string;
  readonly key: string;
  readonly nonce: string;
  readonly additional: string;
  readonly content: string;
  readonly sealed: string;
  readonly tag: string;
}

const VECTORS: readonly Vector[] = [
  {
    origin: 'draft-irtf-cfrg-xchacha-03, appendix A.3.1',
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
    nonce: '404142434445464748494a4b4c4d4e4f5051525354555657',
    additional: '50515253c0c1c2c3c4c5c6c7',
    content: Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    ).toString('hex'),
    sealed:
      'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb' +
      '731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452' +
      '2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9' +
      '21f9664c97637da9768812f615c68b13b52e',
    tag: 'c0875924c1c7987947deafd8780acf49',
  },
  // The shapes that no published vector of the draft has, as the second implementation seals them.
  shape('nothing at all', 0, 0),
  shape('additional data alone', 8, 0),
  shape('one byte', 0, 1),
  shape('both, shorter than a block', 12, 7),
];

function shape(origin: string, additionalBytes: number, contentBytes: number): Vector {
  const random = (size: number) => randomBytes(size).toString('hex');
  const parts = {
    key: random(32),
    nonce: random(24),
    additional: random(additionalBytes),
    content: random(contentBytes),
  };
  const { key, nonce, additional, content } = parts;
  const whole = xchachaSeal(hex(content), hex(additional), hex(nonce), hex(key)).toString('hex');
  return { origin, ...parts, sealed: whole.slice(0, -32), tag: whole.slice(-32) };
}

describe.each(VECTORS)('$origin', ({ key, nonce, additional, content, sealed, tag }) => {
  const parts = [hex(additional), hex(nonce), hex(key)] as const;
  const whole = hex(sealed + tag);

  it('seals and opens', () => {
    expect(Buffer.from(aead.seal(hex(content), ...parts))).toEqual(whole);
    expect(Buffer.from(aead.open(whole, ...parts) as Uint8Array)).toEqual(hex(content));
  });

  it('does not open with any one bit of anything changed', () => {
    const flips = (bytes: Buffer) =>
      Array.from({ length: bytes.length * 8 }, (_, bit) => {
        const other = Buffer.from(bytes);
        other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
        return other;
      });
    for (const other of flips(whole)) expect(aead.open(other, ...parts)).toBeUndefined();
    const [ad, iv, secret] = parts;
    for (const other of flips(ad)) expect(aead.open(whole, other, iv, secret)).toBeUndefined();
    for (const other of flips(iv)) expect(aead.open(whole, ad, other, secret)).toBeUndefined();
    for (const other of flips(secret)) expect(aead.open(whole, ad, iv, other)).toBeUndefined();
  });

  it('does not open with anything shorter or longer', () => {
    const [ad, iv, secret] = parts;
    for (let length = 0; length < whole.length; length++)
      expect(aead.open(whole.subarray(0, length), ...parts)).toBeUndefined();
    expect(aead.open(Buffer.concat([whole, Buffer.alloc(1)]), ...parts)).toBeUndefined();
    expect(aead.open(whole, Buffer.concat([ad, Buffer.alloc(1)]), iv, secret)).toBeUndefined();
    for (const size of [0, 8, 12, 16, 23, 25, 32])
      expect(aead.open(whole, ad, Buffer.alloc(size), secret)).toBeUndefined();
  });

  it('is what the second implementation says', () => {
    expect(xchachaSeal(hex(content), ...parts)).toEqual(whole);
  });
});

it('HChaCha20 is that of section 2.2.1', () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  expect(hchacha20(key, hex('000000090000004a0000000031415927')).toString('hex')).toBe(
    '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc',
  );
});

it('seals anything as the second implementation does', () => {
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
  const any = fc.uint8Array({ maxLength: 300, size: 'max' });
  fc.assert(
    fc.property(any, any, bytes(24), bytes(32), (...parts) => {
      expect(Buffer.from(aead.seal(...parts))).toEqual(xchachaSeal(...parts));
    }),
    { numRuns: 150 },
  );
});

it('takes no memory for good: not for what it opens, and not for what it refuses', () => {
  const [key, nonce, none] = [randomBytes(32), randomBytes(24), Buffer.alloc(0)];
  const sealed = aead.seal(Buffer.alloc(64 * 1024), none, nonce, key);
  const forged = Buffer.from(sealed);
  forged[0] = (forged[0] as number) ^ 1;
  const run = (times: number) => {
    for (let n = 0; n < times; n++) {
      expect(aead.open(forged, none, nonce, key)).toBeUndefined();
      aead.open(sealed, none, nonce, key);
    }
  };
  // 400 times 64 KiB, kept, would make it grow by 25 MiB and more.
  run(10);
  const before = sodiumMemory();
  run(400);
  expect(sodiumMemory()).toBe(before);
});
