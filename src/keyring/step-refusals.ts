// Why a step is refused, whichever step it is: the key that it is about, the replicas, the dates.
import { formatDuration } from '../config/value.js';
import { type ErrorText, KeyturnError } from '../errors.js';
import { listOf } from '../printable.js';
import { forwardAgain } from './former-key.js';
import { type Key, typed } from './key.js';
import type { Keyring } from './keyring.js';
import {
  isLive,
  type ReplicaFacts,
  replicaInWords,
  replicasWithout,
  type TransitionFacts,
} from './step-facts.js';
import { longestLifetime, longestLived } from './waits.js';

export const NOTHING_TO_DO = 'there is nothing to do';

export function unknownKey(): KeyturnError {
  return new KeyturnError(
    'key_unknown',
    'the keyring has no key with this id',
    'keyturn status lists the keys',
  );
}

export function knownKey(ring: Keyring, kid: string): Key {
  const key = ring.get(kid);
  if (key === undefined) throw unknownKey();
  return key;
}

export function stagedKey(ring: Keyring): Key {
  const key = ring.keys.find((candidate) => candidate.state === 'staged');
  if (key !== undefined) return key;
  const newer = forwardAgain(ring);
  throw new KeyturnError(
    'key_unknown',
    'no key is staged',
    newer === undefined
      ? 'stage one first: keyturn stage, or keyturn rotate'
      : `to promote ${newer.id} again, which was rolled back: keyturn promote ${typed(newer.id)}; for a new key: keyturn rotate`,
  );
}

export function refuseBehind({ id }: Key, { replicas }: TransitionFacts): void {
  const [behind] = replicasWithout(id, replicas);
  if (behind !== undefined) throw isBehind(behind, `cannot verify with the key ${id} yet`, id);
}

export function refuseSigning({ id }: Key, { replicas }: TransitionFacts): void {
  const behind = replicas.find((replica) => isLive(replica) && replica.signs === id);
  if (behind !== undefined) throw isBehind(behind, `still signs with the key ${id}`, id);
}

function isBehind(replica: ReplicaFacts, what: string, kid: string): KeyturnError {
  const hint = 'wait until it has the newest keyring, or stop it; keyturn status shows all replicas';
  const { instance } = replica;
  return new KeyturnError('replica_behind', `${replicaInWords(replica)} ${what}`, hint, {
    replica: instance,
    kid,
  });
}

/** A document written by hand may not say since when: then no wait can be computed from it. */
export function refuseUndated(ring: Keyring, key: Key): void {
  if (ring.id === undefined || key.dates[key.state] !== undefined) return;
  throw new KeyturnError(
    'document_invalid',
    `the document does not say since when the key ${key.id} is ${key.state}`,
    `add the moment to its dates, as "${key.state}": "${new Date(0).toISOString()}" with the true date`,
  );
}

export function doneAlready(what: ErrorText, hint: string = NOTHING_TO_DO): KeyturnError {
  return new KeyturnError('done_already', what, hint);
}

export function secretGone(key: Key, what: string): KeyturnError {
  return new KeyturnError(
    'key_state',
    `the key ${key.id} is ${key.state} and cannot ${what}`,
    'its secret is gone; stage a new key',
  );
}

/** ": it waits for tokens of refresh and invitation, which live 30d": what keeps a retiring key. */
export function waitedFor(key: Key, facts: TransitionFacts): string {
  const names = longestLived(key, facts);
  if (names.length === 0) return '';
  return `: it waits for tokens of ${listOf(names)}, which live ${formatDuration(longestLifetime(key, facts))}`;
}

export function tooEarly(what: string, safeAt: number, also = ''): KeyturnError {
  return new KeyturnError('too_early', what, (say) => `it is safe at ${say(safeAt)}${also}`, { safeAt });
}
