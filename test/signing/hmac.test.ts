import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Hmac, MAC_CHARACTERS, sameMac } from '../../src/signing/hmac.js';
import { seeded, withCharacter } from './helpers.js';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function reference(key: Uint8Array, message: string): string {
  return createHmac('sha256', key).update(message, 'utf8').digest('base64url');
}

function keyOf(length: number, seed: number): Uint8Array {
  const next = seeded(seed);
  return Uint8Array.from({ length }, () => next(256));
}

function asciiOf(length: number, seed: number): string {
  const next = seeded(seed);
  return String.fromCharCode(...Array.from({ length }, () => next(128)));
}

describe('Hmac', () => {
  it('equals createHmac for every message length up to 4200, beyond its scratch pad too', () => {
    const key = keyOf(32, 1);
    const hmac = new Hmac(key);
    const text = asciiOf(4200, 2);
    for (let length = 0; length <= text.length; length++) {
      const message = text.slice(0, length);
      if (hmac.mac(message) !== reference(key, message)) expect.fail(`differs at length ${length}`);
    }
  });

  it('equals createHmac for every key length up to a block', () => {
    for (let length = 0; length <= 64; length++) {
      const key = keyOf(length, 100 + length);
      const message = asciiOf(150, length);
      expect(new Hmac(key).mac(message), `key of ${length} bytes`).toBe(reference(key, message));
    }
  });

  it('equals createHmac for 2000 random keys and messages', () => {
    const next = seeded(3);
    for (let round = 0; round < 2000; round++) {
      const key = keyOf(1 + next(64), round);
      const message = asciiOf(next(600), round);
      if (new Hmac(key).mac(message) !== reference(key, message)) expect.fail(`differs in round ${round}`);
    }
  });

  it('keeps instances apart that are used in turns', () => {
    const next = seeded(4);
    const keys = [keyOf(32, 5), keyOf(32, 6), keyOf(1, 7), keyOf(64, 8), new Uint8Array(32)];
    const hmacs = keys.map((key) => new Hmac(key));
    for (let round = 0; round < 5000; round++) {
      const which = next(keys.length);
      const message = asciiOf(round % 50 === 0 ? 5000 : next(300), round);
      const found = (hmacs[which] as Hmac).mac(message);
      if (found !== reference(keys[which] as Uint8Array, message)) expect.fail(`differs in round ${round}`);
    }
  });

  it('leaves nothing of a longer or refused message behind for the next', () => {
    const key = keyOf(32, 9);
    const hmac = new Hmac(key);
    const short = 'kt1.short';
    for (const before of ['x'.repeat(4096), 'x'.repeat(100_000), 'é'.repeat(3000), '']) {
      hmac.mac(before);
      expect(hmac.mac(short)).toBe(reference(key, short));
    }
  });

  it('is not touched by what happens to the key afterwards', () => {
    const key = keyOf(32, 10);
    const hmac = new Hmac(key);
    const long = 'y'.repeat(5000);
    const wanted = [reference(key, 'message'), reference(key, long)];
    key.fill(0);
    expect([hmac.mac('message'), hmac.mac(long)]).toEqual(wanted);
  });

  it('refuses a key of more than a block', () => {
    expect(() => new Hmac(new Uint8Array(65))).toThrow(RangeError);
  });

  it.each([
    '\u0080',
    'é',
    'Ł',
    '日',
    '😀',
    '\ud800',
    '\udc00',
  ])('gives undefined for a message with %j, wherever it stands and however long it is', (character) => {
    const hmac = new Hmac(keyOf(32, 11));
    for (const length of [1, 2, 64, 500, 4090, 4091, 4092, 4093, 4094, 4095, 4096, 4097, 4098, 6000]) {
      const room = length - character.length;
      if (room < 0) continue;
      for (const at of new Set([0, Math.floor(room / 2), Math.max(0, room - 1), room])) {
        const message = 'a'.repeat(at) + character + 'a'.repeat(room - at);
        expect(hmac.mac(message), `length ${length}, at ${at}`).toBeUndefined();
      }
      expect(hmac.mac(character.repeat(length)), `${length} times`).toBeUndefined();
    }
  });

  it.each([
    `é${'a'.repeat(4095)}`,
    `éé${'a'.repeat(4092)}😀`,
    `日${'a'.repeat(4093)}日`,
    `日${'a'.repeat(4092)}😀`,
    `😀${'a'.repeat(4090)}😀`,
  ])('does not mistake a text that the scratch pad cuts short for ASCII: case %#', (message) => {
    for (const text of [message, message.slice(0, -1), message.slice(1)]) {
      const ascii = /^[\0-\x7f]*$/.test(text);
      expect(new Hmac(keyOf(32, 13)).mac(text) === undefined).toBe(!ascii);
    }
  });

  // RFC 4231. `mac` takes ASCII text, so only the cases with ASCII data and a key of at most 64 bytes fit: 1, 2
  // and 5. The data of 3 and 4 is the byte 0xdd or 0xcd repeated; 6 and 7 have keys of 131 bytes.
  it.each([
    {
      name: '1',
      key: '0b'.repeat(20),
      data: 'Hi There',
      mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    },
    {
      name: '2',
      key: Buffer.from('Jefe').toString('hex'),
      data: 'what do ya want for nothing?',
      mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    },
    {
      name: '5, truncated to 128 bits',
      key: '0c'.repeat(20),
      data: 'Test With Truncation',
      mac: 'a3b6167473100ee06e0c796c2955552b',
    },
  ])('gives the result of RFC 4231, test case $name', ({ key, data, mac }) => {
    const found = new Hmac(Buffer.from(key, 'hex')).mac(data) as string;
    expect(Buffer.from(found, 'base64url').toString('hex').slice(0, mac.length)).toBe(mac);
  });
});

describe('sameMac', () => {
  const key = keyOf(32, 12);
  const mac = reference(key, 'message');
  const tag = mac.slice(0, 22);

  it.each([mac, tag, ''])('accepts an equal text: %j', (text) => {
    expect(sameMac(text, String(text))).toBe(true);
  });

  it.each([mac, tag])('refuses every other character at every place of %j', (text) => {
    for (let index = 0; index < text.length; index++) {
      for (let code = 0; code < 256; code++) {
        const changed = withCharacter(text, index, String.fromCharCode(code));
        if (sameMac(text, changed) !== (changed === text)) expect.fail(`character ${code} at ${index}`);
      }
    }
  });

  it('refuses other lengths', () => {
    for (const other of ['', mac.slice(0, 42), `${mac}A`, `${mac}\0`, mac + mac, mac.slice(1), tag]) {
      expect(sameMac(mac, other)).toBe(false);
      expect(sameMac(other, mac)).toBe(false);
    }
    expect(sameMac(tag, `${tag}\0`)).toBe(false);
    expect(sameMac(tag, mac)).toBe(false);
  });

  it('refuses characters beyond ASCII whose low byte is the right one', () => {
    for (const text of [mac, tag]) {
      for (let index = 0; index < text.length; index++) {
        for (const high of [0x100, 0x4100, 0xd800, 0xff00]) {
          const collides = withCharacter(text, index, String.fromCharCode(high | text.charCodeAt(index)));
          expect(collides.length).toBe(text.length);
          expect(sameMac(text, collides)).toBe(false);
        }
      }
    }
    expect(sameMac('A'.repeat(43), 'Ł'.repeat(43))).toBe(false);
  });

  it('refuses the three other last characters that decode to the same bytes', () => {
    const last = BASE64URL.indexOf(mac.at(-1) as string);
    for (const bits of [1, 2, 3]) {
      const variant = mac.slice(0, -1) + BASE64URL[last ^ bits];
      expect(Buffer.from(variant, 'base64url')).toEqual(Buffer.from(mac, 'base64url'));
      expect(sameMac(mac, variant)).toBe(false);
    }
  });

  it('remembers nothing of a comparison of another length', () => {
    for (let round = 0; round < 3; round++) {
      expect(sameMac(mac, mac)).toBe(true);
      expect(sameMac(tag, tag)).toBe(true);
      expect(sameMac(tag, 'x'.repeat(22))).toBe(false);
      expect(sameMac(mac, `${tag}${'\0'.repeat(21)}`)).toBe(false);
    }
  });

  it('compares nothing longer than a MAC', () => {
    const long = 'A'.repeat(MAC_CHARACTERS + 1);
    expect(sameMac(long, long)).toBe(false);
  });
});
