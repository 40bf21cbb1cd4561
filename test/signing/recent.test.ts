// What was verified a moment ago is not verified anew; what a forger sees stays the same.
import { describe, expect, test } from 'vitest';
import { LiveKeyring } from '../../src/keyring/live.js';
import { Hmac } from '../../src/signing/hmac.js';
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

describe('a token that was verified a moment ago', () => {
  test('costs no MAC, and yields the same', () => {
    const { signer, usage } = setUp();
    const token = signer.sign({ user: 'ada' });
    const first = signer.check(token);
    expect(first).toMatchObject({ ok: true, json: '{"user":"ada"}' });
    expect(macsOf(() => expect(signer.check(token)).toMatchObject({ ...first, macs: undefined }))).toBe(0);
    expect(usage.uses[0]?.verified).toBe(2);
  });

  test('with any other MAC is refused, and the genuine one is still known', () => {
    const { signer } = setUp();
    const token = signer.sign(1);
    signer.check(token);
    for (let at = token.length - 43; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(signer.check(token.slice(0, at) + other + token.slice(at + 1))).toEqual({
        ok: false,
        reason: 'bad_signature',
      });
    }
    expect(macsOf(() => expect(signer.check(token).ok).toBe(true))).toBe(0);
  });

  test('expires on time', () => {
    const { clock, signer } = setUp();
    const token = signer.sign(1);
    signer.check(token);
    clock.now += 3_600_000;
    expect(signer.check(token)).toEqual({ ok: false, reason: 'expired' });
  });

  test('is stale as soon as its key retires, and refused as soon as it is revoked', () => {
    const { live, signer } = setUp();
    const token = signer.sign(1);
    signer.check(token);
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

  test('memory stays bounded: the ones in use stay, the others go', () => {
    const { signer } = setUp();
    const kept = signer.sign('kept');
    signer.check(kept);
    for (let n = 0; n < 5000; n++) {
      signer.check(signer.sign(n));
      if (n % 500 === 0) signer.check(kept);
    }
    expect(macsOf(() => signer.check(kept))).toBe(0);
    expect(macsOf(() => signer.check(signer.sign(0)))).toBe(2);
  });
});
