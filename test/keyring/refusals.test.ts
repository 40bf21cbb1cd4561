// Each refusal by itself: its code, its words, and the moment when the step becomes safe.
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { promote, retire, revoke, rollback, stage } from '../../src/keyring/transitions.js';
import {
  at,
  FIRST,
  FRESH,
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
  const STATUS = 'wait until it has the newest keyring, or stop it; keyturn status shows all replicas';

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
      `the key ${K1} is in the keyring already: it is retiring`,
      'stage a new secret',
    ],
    [
      'staging a key that was revoked',
      () => stage(BARRED, FIRST, facts()),
      'key_state',
      `the key ${K1} is in the keyring already: it is revoked`,
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
      'the keyring has no key with this id',
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
      `it is safe at ${iso(NOW + WINDOW)}: it waits for tokens of session, which live 1h`,
      NOW + WINDOW,
    ],
    [
      'rolling back twice',
      () => rollback(ROLLED_BACK, at(20)),
      'done_already',
      `the key ${K1} signs again already, since the rollback of ${iso(NOW + 10 * SECOND)}`,
      `to promote ${K2} again: keyturn promote ${K2}`,
    ],
    [
      'promoting nothing after a rollback',
      () => promote(ROLLED_BACK, undefined, at(20)),
      'key_unknown',
      'no key is staged',
      `to promote ${K2} again, which was rolled back: keyturn promote ${K2}; for a new key: keyturn rotate`,
    ],
    [
      'retiring a key that the ring does not have',
      () => retire(PROMOTED, K3, facts()),
      'key_unknown',
      'the keyring has no key with this id',
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
      `it is safe at ${iso(NOW + WINDOW)}: it waits for tokens of session, which live 1h`,
      NOW + WINDOW,
    ],
    [
      'retiring while a token can be alive, which a replica signed a moment ago',
      () =>
        retire(
          PROMOTED,
          K1,
          facts({
            now: NOW + SECOND,
            replicas: [replica('web-1', { signs: K2, lastSigned: { [K1]: NOW - SECOND } })],
          }),
        ),
      'too_early',
      `tokens of the key ${K1} may still be alive`,
      `it is safe at ${iso(NOW + WINDOW)}: it waits for tokens of session, which live 1h`,
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
      'the keyring has no key with this id',
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
