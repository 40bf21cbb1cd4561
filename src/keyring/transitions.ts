// The life of a key: pure functions from a keyring and facts to the next keyring. They refuse what is unsafe.
//
// What they guarantee, as long as every ready replica has a ring at most `maxLag` after it was published: a token
// that one ready replica issued is accepted by every ready replica until it expires. Revoking is exempt.
// test/keyring/model.test.ts explores this exhaustively with these very functions, and says what they rest on.
import { KeyturnError } from '../errors.js';
import { formerKey, forwardAgain, lastRollback } from './former-key.js';
import { Key, type Material, typed } from './key.js';
import type { Keyring } from './keyring.js';
import { handOver, nextGeneration, presentRing, withKey } from './next-generation.js';
import { isLive, replicasWithout, type TransitionFacts } from './step-facts.js';
import {
  doneAlready,
  knownKey,
  refuseBehind,
  refuseSigning,
  refuseUndated,
  secretGone,
  stagedKey,
  tooEarly,
  waitedFor,
} from './step-refusals.js';
import {
  expiryOf,
  knownToAllAt,
  lastSignedAt,
  longestLifetime,
  safeToPromoteAt,
  safeToRetireAt,
} from './waits.js';

/**
 * Adds a key that verifies and does not sign yet.
 *
 * @param scheduledFor it signs from then on, on every replica, without another step; milliseconds since 1970
 * @throws KeyturnError `stage_pending`, `key_state`, `too_early`, `keyring_not_document`
 */
export function stage(
  published: Keyring,
  material: Material,
  facts: TransitionFacts,
  scheduledFor?: number,
): Keyring {
  const ring = presentRing(published, facts);
  const pending = ring.keys.find((key) => key.state === 'staged');
  if (pending !== undefined) {
    throw new KeyturnError(
      'stage_pending',
      `the key ${pending.id} is staged already`,
      `promote it, or retire it first (at once: it has signed nothing)`,
    );
  }
  const known = ring.get(material.kid);
  if (known !== undefined) {
    throw new KeyturnError(
      'key_state',
      `the key ${material.kid} is in the keyring already: it is ${known.state}`,
      'stage a new secret',
    );
  }
  const safeAt = knownToAllAt(facts);
  if (scheduledFor !== undefined && scheduledFor < safeAt)
    throw tooEarly('the key cannot be scheduled to sign before every replica can verify with it', safeAt);
  const key = new Key(material, 'staged', {
    dates: { staged: facts.now },
    scheduledFor,
    clocks: facts.clocks,
  });
  return nextGeneration(ring, [key, ...ring.keys], 'stage', key.id, facts);
}

/**
 * Lets a staged or retiring key sign; the former one turns retiring. Refused until every replica can verify
 * with it: until `maxLag` after staging by a clock that was noted then, until `maxLag` and `skew` after it by any
 * other, or until reports of all expected replicas say so.
 *
 * @param kid default: the staged key
 * @throws KeyturnError `key_unknown`, `key_state`, `done_already`, `replica_behind`, `too_early`, `keyring_not_document`
 */
export function promote(published: Keyring, kid: string | undefined, facts: TransitionFacts): Keyring {
  const ring = presentRing(published, facts);
  const key = kid === undefined ? stagedKey(ring) : knownKey(ring, kid);
  if (key.state === 'active') throw doneAlready(`the key ${key.id} signs already`);
  if (key.state !== 'staged' && key.state !== 'retiring') throw secretGone(key, 'sign again');
  refuseBehind(key, facts);
  if (key.state === 'staged' && !allReport(key, facts)) {
    refuseUndated(ring, key);
    const safeAt = safeToPromoteAt(key, facts);
    if (facts.now < safeAt) {
      throw tooEarly(
        `not every replica is known to verify with ${key.id} yet`,
        safeAt,
        ', or say --replicas N when all of them report',
      );
    }
  }
  return handOver(ring, key, 'promote', facts);
}

/**
 * Lets the former key sign again; the newer one turns retiring, so that nobody who signed in meanwhile is lost. Once: a
 * second rollback would go forward to what the first one went back from.
 *
 * @throws KeyturnError `rollback_impossible`, `done_already`, `replica_behind`, `keyring_not_document`
 */
export function rollback(published: Keyring, facts: TransitionFacts): Keyring {
  const ring = presentRing(published, facts);
  const before = lastRollback(ring);
  if (before !== undefined) {
    const newer = forwardAgain(ring);
    throw doneAlready(
      (say) => `the key ${ring.active.id} signs again already, since the rollback of ${say(before.at)}`,
      newer === undefined ? undefined : `to promote ${newer.id} again: keyturn promote ${typed(newer.id)}`,
    );
  }
  const former = formerKey(ring);
  if (former === undefined) {
    throw new KeyturnError(
      'rollback_impossible',
      'no key signed before this one',
      'there is nothing to go back to; stage a new key instead',
    );
  }
  if (former.state !== 'retiring') {
    throw new KeyturnError(
      'rollback_impossible',
      `the former key ${former.id} is ${former.state}: its secret is gone`,
      'stage a new key and promote it instead',
    );
  }
  refuseBehind(former, facts);
  return handOver(ring, former, 'rollback', facts);
}

/**
 * Removes the secret of a key whose tokens have all expired. A staged key that never signed goes at once, unless it
 * is scheduled to sign before everybody could know of it.
 *
 * @param kid default: every retiring key that is safe to retire; refused where none is
 * @throws KeyturnError `key_unknown`, `key_state`, `done_already`, `too_early`, `key_in_use`, `replica_behind`,
 * `keyring_not_document`
 */
export function retire(published: Keyring, kid: string | undefined, facts: TransitionFacts): Keyring {
  return kid === undefined ? retireAll(published, facts) : retireOne(published, kid, facts);
}

function retireAll(published: Keyring, facts: TransitionFacts): Keyring {
  const retiring = presentRing(published, facts).keys.filter(({ state }) => state === 'retiring');
  if (retiring.length === 0) throw doneAlready('no key is retiring', 'there is nothing to clean up');
  let ring = published;
  const refusals: KeyturnError[] = [];
  for (const { id } of retiring) {
    try {
      ring = retireOne(ring, id, facts);
    } catch (error) {
      if (!(error instanceof KeyturnError)) throw error;
      refusals.push(error);
    }
  }
  if (ring !== published) return ring;
  // What time alone will do away with is told first: it says until when.
  const at = ({ safeAt }: KeyturnError) => safeAt ?? Number.POSITIVE_INFINITY;
  throw refusals.reduce((first, other) => (at(other) < at(first) ? other : first));
}

function retireOne(published: Keyring, kid: string, facts: TransitionFacts): Keyring {
  const ring = presentRing(published, facts);
  const key = knownKey(ring, kid);
  if (key.state === 'retired') throw doneAlready(`the key ${key.id} is retired already`);
  if (key.state === 'active')
    throw new KeyturnError('key_state', `the key ${key.id} signs`, 'promote another one first');
  if (key.state !== 'staged' && key.state !== 'retiring') throw secretGone(key, 'be retired');
  if (key.scheduledFor !== undefined && key.scheduledFor < knownToAllAt(facts)) {
    throw new KeyturnError(
      'key_state',
      `the key ${key.id} is scheduled to sign before every replica can know that it should not`,
      `let it sign at ${new Date(key.scheduledFor).toISOString()}, then roll back`,
    );
  }
  refuseSigning(key, facts);
  const lastSigned = lastSignedAt(key, facts);
  if (key.state === 'staged' && lastSigned !== undefined) {
    // The document was put back to an older one: here it is staged, and elsewhere it has signed.
    const safeAt = expiryOf(lastSigned, longestLifetime(key, facts), facts.skew);
    if (facts.now < safeAt)
      throw tooEarly(
        `the key ${key.id} is staged here and has signed: its tokens may still be alive`,
        safeAt,
      );
  }
  if (key.state === 'retiring') {
    refuseUndated(ring, key);
    const safeAt = safeToRetireAt(key, facts);
    if (facts.now < safeAt)
      throw tooEarly(`tokens of the key ${key.id} may still be alive`, safeAt, waitedFor(key, facts));
    const user = facts.replicas.find(
      ({ lastVerified = {} }) => Object.hasOwn(lastVerified, key.id) && (lastVerified[key.id] ?? 0) > safeAt,
    );
    if (user !== undefined) {
      throw new KeyturnError(
        'key_in_use',
        `${user.instance} has accepted a token of ${key.id} that should have expired`,
        'look for a clock that is wrong, or a lifetime in the code that configuration does not know',
        { replica: user.instance, kid: key.id },
      );
    }
  }
  return nextGeneration(ring, withKey(ring, key.enter('retired', facts.now)), 'retire', key.id, facts);
}

/**
 * Refuses a key at once. When it is the one that signs, the staged key takes over in the same step, or a fresh one.
 *
 * @param fresh takes over when the active key is revoked and none is staged
 * @throws KeyturnError `key_unknown`, `done_already`, `reason_missing`, `keyring_not_document`
 */
export function revoke(published: Keyring, kid: string, fresh: Material, facts: TransitionFacts): Keyring {
  const ring = presentRing(published, facts);
  const key = knownKey(ring, kid);
  if (key.state === 'revoked') throw doneAlready(`the key ${kid} is revoked already`);
  if (facts.why === undefined || facts.why.trim() === '') {
    throw new KeyturnError('reason_missing', 'revoking needs a reason', 'say why: it stands in the history');
  }
  const keys = withKey(ring, key.enter('revoked', facts.now));
  if (key.state !== 'active') return nextGeneration(ring, keys, 'revoke', kid, facts);
  const staged = keys.find((candidate) => candidate.state === 'staged');
  const successor = (staged ?? new Key(fresh, 'staged', { dates: { staged: facts.now } })).enter(
    'active',
    facts.now,
  );
  const others = keys.filter((candidate) => candidate.id !== successor.id);
  return nextGeneration(ring, [successor, ...others], 'revoke', kid, facts);
}

function allReport(key: Key, { replicas, expectedReplicas }: TransitionFacts): boolean {
  // No report proves nothing: without a number to compare with, silence could be a replica that is behind.
  return (
    expectedReplicas !== undefined &&
    expectedReplicas > 0 &&
    replicas.filter((replica) => isLive(replica) && replica.silent !== true).length >= expectedReplicas &&
    replicasWithout(key.id, replicas).length === 0
  );
}
