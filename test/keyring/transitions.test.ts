// Each transition and each refusal by itself. That together they log nobody out is what model.test.ts is about.
import { describe, expect, test } from 'vitest';
import { type ErrorCode, KeyturnError } from '../../src/errors.js';
import { formerKey } from '../../src/keyring/former-key.js';
import { Key, type KeyFacts, type KeyState, Material } from '../../src/keyring/key.js';
import { type HistoryEntry, Keyring } from '../../src/keyring/keyring.js';
import { applyScheduled, nextScheduledAt } from '../../src/keyring/scheduled.js';
import { type ReplicaFacts, replicasWithout, type TransitionFacts } from '../../src/keyring/step-facts.js';
import { promote, retire, revoke, rollback, stage } from '../../src/keyring/transitions.js';
import { safeToPromoteAt, safeToRetireAt } from '../../src/keyring/waits.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1000;
const MAX_LAG = 60;
const SKEW = 300;
const LIFETIME = 3600;
/** Seconds from staging until a key can be promoted by the clock of any machine. */
const PROMOTABLE = MAX_LAG + SKEW;
/** From the moment a key stopped signing until nobody can have a token of it, in milliseconds. */
const WINDOW = (MAX_LAG + LIFETIME + 2 * SKEW) * SECOND;

const [FIRST, SECOND_KEY, THIRD, FRESH] = ['one', 'two', 'three', 'four'].map(
  (name) => new Material(`secret ${name}`),
) as [Material, Material, Material, Material];
const K1 = FIRST.kid;
const K2 = SECOND_KEY.kid;
const K3 = THIRD.kid;

const EARLIER: HistoryEntry = { at: NOW - 1, what: 'init', kid: K1, who: 'ann' };

function facts(changes: Partial<TransitionFacts> = {}): TransitionFacts {
  const lifetimes = { session: LIFETIME };
  return { now: NOW, maxLag: MAX_LAG, skew: SKEW, lifetimes, replicas: [], ...changes };
}

/** A moment so many seconds after the beginning. */
function at(seconds: number, changes: Partial<TransitionFacts> = {}): TransitionFacts {
  return facts({ now: NOW + seconds * SECOND, ...changes });
}

function key(of: Material, state: KeyState, more: KeyFacts = {}): Key {
  return new Key(of, state, { dates: { [state]: NOW }, ...more });
}

function ring(...keys: Key[]): Keyring {
  return new Keyring(keys, { id: 'ring', generation: 7, history: [EARLIER] });
}

/** K1 signs, K2 waits, since NOW. */
const STAGED = ring(key(SECOND_KEY, 'staged'), key(FIRST, 'active'));
/** K2 signs, K1 goes, since NOW. */
const PROMOTED = ring(key(SECOND_KEY, 'active'), key(FIRST, 'retiring'));

function replica(instance: string, changes: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return { instance, verifies: [K1, K2], signs: K1, ...changes };
}

function states(of: Keyring): Record<string, KeyState> {
  const names = new Map([FIRST, SECOND_KEY, THIRD, FRESH].map(({ kid }, index) => [kid, `K${index + 1}`]));
  return Object.fromEntries(of.keys.map(({ id, state }) => [names.get(id) as string, state]));
}

function refusal(step: () => unknown): KeyturnError {
  try {
    step();
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('every transition', () => {
  const steps: [string, string, string, Keyring, (from: Keyring, given: TransitionFacts) => Keyring][] = [
    ['stage', K3, 'stage', PROMOTED, (from, given) => stage(from, THIRD, given)],
    ['promote', K2, 'promote', STAGED, (from, given) => promote(from, undefined, given)],
    ['rollback', K1, 'rollback', PROMOTED, rollback],
    ['retire', K1, 'retire', PROMOTED, (from, given) => retire(from, undefined, given)],
    ['revoke', K1, 'revoke', PROMOTED, (from, given) => revoke(from, K1, FRESH, given)],
  ];

  test.each(steps)('%s raises the generation and writes a line of history', (_, kid, what, from, step) => {
    const later = facts({ now: NOW + WINDOW, who: 'bob', why: 'it is due' });
    const next = step(from, later);
    expect(next.generation).toBe(8);
    expect(next.id).toBe('ring');
    expect(next.history).toEqual([EARLIER, { at: NOW + WINDOW, what, kid, who: 'bob', why: 'it is due' }]);
  });

  test.each(
    steps.slice(0, 4),
  )('%s leaves out who and why when nobody says so', (_, kid, what, from, step) => {
    const next = step(from, facts({ now: NOW + WINDOW }));
    expect(next.history.at(-1)).toStrictEqual({ at: NOW + WINDOW, what, kid });
  });

  test.each(steps)('%s leaves the ring that it is given as it was', (_, _kid, _what, from, step) => {
    const before = JSON.stringify(from);
    step(from, facts({ now: NOW + WINDOW, why: 'due' }));
    expect(JSON.stringify(from)).toBe(before);
    expect(Object.isFrozen(from.keys)).toBe(true);
  });

  test.each(
    steps,
  )('%s notes the lifetimes in force with the key that signs', (_, _kid, _what, from, step) => {
    const lifetimes = { session: 2 * LIFETIME, url: 60 };
    const next = step(from, facts({ now: NOW + 2 * WINDOW, lifetimes, why: 'due' }));
    expect(next.active.lifetimes).toEqual(lifetimes);
  });

  test.each(steps)('%s refuses keys that are in no document', (_, _kid, _what, from, step) => {
    const error = refusal(() => step(new Keyring(from.keys), facts({ now: NOW + WINDOW, why: 'due' })));
    expect(error.code).toBe('keyring_not_document');
    expect(error.hint).toBe('turn them into one: keyturn init, or keyturn import FILE');
  });

  test.each(steps)('%s starts from a scheduled promotion that is due', (name, _kid, _what, _from, step) => {
    const plan = { scheduledFor: NOW + 1000 };
    const from = ring(key(SECOND_KEY, 'staged', plan), key(FIRST, 'active'));
    const attempt = () => step(from, facts({ now: NOW + 2 * WINDOW, why: 'due' }));
    if (name === 'promote') {
      expect(refusal(attempt)).toMatchObject({ code: 'key_unknown', message: 'no key is staged' });
      return;
    }
    const next = attempt();
    expect(next.history[1]).toEqual({
      at: NOW + 1000,
      what: 'promote',
      kid: K2,
      why: 'as scheduled when it was staged',
    });
    expect(next.history).toHaveLength(3);
    expect(next.get(K2)?.dates.active).toBe(NOW + 1000);
    expect(next.get(K1)?.dates.retiring).toBe(NOW + 1000);
  });
});

describe('refusals', () => {
  const BY_SELF = ring(
    key(SECOND_KEY, 'staged', { scheduledFor: NOW + (MAX_LAG + SKEW) * SECOND }),
    key(FIRST, 'active'),
  );
  const TWO_RETIRING = ring(
    key(THIRD, 'active'),
    key(FIRST, 'retiring').enter('retiring', NOW + SECOND),
    key(SECOND_KEY, 'retiring'),
  );
  const ROLLED_BACK = rollback(PROMOTED, at(10));
  const ONE = ring(key(FIRST, 'active'));
  const GONE = ring(key(SECOND_KEY, 'active'), key(FIRST, 'retiring').enter('retired', NOW + 1));
  const BARRED = ring(key(SECOND_KEY, 'active'), key(FIRST, 'retiring').enter('revoked', NOW + 1));
  const lacking = [replica('web-1'), replica('web-2', { verifies: [K1] })];
  const signing = [replica('web-1', { signs: K2 }), replica('web-2', { signs: K1 })];
  const inUse = [replica('web-1', { signs: K2, lastVerified: { [K1]: NOW + WINDOW + 1 } })];
  const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
  const PROMOTE_AT = NOW + PROMOTABLE * SECOND;
  const PLAN_AT = NOW + (MAX_LAG + SKEW) * SECOND;
  const STATUS = 'wait until it has the newest ring, or stop it; keyturn status shows all replicas';

  test.each<[string, () => unknown, ErrorCode, string, string, number?]>([
    [
      'staging while another key is staged',
      () => stage(STAGED, THIRD, facts()),
      'stage_pending',
      `the key ${K2} is staged already`,
      'promote it, or retire it first (at once: it has signed nothing)',
    ],
    [
      'staging a key that is in the ring',
      () => stage(PROMOTED, FIRST, facts()),
      'key_state',
      `the key ${K1} is in the ring already: it is retiring`,
      'stage a new secret',
    ],
    [
      'staging a key that was revoked',
      () => stage(BARRED, FIRST, facts()),
      'key_state',
      `the key ${K1} is in the ring already: it is revoked`,
      'stage a new secret',
    ],
    [
      'staging with a takeover before everybody can know',
      () => stage(ONE, SECOND_KEY, facts(), PLAN_AT - 1),
      'too_early',
      'the key cannot be scheduled to sign before every replica can verify with it',
      `it is safe at ${iso(PLAN_AT)}`,
      PLAN_AT,
    ],
    [
      'promoting when nothing is staged',
      () => promote(ONE, undefined, facts()),
      'key_unknown',
      'no key is staged',
      'stage one first: keyturn stage, or keyturn rotate',
    ],
    [
      'promoting a key that the ring does not have',
      () => promote(ONE, K3, facts()),
      'key_unknown',
      'the ring has no key of that id',
      'keyturn status lists the keys',
    ],
    [
      'promoting the active key',
      () => promote(ONE, K1, facts()),
      'done_already',
      `the key ${K1} signs already`,
      'there is nothing to do',
    ],
    [
      'promoting a retired key',
      () => promote(GONE, K1, facts()),
      'key_state',
      `the key ${K1} is retired and cannot sign again`,
      'its secret is gone; stage a new key',
    ],
    [
      'promoting a revoked key',
      () => promote(BARRED, K1, facts()),
      'key_state',
      `the key ${K1} is revoked and cannot sign again`,
      'its secret is gone; stage a new key',
    ],
    [
      'promoting before the longest lag has passed, by how much clocks differ included',
      () => promote(STAGED, undefined, at(PROMOTABLE, { now: PROMOTE_AT - 1 })),
      'too_early',
      `not every replica is known to verify with ${K2} yet`,
      `it is safe at ${iso(PROMOTE_AT)}, or say --replicas N when all of them report`,
      PROMOTE_AT,
    ],
    [
      'promoting while a replica reports that it lacks the key, however long ago it was staged',
      () => promote(STAGED, undefined, at(10 * MAX_LAG, { replicas: lacking })),
      'replica_behind',
      `web-2 cannot verify with the key ${K2} yet`,
      STATUS,
    ],
    [
      'promoting a retiring key that a replica lacks',
      () => promote(PROMOTED, K1, facts({ replicas: [replica('web-2', { verifies: [K2], signs: K2 })] })),
      'replica_behind',
      `web-2 cannot verify with the key ${K1} yet`,
      STATUS,
    ],
    [
      'rolling back when no key signed before',
      () => rollback(STAGED, facts()),
      'rollback_impossible',
      'no key signed before this one',
      'there is nothing to go back to; stage a new key instead',
    ],
    [
      'rolling back to a retired key',
      () => rollback(GONE, facts()),
      'rollback_impossible',
      `the former key ${K1} is retired: its secret is gone`,
      'stage a new key and promote it instead',
    ],
    [
      'rolling back to a revoked key',
      () => rollback(BARRED, facts()),
      'rollback_impossible',
      `the former key ${K1} is revoked: its secret is gone`,
      'stage a new key and promote it instead',
    ],
    [
      'rolling back while a replica lacks the former key',
      () => rollback(PROMOTED, facts({ replicas: [replica('web-2', { verifies: [K2], signs: K2 })] })),
      'replica_behind',
      `web-2 cannot verify with the key ${K1} yet`,
      STATUS,
    ],
    [
      'retiring when nothing is retiring',
      () => retire(STAGED, undefined, facts()),
      'done_already',
      'no key is retiring',
      'there is nothing to clean up',
    ],
    [
      'retiring all while none is safe: it is told when the first one is',
      () => retire(TWO_RETIRING, undefined, at(1)),
      'too_early',
      `tokens of the key ${K2} may still be alive`,
      `it is safe at ${iso(NOW + WINDOW)}`,
      NOW + WINDOW,
    ],
    [
      'rolling back twice',
      () => rollback(ROLLED_BACK, at(20)),
      'done_already',
      `the key ${K1} signs again already, since the rollback of ${iso(NOW + 10 * SECOND)}`,
      `to let ${K2} sign again: keyturn promote ${K2}`,
    ],
    [
      'promoting nothing after a rollback',
      () => promote(ROLLED_BACK, undefined, at(20)),
      'key_unknown',
      'no key is staged',
      `to let ${K2} sign again, which was rolled back: keyturn promote ${K2}; for a new key: keyturn rotate`,
    ],
    [
      'retiring a key that the ring does not have',
      () => retire(PROMOTED, K3, facts()),
      'key_unknown',
      'the ring has no key of that id',
      'keyturn status lists the keys',
    ],
    [
      'retiring the active key',
      () => retire(PROMOTED, K2, at(1e6)),
      'key_state',
      `the key ${K2} signs`,
      'promote another one first',
    ],
    [
      'retiring a retired key',
      () => retire(GONE, K1, at(1e6)),
      'done_already',
      `the key ${K1} is retired already`,
      'there is nothing to do',
    ],
    [
      'retiring a revoked key',
      () => retire(BARRED, K1, at(1e6)),
      'key_state',
      `the key ${K1} is revoked and cannot be retired`,
      'its secret is gone; stage a new key',
    ],
    [
      'retiring while a token can be alive',
      () => retire(PROMOTED, K1, facts({ now: NOW + WINDOW - 1 })),
      'too_early',
      `tokens of the key ${K1} may still be alive`,
      `it is safe at ${iso(NOW + WINDOW)}`,
      NOW + WINDOW,
    ],
    [
      'retiring while a replica signs with the key',
      () => retire(PROMOTED, K1, at(1e6, { replicas: signing })),
      'replica_behind',
      `web-2 still signs with the key ${K1}`,
      STATUS,
    ],
    [
      'retiring a key of which a token was accepted after the last should have expired',
      () => retire(PROMOTED, K1, at(1e6, { replicas: inUse })),
      'key_in_use',
      `web-1 has accepted a token of ${K1} that should have expired`,
      'look for a clock that is wrong, or a lifetime in the code that configuration does not know',
    ],
    [
      'retiring a staged key that takes over before everybody can hear of it',
      () => retire(BY_SELF, K2, facts({ now: NOW + 1 })),
      'key_state',
      `the key ${K2} is scheduled to sign before every replica can know that it should not`,
      `let it sign at ${iso(PLAN_AT)}, then roll back`,
    ],
    [
      'revoking a key that the ring does not have',
      () => revoke(ONE, K3, FRESH, facts({ why: 'leaked' })),
      'key_unknown',
      'the ring has no key of that id',
      'keyturn status lists the keys',
    ],
    [
      'revoking twice',
      () => revoke(BARRED, K1, FRESH, facts({ why: 'leaked' })),
      'done_already',
      `the key ${K1} is revoked already`,
      'there is nothing to do',
    ],
    [
      'revoking without a reason',
      () => revoke(ONE, K1, FRESH, facts()),
      'reason_missing',
      'revoking needs a reason',
      'say why: it stands in the history',
    ],
    [
      'revoking for a blank reason',
      () => revoke(ONE, K1, FRESH, facts({ why: ' \n' })),
      'reason_missing',
      'revoking needs a reason',
      'say why: it stands in the history',
    ],
  ])('%s', (_, step, code, message, hint, safeAt) => {
    const error = refusal(step);
    expect({ code: error.code, message: error.message, hint: error.hint }).toEqual({ code, message, hint });
    expect(error.safeAt).toBe(safeAt);
  });

  test('what a refusal says is true: at that moment it is safe', () => {
    const early = refusal(() => promote(STAGED, undefined, facts()));
    expect(promote(STAGED, undefined, facts({ now: early.safeAt as number })).active.id).toBe(K2);
    const soon = refusal(() => retire(PROMOTED, K1, facts()));
    expect(states(retire(PROMOTED, K1, facts({ now: soon.safeAt as number })))).toEqual({
      K1: 'retired',
      K2: 'active',
    });
    const scheduled = refusal(() => stage(ring(key(FIRST, 'active')), SECOND_KEY, facts(), NOW));
    const staged = stage(ring(key(FIRST, 'active')), SECOND_KEY, facts(), scheduled.safeAt);
    expect(staged.get(K2)?.scheduledFor).toBe(scheduled.safeAt);
  });
});

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
