// Rotation by itself, as pure steps: when something is due, and what is done then. model.test.ts shows that nobody is
// logged out by it.
import { describe, expect, test } from 'vitest';
import { mayBeDue, nextKeyAt, type RotationPolicy, turn } from '../../src/keyring/automatic.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { applyScheduled } from '../../src/keyring/scheduled.js';
import type { ReplicaFacts, TransitionFacts } from '../../src/keyring/step-facts.js';
import { promote, retire, stage } from '../../src/keyring/transitions.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const MAX_LAG = 60;
const SKEW = 300;
const LEASE = 900;
const LIFETIME = 3600;
const EVERY = 90 * 86_400;
const PLAN: RotationPolicy = { every: EVERY, lease: LEASE };
/** From staging until the key signs everywhere, in seconds. */
const TAKEOVER = LEASE + MAX_LAG + SKEW;
/** From the takeover until nobody can have a token of the former key, in seconds. */
const WINDOW = MAX_LAG + LIFETIME + 2 * SKEW;

const materials = Array.from({ length: 9 }, (_, n) => new Material(`secret number ${n}`));
const kid = (n: number) => (materials[n] as Material).kid;

/** So many seconds after the beginning. */
const at = (seconds: number, replicas: readonly ReplicaFacts[] = []): TransitionFacts => ({
  now: NOW + seconds * 1000,
  maxLag: MAX_LAG,
  skew: SKEW,
  lifetimes: { session: LIFETIME },
  replicas,
});
const key = (n: number, state: KeyState, more: KeyFacts = {}) =>
  new Key(materials[n] as Material, state, { dates: { [state]: NOW }, ...more });
const ring = (...keys: Key[]) => new Keyring(keys, { id: 'ring', generation: 7 });
const states = ({ keys }: Keyring) =>
  keys.map(({ id, state }) => `${materials.findIndex((one) => one.kid === id)} ${state}`);

/** Fresh keys, and how many were drawn. */
function fresh(first = 1) {
  let next = first;
  return Object.assign(() => materials[next++] as Material, { drawn: () => next - first });
}
const ONE = ring(key(0, 'active'));
const step = (from: Keyring, facts: TransitionFacts, next = fresh()) => turn(from, PLAN, next, facts);

describe('a new key', () => {
  test('is due a period after the one that signs began to, and not before', () => {
    expect(nextKeyAt(ONE, EVERY)).toBe(NOW + EVERY * 1000);
    for (const seconds of [0, EVERY - 0.001]) {
      expect(step(ONE, at(seconds))).toBe(ONE);
      expect(mayBeDue(ONE, PLAN, at(seconds))).toBe(false);
    }
    const turned = step(ONE, at(EVERY));
    expect(mayBeDue(ONE, PLAN, at(EVERY))).toBe(true);
    expect(states(turned)).toEqual(['1 staged', '0 active']);
    expect([turned.generation, turned.history.at(-1)]).toEqual([
      8,
      expect.objectContaining({ what: 'stage', kid: kid(1) }),
    ]);
  });

  test('takes over when whoever has not heard of it is not ready any more', () => {
    const turned = step(ONE, at(EVERY));
    expect(turned.keys[0]?.scheduledFor).toBe(NOW + (EVERY + TAKEOVER) * 1000);
    expect(states(applyScheduled(turned, NOW + (EVERY + TAKEOVER) * 1000 - 1))).toEqual([
      '1 staged',
      '0 active',
    ]);
    expect(states(applyScheduled(turned, NOW + (EVERY + TAKEOVER) * 1000))).toEqual([
      '1 active',
      '0 retiring',
    ]);
  });

  test('is one, however many periods have passed', () => {
    const next = fresh();
    const turned = step(ONE, at(10 * EVERY), next);
    expect(next.drawn()).toBe(1);
    expect(step(turned, at(10 * EVERY), next)).toBe(turned);
    // The period begins anew when it signs.
    const later = 10 * EVERY + TAKEOVER;
    expect(step(turned, at(later + WINDOW - 1), next)).toBe(turned);
    expect(mayBeDue(turned, PLAN, at(later + EVERY - 1))).toBe(true);
    const retired = step(turned, at(later + WINDOW), next);
    expect(states(retired)).toEqual(['1 active', '0 retired']);
    expect(step(retired, at(later + EVERY - 0.001), next)).toBe(retired);
    // By then nothing carries the id of the retired one any more.
    expect(states(step(retired, at(later + EVERY), next))).toEqual(['2 staged', '1 active']);
  });

  test('is not drawn where it is not due', () => {
    const next = fresh();
    step(ONE, at(0), next);
    expect(next.drawn()).toBe(0);
  });

  test('waits for one that was staged by hand, until that is promoted or retired', () => {
    const staged = stage(ONE, materials[5] as Material, at(EVERY - 10));
    for (const seconds of [EVERY, 5 * EVERY]) expect(step(staged, at(seconds))).toBe(staged);
    const retired = retire(staged, kid(5), at(2 * EVERY));
    expect(states(step(retired, at(2 * EVERY)))[0]).toBe('1 staged');
    const promoted = promote(staged, undefined, at(2 * EVERY));
    expect(states(step(promoted, at(3 * EVERY - 0.001)))).not.toContain('1 staged');
    expect(states(step(promoted, at(3 * EVERY)))).toContain('1 staged');
  });

  test('comes a period after a rotation by hand', () => {
    const promoted = promote(stage(ONE, materials[5] as Material, at(100)), undefined, at(2000));
    expect(nextKeyAt(promoted, EVERY)).toBe(NOW + (2000 + EVERY) * 1000);
  });

  test('is never due where the ring does not say since when one signs', () => {
    const undated = ring(new Key(materials[0] as Material, 'active'));
    expect(nextKeyAt(undated, EVERY)).toBeUndefined();
    expect(step(undated, at(100 * EVERY))).toBe(undated);
    expect(mayBeDue(undated, PLAN, at(100 * EVERY))).toBe(false);
  });

  test('may come more often than one takes over: each waits for the one before', () => {
    const often = { every: 60, lease: LEASE };
    const next = fresh();
    let present = ONE;
    let seconds = 0;
    for (let n = 0; n < 6; n++) {
      seconds += 60;
      present = turn(present, often, next, at(seconds));
      expect(states(present)[0]).toBe(`${n + 1} staged`);
      const early = turn(present, often, next, at(seconds + TAKEOVER - 1));
      expect(states(early).filter((state) => state.endsWith('staged'))).toEqual([`${n + 1} staged`]);
      seconds += TAKEOVER;
    }
  });
});

describe('a former key', () => {
  const TURNED = step(ONE, at(EVERY));
  const OVER = EVERY + TAKEOVER;

  test('goes when its last token has expired, also where nobody has written down that it was taken over from', () => {
    expect(states(TURNED)).toEqual(['1 staged', '0 active']);
    expect(mayBeDue(TURNED, PLAN, at(OVER + WINDOW - 0.001))).toBe(false);
    expect(step(TURNED, at(OVER + WINDOW - 0.001))).toBe(TURNED);
    expect(mayBeDue(TURNED, PLAN, at(OVER + WINDOW))).toBe(true);
    const retired = step(TURNED, at(OVER + WINDOW));
    expect(states(retired)).toEqual(['1 active', '0 retired']);
    expect(retired.get(kid(0))?.material).toBeUndefined();
    expect(step(retired, at(OVER + WINDOW))).toBe(retired);
  });

  test('stays while a replica may still sign with it, or has signed later than was thought', () => {
    const deaf: ReplicaFacts = { instance: 'web-2', verifies: [kid(0)], signs: kid(0) };
    expect(step(TURNED, at(OVER + WINDOW, [deaf]))).toBe(TURNED);
    const ended = { instance: 'gone', verifies: [], signs: undefined, ended: true };
    const signed = { ...ended, lastSigned: { [kid(0)]: NOW + (OVER + MAX_LAG + 500) * 1000 } };
    expect(step(TURNED, at(OVER + WINDOW + 499, [signed]))).toBe(TURNED);
    expect(states(step(TURNED, at(OVER + WINDOW + 500, [signed])))).toContain('0 retired');
  });

  test('stays where the ring does not say since when it only verifies', () => {
    const undated = ring(key(1, 'active'), new Key(materials[0] as Material, 'retiring'));
    expect(mayBeDue(undated, PLAN, at(1000))).toBe(false);
    expect(step(undated, at(1000))).toBe(undated);
  });

  test('goes with others in one step, and with it comes the next key', () => {
    const two = ring(key(2, 'active'), key(1, 'retiring'), key(0, 'retiring'));
    expect(states(step(two, at(EVERY), fresh(3)))).toEqual([
      '3 staged',
      '2 active',
      '1 retired',
      '0 retired',
    ]);
  });
});
