// The check of a keyring that replicas share in an engine.
import type { Settings } from '../config/layers.js';
import { variableOf } from '../config/settings.js';
import { formatDuration } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { timesOf } from '../fleet/fleet-times.js';
import type { Keyring } from '../keyring/keyring.js';
import type { Facts, RingFacts } from './facts.js';
import { fail, type Point, pass, warn } from './finding.js';

const SECRET = variableOf('security.signing_secret.secret');
const PREVIOUS = variableOf('security.signing_secret.previous_secrets');
/** Seconds. A replica that misses so little is not worth a refused request. */
const SHORTEST_LEASE = 30;

/** Whether it is there and opens, and what its life depends on. */
export function sharedKeyring(facts: Facts): readonly Point[] {
  const { resolution, ring } = facts;
  const { settings, profile, keyring: roots } = resolution;
  if (settings.get('security.keyring.store') === undefined)
    return [pass('not used: the secret is the keyring, or a document')];
  const points = leases(settings, profile.profile === 'prod');
  if (ring === undefined || roots === undefined || ring instanceof KeyturnError)
    return [...points, unreadable(facts, ring)];
  return [...points, ...weakKeys(facts, ring), ...seal(facts, ring, roots), said(ring, roots)];
}

function unreadable({ resolution, purposes }: Facts, error: RingFacts | KeyturnError | undefined): Point {
  const told = [...resolution.problems.map((problem) => problem.error), purposes];
  const isTold = (code: string) => told.some((other) => other instanceof KeyturnError && other.code === code);
  if (!(error instanceof KeyturnError) || isTold(error.code))
    return warn('not looked at, since a start would be refused; see the other checks');
  const { profile } = resolution.profile;
  if (error.code === 'secret_missing')
    return pass('not looked at: the first start makes the secret that seals it');
  if (error.code === 'keyring_missing' && profile !== 'prod')
    return pass('there is none yet: the first start makes it');
  if (error.code === 'engine_unavailable' && profile !== 'prod') return warn(error.message, error.hint);
  return fail(error.message, error.hint);
}

/** How long replicas go on without hearing of it. */
function leases(settings: Settings, production: boolean): Point[] {
  const { lease, maxLag } = timesOf(settings);
  const points: Point[] = [];
  if (production && lease < SHORTEST_LEASE) {
    const what = `lease is ${formatDuration(lease)}: an engine that is away for a moment makes every replica refuse`;
    points.push(warn(what, 'set security.keyring.lease to minutes; the default is 15min'));
  }
  if (maxLag >= lease) {
    const what = `max_lag (${formatDuration(maxLag)}) is not shorter than lease (${formatDuration(lease)}): replicas rely on the keyring for longer than the lease says`;
    points.push(warn(what, 'set security.keyring.lease to several times max_lag; the default is 15min'));
  }
  return points;
}

/** No start judges the keys in an engine, so the doctor does. */
function weakKeys({ resolution: { profile } }: Facts, { weak }: RingFacts): Point[] {
  return weak.map(({ kid, bytes, why, excused }) => {
    const what = `its key ${kid} is too weak: ${bytes} of 32 bytes count, since ${why}`;
    const hint = 'rotate away from it with keyturn rotate --wait, and retire it';
    return profile.profile === 'prod' && !excused ? fail(what, hint) : warn(what, hint);
  });
}

/** Whether those who should open it can, and nobody else. */
function seal({ resolution }: Facts, { sealedUnder, status }: RingFacts, roots: Keyring): Point[] {
  const mine = roots.live.map((key) => key.id);
  const known = new Set([...mine, ...status.replicas.flatMap((replica) => replica.roots ?? [])]);
  const lacking = roots.live
    .filter(({ id, state }) => state !== 'retiring' && !sealedUnder.includes(id))
    .map((key) => key.id);
  const foreign = sealedUnder.filter((kid) => !known.has(kid));
  const revoked = status.keys.filter(({ id, state }) => state === 'revoked' && mine.includes(id));
  const name = resolution.source?.name ?? SECRET;
  return [
    ...lacking.map((kid) =>
      warn(
        `it is not sealed under the secret ${kid} yet: a process that has only that one cannot open it`,
        'a process that has both seals it anew within seconds; if none runs, start one',
      ),
    ),
    ...foreign.map((kid) =>
      warn(
        `it is still sealed under the secret ${kid}, which nobody who reports has`,
        'processes seal it anew within minutes; if none runs, any step does (keyturn rotate)',
      ),
    ),
    ...revoked.map(({ id }) =>
      fail(
        `its key ${id} is revoked, and the same secret still seals it: whoever has that opens all of it`,
        `deploy a new secret in ${name} (keyturn generate), and the one that is there now in ${PREVIOUS} until every replica has the new one`,
      ),
    ),
  ];
}

function said({ sealedUnder, status }: RingFacts, roots: Keyring): Point {
  const signs = status.keys.find(({ state }) => state === 'active')?.id ?? '';
  const { generation, fingerprint } = status.ring;
  const keys = status.keys.map(({ id, state }) => `${id} ${state}`).join(', ');
  const both =
    roots.get(signs) === undefined ? '' : '; the secret that seals it signs too, until the next rotation';
  return pass(
    `${status.place}: ${keys}; generation ${generation}, fingerprint ${fingerprint}; sealed under ${sealedUnder.join(', ')}${both}`,
  );
}
