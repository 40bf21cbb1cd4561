// From staged to active and back: stage, promote, rollback, and the clocks that waits go by.
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { formerKey } from '../../src/keyring/former-key.js';
import type { Key } from '../../src/keyring/key.js';
import { nextScheduledAt } from '../../src/keyring/scheduled.js';
import { type ReplicaFacts, replicasWithout } from '../../src/keyring/step-facts.js';
import { promote, retire, rollback, stage } from '../../src/keyring/transitions.js';
import { safeToPromoteAt, safeToRetireAt } from '../../src/keyring/waits.js';
import {
  at,
  FIRST,
  facts,
  K1,
  K2,
  K3,
  key,
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

describe('stage', () => {
  test('adds the key in front; it verifies and does not sign', () => {
    const next = stage(ring(key(FIRST, 'active')), SECOND_KEY, facts());
    expect(next.keys.map(({ id, state }) => [id, state])).toEqual([
      [K2, 'staged'],
      [K1, 'active'],
    ]);
    expect(next.active.id).toBe(K1);
    expect(next.get(K2)).toMatchObject({ live: true, dates: { staged: NOW }, scheduledFor: undefined });
    expect(next.get(K2)?.lifetimes).toEqual({});
  });
});

describe('promote', () => {
  test('lets the staged key sign; the former turns retiring, both dated', () => {
    const next = promote(STAGED, undefined, at(PROMOTABLE));
    expect(states(next)).toEqual({ K1: 'retiring', K2: 'active' });
    expect(next.get(K2)?.dates).toEqual({ staged: NOW, active: NOW + PROMOTABLE * SECOND });
    expect(next.get(K1)?.dates).toEqual({ active: NOW, retiring: NOW + PROMOTABLE * SECOND });
    expect(next.get(K1)?.live).toBe(true);
  });

  test('notes the lifetimes in force with the former key too, and never shortens any', () => {
    const from = ring(
      key(SECOND_KEY, 'staged'),
      key(FIRST, 'active', { lifetimes: { session: 9000, url: 5 } }),
    );
    const next = promote(from, K2, at(PROMOTABLE, { lifetimes: { session: 100, csrf: 7 } }));
    expect(next.get(K1)?.lifetimes).toEqual({ session: 9000, url: 5, csrf: 7 });
    expect(next.get(K2)?.lifetimes).toEqual({ session: 100, csrf: 7 });
  });

  test('lets a retiring key sign again at once: everybody verifies with it', () => {
    const next = promote(PROMOTED, K1, facts());
    expect(states(next)).toEqual({ K1: 'active', K2: 'retiring' });
  });

  test('a replica that holds it up is called by its place, where that has a name', () => {
    const behind = (unit?: string) => facts({ replicas: [replica('vm-12-x', { verifies: [K1], unit })] });
    const refused = (unit?: string) => refusal(() => promote(STAGED, undefined, behind(unit)));
    expect(refused('replica-c')).toMatchObject({ code: 'replica_behind', replica: 'vm-12-x' });
    expect(refused('replica-c').message).toMatch(/^replica-c \(vm-12-x\) cannot verify with/);
    expect(refused().message).toMatch(/^vm-12-x cannot/);
  });

  test('takes over before its scheduled time, and the plan is gone', () => {
    const from = ring(key(SECOND_KEY, 'staged', { scheduledFor: NOW + WINDOW }), key(FIRST, 'active'));
    const next = promote(from, undefined, at(PROMOTABLE));
    expect(next.active).toMatchObject({ id: K2, scheduledFor: undefined });
    expect(nextScheduledAt(next)).toBeUndefined();
  });

  const know = (instance: string) => replica(instance);
  const gone = (instance: string) => replica(instance, { ended: true });
  test.each<[string, number | undefined, readonly ReplicaFacts[], 'promoted' | ErrorCode]>([
    ['no number and no report', undefined, [], 'too_early'],
    ['no number: reports alone prove nothing', undefined, [know('a'), know('b')], 'too_early'],
    ['as many reports as expected', 2, [know('a'), know('b')], 'promoted'],
    ['more reports than expected', 1, [know('a'), know('b')], 'promoted'],
    ['fewer reports than expected', 3, [know('a'), know('b')], 'too_early'],
    ['none expected and none there', 0, [], 'too_early'],
    ['none expected, but some there', 0, [know('a')], 'too_early'],
    ['less than none', -1, [], 'too_early'],
    ['not a number', Number.NaN, [know('a')], 'too_early'],
    ['one of them behind', 2, [know('a'), replica('b', { verifies: [K1] })], 'replica_behind'],
    [
      'enough know it, and one more is behind',
      1,
      [know('a'), replica('b', { verifies: [] })],
      'replica_behind',
    ],
    ['an ended one does not count', 2, [know('a'), gone('b')], 'too_early'],
    ['an ended one is not behind', 1, [know('a'), { ...gone('b'), verifies: [] }], 'promoted'],
  ])('before the lag has passed, with %s', (_, expectedReplicas, replicas, outcome) => {
    const step = () => promote(STAGED, undefined, facts({ replicas, expectedReplicas }));
    if (outcome === 'promoted') expect(step().active.id).toBe(K2);
    else expect(refusal(step).code).toBe(outcome);
  });

  test('after the lag nobody need report', () => {
    expect(promote(STAGED, undefined, at(PROMOTABLE, { expectedReplicas: 5 })).active.id).toBe(K2);
  });
});

describe('which clock counts', () => {
  const HERE = 'boot here';
  const ENGINE = 'Redis 1';
  const staged = stage(
    ring(key(FIRST, 'active')),
    SECOND_KEY,
    facts({ clocks: { [HERE]: 5, [ENGINE]: NOW } }),
  );
  /** So many seconds later, by the time of day of a machine that is ahead by others. */
  const later = (seconds: number, ahead: number, clocks: Record<string, number> = {}) =>
    at(seconds + ahead, { clocks });
  const tick = (seconds: number) => 5 + seconds * SECOND;

  test('stage notes what the clocks at hand show; whatever the key does next, they are forgotten', () => {
    expect(staged.get(K2)?.clocks).toEqual({ [HERE]: 5, [ENGINE]: NOW });
    const promoted = promote(staged, K2, later(PROMOTABLE, 0));
    expect(promoted.get(K2)?.clocks).toEqual({});
    expect(retire(staged, K2, facts()).get(K2)?.clocks).toEqual({});
    expect(rollback(stage(PROMOTED, THIRD, facts({ clocks: { [HERE]: 7 } })), at(1)).get(K3)?.clocks).toEqual(
      {
        [HERE]: 7,
      },
    );
  });

  test.each<[string, number, number, Record<string, number>, number | undefined]>([
    ['the same one, to the second', MAX_LAG, 0, { [HERE]: tick(MAX_LAG) }, undefined],
    ['the same one, too early', 59, 0, { [HERE]: tick(59) }, 1],
    ['the same one, whatever the time of day', 10, 2 * PROMOTABLE, { [HERE]: tick(10) }, 50],
    ['the same one, the time of day put back', MAX_LAG, -3600, { [HERE]: tick(MAX_LAG) }, undefined],
    ['none: the time of day may be ahead', MAX_LAG, SKEW - 1, {}, 1],
    ['none: the longest that it can be ahead is over', MAX_LAG, SKEW, {}, undefined],
    ['another one that shows more', MAX_LAG, 0, { 'boot elsewhere': tick(9999) }, SKEW],
    [
      'that of the engine',
      MAX_LAG,
      200,
      { 'boot elsewhere': 1, [ENGINE]: NOW + MAX_LAG * SECOND },
      undefined,
    ],
    ['that of the engine, too early', 10, 200, { [ENGINE]: NOW + 10 * SECOND }, 50],
    ['the first of two', 10, 0, { [HERE]: tick(10), [ENGINE]: NOW + 999 * SECOND }, 50],
    ['one that shows less than it did is not the same', MAX_LAG, 0, { [HERE]: 4 }, SKEW],
    ['a name that every object has', MAX_LAG, 0, { constructor: 9e9 }, SKEW],
  ])('%s', (_, seconds, ahead, clocks, left) => {
    const given = later(seconds, ahead, clocks);
    const step = () => promote(staged, undefined, given);
    if (left === undefined) expect(step().active.id).toBe(K2);
    else expect(refusal(step)).toMatchObject({ code: 'too_early', safeAt: given.now + left * SECOND });
  });
});

describe('rollback', () => {
  test('lets the former key sign; the newer one turns retiring and goes on verifying', () => {
    const next = rollback(PROMOTED, at(5));
    expect(states(next)).toEqual({ K1: 'active', K2: 'retiring' });
    expect(next.get(K2)).toMatchObject({ live: true, dates: { active: NOW, retiring: NOW + 5 * SECOND } });
  });

  test('goes back, and forth by name alone; the wait for each begins anew', () => {
    const back = rollback(PROMOTED, at(10));
    expect(refusal(() => rollback(back, at(11))).code).toBe('done_already');
    expect(refusal(() => rollback(stage(back, THIRD, at(11)), at(12))).code).toBe('done_already');
    const forth = promote(back, K2, at(20));
    expect(states(forth)).toEqual({ K1: 'retiring', K2: 'active' });
    expect(safeToRetireAt(forth.get(K1) as Key, facts())).toBe(NOW + 20 * SECOND + WINDOW);
    const again = rollback(forth, at(30));
    expect(states(again)).toEqual({ K1: 'active', K2: 'retiring' });
    expect(again.generation).toBe(10);
  });

  test('goes to the key that signed last, not to the oldest', () => {
    const third = promote(stage(PROMOTED, THIRD, at(10)), undefined, at(10 + PROMOTABLE));
    expect(formerKey(third)?.id).toBe(K2);
    const back = rollback(third, at(400));
    expect(states(back)).toEqual({ K1: 'retiring', K2: 'active', K3: 'retiring' });
    expect(formerKey(back)?.id).toBe(K3);
    const elsewhere = promote(back, K1, at(410));
    expect(formerKey(elsewhere)?.id).toBe(K2);
    expect(rollback(elsewhere, at(420)).active.id).toBe(K2);
  });

  test('a staged key keeps waiting', () => {
    const next = rollback(stage(PROMOTED, THIRD, at(10)), at(20));
    expect(states(next)).toEqual({ K1: 'active', K2: 'retiring', K3: 'staged' });
  });
});

describe('what status asks', () => {
  test('safeToPromoteAt', () => {
    expect(safeToPromoteAt(STAGED.get(K2) as Key, facts())).toBe(NOW + PROMOTABLE * SECOND);
    expect(safeToPromoteAt(PROMOTED.get(K1) as Key, at(5))).toBe(NOW + 5 * SECOND);
  });

  test('replicasWithout names those that live', () => {
    const behind = replica('b', { verifies: [K1] });
    const replicas = [replica('a'), behind, replica('c', { verifies: [], ended: true })];
    expect(replicasWithout(K2, replicas)).toEqual([behind]);
  });
});
