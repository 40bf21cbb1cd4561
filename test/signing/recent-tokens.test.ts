// What was verified a moment ago is not verified anew; what a forger sees stays the same.
import { describe, expect, test } from 'vitest';
import { LiveKeyring } from '../../src/keyring/live.js';
import { Hmac } from '../../src/signing/hmac.js';
import { randomId } from '../../src/signing/random.js';
import { TokenSigner } from '../../src/signing/signer.js';
import { Usage } from '../../src/signing/usage.js';
import { OTHER_SECRET, ringOf, SECRET } from '../support/keyturn.js';

function setUp() {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const live = new LiveKeyring(ringOf([SECRET, 'active']), () => clock.now);
  const usage = new Usage();
  const refusals: string[] = [];
  const signer = new TokenSigner<unknown>({
    purpose: 'session',
    maxAge: 3600,
    ring: live,
    clock: () => clock.now,
    usage,
    epoch: 'none',
    apps: [undefined] as const,
    onRefusal: (_purpose, reason) => refusals.push(reason),
  });
  return { clock, live, usage, refusals, signer };
}

/** How many MACs a function computes. */
function macsOf(run: () => void): number {
  const { mac } = Hmac.prototype;
  let count = 0;
  Hmac.prototype.mac = function (message) {
    count++;
    return mac.call(this, message);
  };
  try {
    run();
  } finally {
    Hmac.prototype.mac = mac;
  }
  return count;
}

/** A payload as that of a session in the cookie, with a random id. */
const newPayload = () => ({ id: randomId(16), at: 1_767_225_600 });

describe('a token that was verified twice a moment ago', () => {
  const remembered = (signer: TokenSigner<unknown>, payload: unknown = newPayload()) => {
    const token = signer.sign(payload);
    signer.check(token);
    signer.check(token);
    return token;
  };

  test('costs no MAC, and yields the same', () => {
    const { signer, usage } = setUp();
    const payload = newPayload();
    const token = signer.sign(payload);
    const first = signer.check(token);
    expect(first).toMatchObject({ ok: true, json: JSON.stringify(payload) });
    expect(macsOf(() => expect(signer.check(token)).toEqual(first))).toBe(1);
    expect(
      macsOf(() =>
        expect(signer.check(token)).toMatchObject({
          ...first,
          macs: undefined,
          recent: { json: JSON.stringify(payload) },
        }),
      ),
    ).toBe(0);
    expect(usage.uses[0]?.verified).toBe(3);
  });

  test('with any other MAC is refused, and the genuine one is still known', () => {
    const { signer } = setUp();
    const token = remembered(signer);
    for (let at = token.length - 43; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(signer.check(token.slice(0, at) + other + token.slice(at + 1))).toEqual({
        ok: false,
        reason: 'bad_signature',
      });
    }
    expect(macsOf(() => expect(signer.check(token).ok).toBe(true))).toBe(0);
  });

  test('with the MAC of another one is refused, also where both have one place', () => {
    const { signer } = setUp();
    const payload = newPayload();
    const one = remembered(signer, payload);
    const other = remembered(signer, { ...payload, role: 'admin' });
    const forged = other.slice(0, -43) + one.slice(-43);
    expect(signer.check(forged)).toEqual({ ok: false, reason: 'bad_signature' });
    expect(signer.check(one)).toMatchObject({ ok: true, json: JSON.stringify(payload) });
  });

  test('expires on time', () => {
    const { clock, signer } = setUp();
    const token = remembered(signer);
    clock.now += 3_600_000;
    expect(signer.check(token)).toEqual({ ok: false, reason: 'expired' });
  });

  test('is stale as soon as its key retires, and refused as soon as it is revoked', () => {
    const { live, signer } = setUp();
    const token = remembered(signer);
    live.replace(ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
    expect(signer.check(token)).toMatchObject({ ok: true, key: { state: 'retiring' } });
    live.replace(ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
    expect(signer.check(token)).toEqual({ ok: false, reason: 'revoked_key' });
  });

  test('what never verified is not remembered', () => {
    const { signer, refusals } = setUp();
    const token = `${signer.sign(1).slice(0, -1)}_`;
    for (let round = 0; round < 3; round++) signer.check(token);
    expect(refusals).toEqual(['bad_signature', 'bad_signature', 'bad_signature']);
    const bound = signer.sign(1, { bind: 'x' });
    expect(macsOf(() => signer.check(bound))).toBe(macsOf(() => signer.check(bound)));
  });

  test('is remembered up to 1,024 characters before the MAC, and no longer', () => {
    const { signer } = setUp();
    const header = 26;
    // Characters of base64url: four for three bytes.
    const bytes = ((1024 - header) * 3) / 4;
    const payloadOfSize = (size: number) => {
      const id = randomId(16);
      return id + 'x'.repeat(size - id.length - 2);
    };
    const fits = remembered(signer, payloadOfSize(Math.floor(bytes)));
    expect(macsOf(() => signer.check(fits))).toBe(0);
    const tooLong = remembered(signer, payloadOfSize(Math.floor(bytes) + 1));
    expect(macsOf(() => signer.check(tooLong))).toBe(1);
  });

  test('memory stays bounded', () => {
    const { signer } = setUp();
    const tokens = Array.from({ length: 5000 }, () => remembered(signer));
    const again = macsOf(() => {
      for (const token of tokens) signer.check(token);
    });
    expect(again).toBeGreaterThanOrEqual(5000 - 2048);
  });

  test('one in use stays while thousands come by once', () => {
    const { signer } = setUp();
    const kept = remembered(signer);
    for (let n = 0; n < 5000; n++) signer.check(signer.sign(newPayload()));
    expect(macsOf(() => signer.check(kept))).toBe(0);
  });
});
