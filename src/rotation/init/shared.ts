// Starts the keyring that replicas share in an engine. Nothing but that engine is written to: where secrets come as
// variables into containers, a file would be in the way.

import { setTimeout as sleep } from 'node:timers/promises';
import { shellQuote } from '../../config/shell-quote.js';
import { Engines } from '../../engines/engines.js';
import { mayNot } from '../../engines/schema.js';
import { KeyturnError } from '../../errors.js';
import { refuseOtherRules } from '../../fleet/refusals.js';
import { nameOf, type ReplicaReport } from '../../fleet/report.js';
import type { Keyring } from '../../keyring/keyring.js';
import { applyScheduled } from '../../keyring/scheduled.js';
import { openRingPlaces } from '../../keyring-stores/open.js';
import { putBackWithin } from '../../keyring-stores/poll-interval.js';
import type { SharedRingStore } from '../../keyring-stores/shared.js';
import { refuseErrors } from '../../resolve/problem.js';
import type { Resolution } from '../../resolve/resolve.js';
import { COMMAND_WORDS } from '../refusals.js';
import { commandOf, firstRing, type InitOptions, type InitResult, NOTHING_TAKEN } from './first-ring.js';

const LOOK_EVERY_MS = 250;

/**
 * @param before found with a store set: its keyring holds the secrets that seal the shared one
 * @throws KeyturnError `keyring_exists`, `keyring_unwritable`, `keyring_sealed`, `secret_differs`, `profile_differs`, `engine_missing`,
 * `engine_unavailable`, and what keeps a process from starting
 */
export async function initShared(before: Resolution, options: InitOptions): Promise<InitResult> {
  refuseErrors(before.problems);
  const engines = new Engines(before.settings);
  try {
    const { shared } = await openRingPlaces(before, engines, options.machine.now);
    return await initIn(shared as SharedRingStore, before, options);
  } finally {
    await engines.close();
  }
}

async function initIn(store: SharedRingStore, before: Resolution, options: InitOptions): Promise<InitResult> {
  const done = { place: store.name, document: undefined, takeAway: [], restart: false, after: before };
  // One that this secret does not open is an error in any case: no process could start with it.
  const find = async (): Promise<InitResult | undefined> => {
    const there = await store.find();
    if (there === undefined) return undefined;
    const moved = store.isToMove(there);
    if (moved && !(await store.move(there).catch(notAllowed(store)))) throw busy(store);
    if (!moved && options.ifMissing !== true) {
      throw new KeyturnError(
        'keyring_exists',
        `there is a keyring in ${store.name} already, and ${commandOf(options)} overwrites nothing`,
        'there is nothing to do: keyturn status shows it; --if-missing takes it for fine',
      );
    }
    const ring = applyScheduled(there.ring, options.machine.now());
    return { ...done, created: moved, ring, keys: NOTHING_TAKEN };
  };
  if (options.replaces !== undefined)
    return { ...done, created: true, ...(await replace(store, before, options)) };
  const there = (await find()) ?? (await awaited(store, before, options, find));
  if (there !== undefined) return there;
  const { ring, keys } = firstRing(options, before);
  if (await store.create(ring).catch(notAllowed(store))) return { ...done, created: true, ring, keys };
  const faster = await find();
  if (faster !== undefined) return faster;
  throw busy(store);
}

function busy({ name }: SharedRingStore): KeyturnError {
  return new KeyturnError('keyring_locked', `others keep changing ${name}`, 'try again');
}

/** An engine that has just lost its data looks like one that never had any: whoever holds a ring puts it back. */
async function awaited(
  store: SharedRingStore,
  before: Resolution,
  { waiting }: InitOptions,
  find: () => Promise<InitResult | undefined>,
): Promise<InitResult | undefined> {
  await refuseStrangers(store, before);
  const patience = putBackWithin(before.settings.get('security.keyring.max_lag'));
  waiting?.(patience);
  const since = performance.now();
  while (performance.now() - since < patience) {
    await sleep(Math.min(LOOK_EVERY_MS, patience));
    const there = await find();
    if (there !== undefined) return there;
  }
  await refuseStrangers(store, before);
  return undefined;
}

/** Puts another ring where the one that was named is, whoever holds it. */
async function replace(
  store: SharedRingStore,
  before: Resolution,
  options: InitOptions,
): Promise<Pick<InitResult, 'ring' | 'keys'>> {
  const there = await store.find();
  const { replaces } = options;
  if (there !== undefined && there.ring.id !== replaces) {
    throw new KeyturnError(
      'keyring_exists',
      `the keyring in ${store.name} is ${there.ring.id}, and --replaces names another one`,
      'name the one that is there; keyturn status shows it',
    );
  }
  await refuseStrangers(store, before, replaces);
  const first = firstRing(options, before, there?.ring);
  const made = there === undefined ? store.create(first.ring) : store.put(first.ring, there);
  if (await made.catch(notAllowed(store))) return first;
  throw busy(store);
}

/** PostgreSQL has answered: looking at whether it runs would help nobody. */
function notAllowed({ name }: SharedRingStore): (error: unknown) => never {
  return (error) => {
    if (!mayNot((error as { readonly cause?: unknown }).cause)) throw error;
    throw new KeyturnError(
      'keyring_unwritable',
      `this user of the database may not make the tables of ${name}, or not write to them`,
      'run keyturn init once as a user who may create tables, or the SQL that keyringSchemaSql() of keyturn/rotation gives, and let this one select, insert, update and delete there',
      { cause: error },
    );
  };
}

/** Replicas that are there already must be able to open what is made, and must not lose what they have. */
async function refuseStrangers(store: SharedRingStore, before: Resolution, replaced?: string): Promise<void> {
  const replicas = await store.fleet.read(undefined, false);
  refuseOtherRules(before.profile.profile, COMMAND_WORDS, replicas);
  const holder = replicas.find(({ ring }) => ring !== undefined && ring !== replaced);
  if (holder !== undefined) {
    throw new KeyturnError(
      'keyring_exists',
      `${nameOf(holder)} holds the keyring ${holder.ring}, which is missing in ${store.name}`,
      `it puts it back by itself; to start anew all the same: keyturn init --replaces ${shellQuote(`${holder.ring}`)}, and restart those that hold it`,
      { replica: holder.instance },
    );
  }
  const roots = before.keyring as Keyring;
  const isStranger = ({ roots: own, verifies }: ReplicaReport) =>
    !(own ?? verifies).some((kid) => roots.get(kid)?.live === true);
  const [first] = replicas;
  // A single one with a wrong secret must not keep all others waiting.
  if (first === undefined || !replicas.every(isStranger)) return;
  throw new KeyturnError(
    'secret_differs',
    `${nameOf(first)} has the signing secret ${(first.roots ?? first.verifies)[0]}, and this command has ${roots.active.id}`,
    'run it with the environment of the service',
    { replica: first.instance },
  );
}
