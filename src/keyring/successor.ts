// Whether a running process may take one ring for another. It gives up a live key by a step only: whoever counts a
// generation up on a copy that is out of date, begins a ring anew where one was in force, or copies one from elsewhere,
// would sign everybody out.
import { KeyturnError } from '../errors.js';
import { foldsLaterThan } from './folded.js';
import type { Key } from './key.js';
import type { Keyring } from './keyring.js';

/**
 * @throws KeyturnError `keyring_outdated` for an earlier generation of the ring in force, or none at all;
 * `keyring_forked` for any other ring than a later generation that has come from it by steps
 */
export function requireSuccessor(present: Keyring, found: Keyring): void {
  if (present.id === undefined) {
    // A plain array or line has no steps: what an operator puts there by hand is followed as it stands.
    if (found.id !== undefined) refuseLost(present, (kid) => found.get(kid)?.live === true);
    return;
  }
  if (found.id === undefined) {
    throw new KeyturnError(
      'keyring_outdated',
      'the source holds no keyring document any more, and one is in force',
      'put the document back, or restart the process to go without one on purpose',
    );
  }
  if (found.id !== present.id) throw another(present, found);
  if (isSame(present, found)) return;
  if (found.generation <= present.generation || !found.passesThrough(present)) throw notFrom(present, found);
  refuseLost(present, (kid) => found.get(kid)?.live === true || isGoneByStep(kid, present, found));
}

/** Whether nothing is new in one of them. Of rings without steps it is what they hold that counts. */
export function isSame(one: Keyring, other: Keyring): boolean {
  if (one.id !== other.id) return false;
  // A mark is made of the generation too.
  return one.id === undefined ? one.fingerprint === other.fingerprint : one.mark === other.mark;
}

/** Whether the other is an earlier generation of this very ring: a place that holds it has fallen back. */
export function hasPassed(ring: Keyring, other: Keyring): boolean {
  // A mark is made of the id too, and rings without one have no generations.
  return ring.generation > other.generation && ring.passesThrough(other);
}

/**
 * Whether one is another ring that was begun after the other, and has only just begun: the store was empty for a
 * moment, and somebody took it for a new one. One that names the other was meant.
 */
export function isRash(one: Keyring, other: Keyring): boolean {
  const [beginning] = one.history;
  if (one.id === other.id || one.generation !== 1 || beginning === undefined) return false;
  return !one.replaces.includes(other.id ?? '') && beginning.at > (other.history[0]?.at ?? 0);
}

/** The keys that verify here, and that another ring has revoked: that is obeyed whatever else is wrong with it. */
export function revokedElsewhere(present: Keyring, found: Keyring): readonly Key[] {
  return present.live.filter(({ id }) => found.get(id)?.state === 'revoked');
}

/** A line that stands for several may stand for that step, where it has folded what came after the ring in force. */
function isGoneByStep(kid: string, present: Keyring, { history }: Keyring): boolean {
  const seen = present.history.at(-1)?.at ?? 0;
  return history.some(
    (line) =>
      (line.kid === kid && (line.what === 'retire' || line.what === 'revoke')) || foldsLaterThan(line, seen),
  );
}

function refuseLost(present: Keyring, isAccountedFor: (kid: string) => boolean): void {
  const lost = present.live.find(({ id }) => !isAccountedFor(id));
  if (lost === undefined) return;
  const what = `the keyring found does not verify with the key ${lost.id}, which is ${lost.state} in the one in force`;
  if (present.id === undefined) {
    const hint = 'make the document with keyturn import, of the secrets in force';
    throw new KeyturnError('keyring_forked', what, hint);
  }
  throw new KeyturnError(
    'keyring_forked',
    `${what}, and no line of its history takes that key away`,
    'put the key back, or take it away with keyturn retire or keyturn revoke',
  );
}

function another(present: Keyring, found: Keyring): KeyturnError {
  const meant = found.replaces.includes(present.id as string);
  return new KeyturnError(
    'keyring_forked',
    meant
      ? `the keyring ${found.id} was made to take the place of ${present.id}, which is in force`
      : `the keyring found is ${found.id}, and ${present.id} is in force`,
    meant
      ? 'restart the process: it then takes the new one'
      : 'put the keyring in force back; to go over to another one on purpose, restart every process that holds the old one',
  );
}

function notFrom(present: Keyring, found: Keyring): KeyturnError {
  const { generation } = found;
  if (generation < present.generation) {
    return new KeyturnError(
      'keyring_outdated',
      `the keyring found has generation ${generation}, and ${present.generation} is in force`,
      'put the newest document back, or restart the process to go back on purpose',
    );
  }
  return new KeyturnError(
    'keyring_forked',
    generation === present.generation
      ? `the keyring found differs from the one in force, and both are generation ${generation}`
      : `the keyring found is a generation ${generation} that has not come from generation ${present.generation}, which is in force`,
    'steps were taken on another copy, or by hand: keyturn import makes one keyring of both, which everybody follows',
  );
}
