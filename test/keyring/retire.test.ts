// How a key goes: retire, revoke, and what is scheduled; also with facts that nobody expected.
import { describe, expect, test } from 'vitest';
import { formerKey } from '../../src/keyring/former-key.js';
import { Key } from '../../src/keyring/key.js';
import { applyScheduled, nextScheduledAt } from '../../src/keyring/scheduled.js';
import type { ReplicaFacts } from '../../src/keyring/step-facts.js';
import { promote, retire, revoke, rollback, stage } from '../../src/keyring/transitions.js';
import { safeToRetireAt } from '../../src/keyring/waits.js';
import {
  at,
  FIRST,
  FRESH,
  facts,
  K1,
  K2,
  K3,
  key,
  LIFETIME,
  MAX_LAG,
  NOW,
  PROMOTABLE,
  PROMOTED,
  refusal,
  replica,
  ring,
  SECOND,
  SECOND_KEY,
  SKEW,
  STAGED,
  states,
  THIRD,
  WINDOW,
} from './bench.js';

describe('retire, all that is safe', () => {
  const from = ring(
    key(THIRD, 'active'),
    key(SECOND_KEY, 'retiring').enter('retiring', NOW + 100 * SECOND),
    key(FIRST, 'retiring'),
  );

  test('takes every retiring key whose tokens have expired, and leaves the others', () => {
    const next = retire(from, undefined, facts({ now: NOW + WINDOW }));
    expect(states(next)).toEqual({ K1: 'retired', K2: 'retiring', K3: 'active' });
    const later = retire(from, undefined, facts({ now: NOW + 100 * SECOND + WINDOW }));
    expect(states(later)).toEqual({ K1: 'retired', K2: 'retired', K3: 'active' });
    expect(later.history.slice(-2).map(({ what, kid }) => `${what} ${kid}`)).toEqual([
      `retire ${K2}`,
      `retire ${K1}`,
    ]);
    expect(later.passesThrough(from)).toBe(true);
  });

  test('one that a replica still signs with keeps no other from going', () => {
    const signing = [replica('web-1', { signs: K1, verifies: [K1, K2, K3] })];
    const next = retire(from, undefined, at(1e6, { replicas: signing }));
    expect(states(next)).toEqual({ K1: 'retiring', K2: 'retired', K3: 'active' });
  });
});

describe('formerKey', () => {
  test('is nobody before the first handing over', () => {
    expect(formerKey(STAGED)).toBeUndefined();
    expect(formerKey(retire(STAGED, K2, facts()))).toBeUndefined();
  });

  test('is the revoked key after the active one was revoked, so there is no way back', () => {
    const next = revoke(stage(PROMOTED, THIRD, at(1)), K2, FRESH, at(2, { why: 'leaked' }));
    expect(states(next)).toEqual({ K1: 'retiring', K2: 'revoked', K3: 'active' });
    expect(formerKey(next)?.id).toBe(K2);
    expect(refusal(() => rollback(next, at(3))).code).toBe('rollback_impossible');
    // By name it is possible: nobody who verifies lacks K1.
    expect(promote(next, K1, at(3)).active.id).toBe(K1);
  });

  test('is the same after it was rolled back to and then revoked', () => {
    const back = rollback(PROMOTED, at(10));
    const next = revoke(back, K1, FRESH, at(20, { why: 'leaked' }));
    expect(next.get(K1)?.dates).toEqual({
      active: NOW + 10 * SECOND,
      retiring: NOW,
      revoked: NOW + 20 * SECOND,
    });
    expect(formerKey(next)?.id).toBe(K1);
  });
});

describe('retire', () => {
  test('takes the material and keeps the id', () => {
    const next = retire(PROMOTED, undefined, facts({ now: NOW + WINDOW }));
    expect(next.get(K1)).toMatchObject({ state: 'retired', live: false, material: undefined });
    expect(next.get(K1)?.dates).toEqual({ retiring: NOW, retired: NOW + WINDOW });
    expect(next.live.map(({ id }) => id)).toEqual([K2]);
  });

  test('takes a staged key at once, and another can be staged', () => {
    const next = retire(STAGED, K2, facts());
    expect(states(next)).toEqual({ K1: 'active', K2: 'retired' });
    expect(states(stage(next, THIRD, facts()))).toEqual({ K1: 'active', K2: 'retired', K3: 'staged' });
  });

  test('takes a staged key while everybody can still hear of it before its scheduled time', () => {
    const scheduledFor = NOW + (MAX_LAG + SKEW) * SECOND;
    const from = ring(key(SECOND_KEY, 'staged', { scheduledFor }), key(FIRST, 'active'));
    const next = retire(from, K2, facts());
    expect(applyScheduled(next, scheduledFor)).toBe(next);
  });

  test.each<[string, Record<string, number>, number]>([
    ['the longest lifetime ever in force', { session: 50, url: 7200 }, 7200],
    ['not what configuration says now, when something was noted', { session: 50 }, 50],
    ['what configuration says now, when nothing was', {}, LIFETIME],
  ])('the window goes by %s', (_, lifetimes, longest) => {
    const retiring = key(FIRST, 'retiring', { lifetimes });
    const safeAt = NOW + (MAX_LAG + longest + 2 * SKEW) * SECOND;
    expect(safeToRetireAt(retiring, facts())).toBe(safeAt);
  });

  const signedLate = { lastSigned: { [K1]: NOW + 1000 * SECOND } };
  test.each<[string, readonly ReplicaFacts[], number]>([
    ['nobody reports', [], NOW + WINDOW],
    ['a report of another key', [replica('a', { lastSigned: { [K2]: NOW + 1e9 } })], NOW + WINDOW],
    ['a signature before the lag was over', [replica('a', { lastSigned: { [K1]: NOW + 1 } })], NOW + WINDOW],
    ['a later signature', [replica('b'), replica('a', signedLate)], NOW + WINDOW + (1000 - MAX_LAG) * SECOND],
    [
      'a later signature by a process that has ended',
      [replica('a', { ...signedLate, ended: true })],
      NOW + WINDOW + (1000 - MAX_LAG) * SECOND,
    ],
  ])('the window begins when the last replica stopped signing: %s', (_, replicas, safeAt) => {
    const retiring = PROMOTED.get(K1) as Key;
    expect(safeToRetireAt(retiring, facts({ replicas }))).toBe(safeAt);
  });

  test('the last signature holds up the step itself', () => {
    const replicas = [replica('a', { ...signedLate, ended: true })];
    const error = refusal(() => retire(PROMOTED, K1, facts({ now: NOW + WINDOW, replicas })));
    expect(error).toMatchObject({ code: 'too_early', safeAt: NOW + WINDOW + (1000 - MAX_LAG) * SECOND });
  });

  test.each<[string, ReplicaFacts]>([
    ['that has ended and signed with it', replica('a', { ended: true })],
    [
      'that accepted its last token in time',
      replica('a', { signs: K2, lastVerified: { [K1]: NOW + WINDOW } }),
    ],
    ['that no longer knows it', replica('a', { signs: K2, verifies: [K2] })],
  ])('a replica %s holds up nothing', (_, one) => {
    const next = retire(PROMOTED, K1, facts({ now: NOW + WINDOW, replicas: [one] }));
    expect(states(next)).toEqual({ K1: 'retired', K2: 'active' });
  });

  test('a scheduled promotion notes the lifetimes that were in force until then', () => {
    const scheduledFor = NOW + 1000;
    const before = ring(
      key(SECOND_KEY, 'staged', { scheduledFor }),
      key(FIRST, 'active', { lifetimes: { session: 10 } }),
    );
    const error = refusal(() => retire(before, K1, facts({ now: scheduledFor + 1 })));
    expect(error.safeAt).toBe(scheduledFor + WINDOW);
  });
});

describe('odd facts', () => {
  test('a purpose called "constructor" counts like any other', () => {
    const odd = facts({ lifetimes: { session: LIFETIME, constructor: 2 * LIFETIME } as never });
    const promoted = promote(STAGED, undefined, { ...odd, now: NOW + PROMOTABLE * SECOND });
    const former = promoted.get(K1) as Key;
    expect(former.lifetimes).toEqual({ session: LIFETIME, constructor: 2 * LIFETIME });
    expect(safeToRetireAt(former, { ...odd, now: NOW })).toBe(
      NOW + PROMOTABLE * SECOND + WINDOW + LIFETIME * SECOND,
    );
  });

  test('a key id like a name that every object has takes nothing from there', () => {
    const odd = new Key(FIRST, 'retiring', { dates: { retiring: NOW } });
    Object.defineProperty(Object.prototype, K1, { value: NOW * 2, configurable: true });
    try {
      const replicas = [replica('web-1', { lastSigned: {}, lastVerified: {} })];
      expect(safeToRetireAt(odd, facts({ replicas }))).toBe(NOW + WINDOW);
    } finally {
      delete (Object.prototype as Record<string, unknown>)[K1];
    }
  });

  test('a lifetime without an end is a refusal with a date that there is', () => {
    const replicas = [replica('web-1', { signs: K2, lastSigned: { [K1]: 8.64e15 } })];
    const { code, safeAt, hint } = refusal(() => retire(PROMOTED, K1, facts({ replicas })));
    expect([code, safeAt]).toEqual(['too_early', 8.64e15]);
    expect(hint).toContain('+275760-09-13');
  });

  test('an empty reason or name is none: a document could not be read that holds one', () => {
    const staged = stage(ring(key(FIRST, 'active')), THIRD, facts({ who: '', why: '' }));
    expect(staged.history.at(-1)).toEqual({ at: NOW, what: 'stage', kid: K3 });
  });

  test('a staged key that has signed elsewhere stays until its tokens have expired', () => {
    // The document was put back from a copy.
    const signing = [replica('web-1', { signs: K2 })];
    expect(refusal(() => retire(STAGED, K2, facts({ replicas: signing }))).code).toBe('replica_behind');
    const ended = [replica('gone', { ended: true, lastSigned: { [K2]: NOW } })];
    const wait = LIFETIME + 2 * SKEW;
    expect(refusal(() => retire(STAGED, K2, at(wait - 1, { replicas: ended })))).toMatchObject({
      code: 'too_early',
      safeAt: NOW + wait * SECOND,
    });
    expect(states(retire(STAGED, K2, at(wait, { replicas: ended })))).toMatchObject({ K2: 'retired' });
  });

  test('a replica that has fallen silent holds up a promotion, and shortens none', () => {
    const two = [replica('web-1'), replica('web-2', { silent: true })];
    const promoteWith = (replicas: readonly ReplicaFacts[]) =>
      promote(STAGED, undefined, facts({ replicas, expectedReplicas: 2 }));
    expect(refusal(() => promoteWith(two)).code).toBe('too_early');
    expect(states(promoteWith([...two, replica('web-3')]))).toMatchObject({ K2: 'active' });
    const behind = [replica('web-1'), replica('web-2'), replica('web-3', { silent: true, verifies: [K1] })];
    expect(refusal(() => promoteWith(behind)).code).toBe('replica_behind');
  });
});

describe('revoke', () => {
  const why = { why: 'it leaked' };

  test('takes the material of a retiring key and changes nothing else', () => {
    const next = revoke(PROMOTED, K1, FRESH, facts(why));
    expect(states(next)).toEqual({ K1: 'revoked', K2: 'active' });
    expect(next.get(K1)).toMatchObject({ live: false, dates: { retiring: NOW, revoked: NOW } });
  });

  test('takes a staged key', () => {
    expect(states(revoke(STAGED, K2, FRESH, facts(why)))).toEqual({ K1: 'active', K2: 'revoked' });
  });

  test('marks a retired key, so that a refusal can say why', () => {
    const retired = retire(PROMOTED, K1, facts({ now: NOW + WINDOW }));
    expect(states(revoke(retired, K1, FRESH, facts(why)))).toEqual({ K1: 'revoked', K2: 'active' });
  });

  test('puts the staged key in the place of the active one, in one step and however early', () => {
    const next = revoke(STAGED, K1, FRESH, facts(why));
    expect(states(next)).toEqual({ K1: 'revoked', K2: 'active' });
    expect(next.active.dates).toEqual({ staged: NOW, active: NOW });
    expect(next.generation).toBe(8);
    expect(next.history).toHaveLength(2);
  });

  test('puts a fresh key in the place of the active one when none is staged', () => {
    const next = revoke(PROMOTED, K2, FRESH, facts(why));
    expect(states(next)).toEqual({ K4: 'active', K1: 'retiring', K2: 'revoked' });
    expect(next.active.lifetimes).toEqual({ session: LIFETIME });
  });

  test('waits for nobody', () => {
    const replicas = [replica('a', { verifies: [], signs: K1 })];
    expect(revoke(STAGED, K1, FRESH, facts({ ...why, replicas })).active.id).toBe(K2);
  });
});

describe('applyScheduled', () => {
  const AT = NOW + 1000;
  const PLANNED = ring(key(SECOND_KEY, 'staged', { scheduledFor: AT }), key(FIRST, 'active'));

  test('is the ring itself until the scheduled time, and where nothing is scheduled', () => {
    expect(applyScheduled(PLANNED, AT - 1)).toBe(PLANNED);
    expect(applyScheduled(STAGED, AT + WINDOW)).toBe(STAGED);
  });

  test('from then on the scheduled key has taken over, at that very moment, whenever one looks', () => {
    for (const now of [AT, AT + WINDOW]) {
      const later = applyScheduled(PLANNED, now);
      expect(states(later)).toEqual({ K1: 'retiring', K2: 'active' });
      expect(later.get(K1)?.dates.retiring).toBe(AT);
      expect(later.get(K2)?.dates.active).toBe(AT);
      expect(later.generation).toBe(PLANNED.generation);
      expect(later.history.at(-1)).toMatchObject({ at: AT, what: 'promote', kid: K2 });
      expect(applyScheduled(later, now)).toBe(later);
    }
  });

  test('two plans come true one after another, whatever their order in the document', () => {
    const scheduled = ring(
      key(THIRD, 'staged', { scheduledFor: NOW + 2 * SECOND }),
      key(SECOND_KEY, 'staged', { scheduledFor: NOW + SECOND }),
      key(FIRST, 'active'),
    );
    expect(nextScheduledAt(scheduled)).toBe(NOW + SECOND);
    const first = applyScheduled(scheduled, NOW + SECOND);
    expect(states(first)).toEqual({ K3: 'staged', K2: 'active', K1: 'retiring' });
    expect(nextScheduledAt(first)).toBe(NOW + 2 * SECOND);
    const both = applyScheduled(scheduled, NOW + 5 * SECOND);
    expect(states(both)).toEqual({ K3: 'active', K2: 'retiring', K1: 'retiring' });
    expect(nextScheduledAt(both)).toBeUndefined();
    expect(both.get(K2)?.dates).toMatchObject({ active: NOW + SECOND, retiring: NOW + 2 * SECOND });
  });

  test('nextScheduledAt says when', () => {
    expect(nextScheduledAt(PLANNED)).toBe(AT);
    expect(nextScheduledAt(applyScheduled(PLANNED, AT))).toBeUndefined();
    expect(nextScheduledAt(STAGED)).toBeUndefined();
  });
});
