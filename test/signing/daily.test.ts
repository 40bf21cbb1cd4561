// Derived daily keys (epoch = "day"): each UTC day signs with a child of the active key. Nothing is stored and
// nothing synchronised, so replicas agree by the date alone.
import { describe, expect, test } from 'vitest';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import type { Epoch } from '../../src/signing/purpose-keys.js';
import { TokenSigner } from '../../src/signing/signer.js';
import { Usage } from '../../src/signing/usage.js';
import { OTHER_SECRET, ringOf, SECRET } from '../support/keyturn.js';

const NOON = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A replica: its own ring object, clock and setting. */
function replica(
  epoch: Epoch,
  { ring = ringOf([SECRET, 'active']), maxAge = 3 * 86_400, purpose = 'session' } = {},
) {
  const clock = { now: NOON };
  const live = new LiveKeyring(ring, () => clock.now);
  const usage = new Usage();
  const signer = new TokenSigner<string>({
    purpose,
    maxAge,
    ring: live,
    clock: () => clock.now,
    usage,
    epoch,
    apps: [undefined] as const,
    onRefusal: () => {},
  });
  return { clock, live, signer, usage };
}

describe('daily keys', () => {
  test('a token says the id of the ring key, and its MAC is of the day', () => {
    const daily = replica('day');
    const plain = replica('none');
    const [today, same] = [daily.signer.sign('x'), plain.signer.sign('x')];
    expect(today.slice(4, 12)).toBe(new Material(SECRET).kid);
    expect(today.slice(0, -44)).toBe(same.slice(0, -44));
    expect(today.slice(-43)).not.toBe(same.slice(-43));
  });

  test('it is the child of the date, as any language can compute it', () => {
    const { signer } = replica('day');
    const token = signer.sign('x');
    const child = new Material(SECRET).child('2026-11-20');
    const alone = replica('none', { ring: new Keyring([new Key(child, 'active')]) });
    // The same MAC key under the id of the parent.
    const body = token.slice(0, -44).replace(new Material(SECRET).kid, child.kid);
    expect(alone.signer.verify(`${body}.${alone.signer.sign('x').slice(-43)}`).ok).toBe(true);
  });

  test('another replica accepts it without being told anything', () => {
    expect(replica('day').signer.verify(replica('day').signer.sign('x'))).toMatchObject({
      ok: true,
      stale: false,
    });
  });

  test('past days verify as long as tokens live, and not longer', () => {
    const { clock, signer } = replica('day');
    const token = signer.sign('x');
    for (const days of [1, 2]) {
      clock.now = NOON + days * DAY;
      expect(signer.verify(token).ok).toBe(true);
    }
    clock.now = NOON + 3 * DAY;
    expect(signer.verify(token)).toEqual({ ok: false, reason: 'expired' });
  });

  test('around midnight clocks that differ by minutes accept each other, tomorrow by an hour at most', () => {
    const [early, late] = [replica('day'), replica('day')];
    const midnight = Date.UTC(2026, 10, 21);
    early.clock.now = midnight + 60_000;
    late.clock.now = midnight - 5 * 60_000;
    expect(late.signer.verify(early.signer.sign('x')).ok).toBe(true);
    expect(early.signer.verify(late.signer.sign('x')).ok).toBe(true);
    late.clock.now = midnight - HOUR - 60_000;
    expect(late.signer.verify(early.signer.sign('x'))).toEqual({ ok: false, reason: 'bad_signature' });
  });

  test('the setting can be changed on one replica after another, in any order', () => {
    const [daily, plain] = [replica('day'), replica('none')];
    expect(plain.signer.verify(daily.signer.sign('x')).ok).toBe(true);
    expect(daily.signer.verify(plain.signer.sign('x')).ok).toBe(true);
    expect(plain.signer.verify(daily.signer.sign('x', { bind: 'b' }), { bind: 'b' }).ok).toBe(true);
    expect(plain.signer.verify(daily.signer.sign('x', { bind: 'b' }), { bind: 'c' })).toEqual({
      ok: false,
      reason: 'bind_mismatch',
    });
  });

  test('the verbs act on the parents: promoted, retiring, revoked', () => {
    const { live, signer } = replica('day');
    const token = signer.sign('x');
    live.replace(ringOf([OTHER_SECRET, 'active'], [SECRET, 'retiring']));
    expect(signer.verify(token)).toMatchObject({ ok: true, stale: true });
    expect(signer.sign('y').slice(4, 12)).toBe(new Material(OTHER_SECRET).kid);
    live.replace(ringOf([OTHER_SECRET, 'active'], [SECRET, 'revoked']));
    expect(signer.verify(token)).toEqual({ ok: false, reason: 'revoked_key' });
  });

  test('a token cannot be moved to another day, nor to another purpose', () => {
    const { clock, signer } = replica('day');
    const token = signer.sign('x');
    const yesterday = replica('day');
    yesterday.clock.now = NOON - DAY;
    const other = yesterday.signer.sign('x');
    expect(signer.verify(other.slice(0, -43) + token.slice(-43)).ok).toBe(false);
    expect(replica('day', { purpose: 'flash' }).signer.verify(token).ok).toBe(false);
    clock.now = NOON;
  });

  test('many forged dates cost no derivation: days without living tokens are not tried', () => {
    const { signer, usage } = replica('none');
    const token = signer.sign('x');
    let derived = 0;
    const child = Material.prototype.child;
    Material.prototype.child = function (day) {
      derived++;
      return child.call(this, day);
    };
    try {
      for (let n = 0; n < 4000; n++) {
        const day = Math.floor(NOON / DAY) - 2000 + n;
        const seconds = BigInt(day * 86_400);
        const time = Buffer.from((seconds << 12n).toString(16).padStart(12, '0').slice(-12), 'hex')
          .toString('base64url')
          .slice(0, 6);
        expect(signer.verify(`${token.slice(0, 13)}${time}${token.slice(19)}`).ok).toBe(false);
      }
    } finally {
      Material.prototype.child = child;
    }
    expect(derived).toBeLessThanOrEqual(6);
    expect(usage.uses[0]?.verified).toBe(0);
  });
});
