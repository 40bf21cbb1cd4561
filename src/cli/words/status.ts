// What keyturn status shows, at one moment: for people, and for programs.
import { FORMATS } from '../../doctor/key-checks.js';
import type { HeardReport } from '../../fleet/authentic.js';
import { replicaInWords } from '../../keyring/step-facts.js';
import { count } from '../../printable.js';
import type { KeyStatus } from '../../rotation/status.js';
import { nextJson, nextLine, stepOf } from '../../words/next-step.js';
import { conditionNow, noReplicas, problemLine } from '../../words/replicas.js';
import { iso, moment } from '../../words/time.js';
import {
  ageOf,
  knownSince,
  moveInLine,
  ringOf,
  rootsIn,
  rotated,
  sealedBy,
  type View,
} from '../../words/view.js';
import type { Line } from '../line.js';
import { columns, table } from './layout.js';

/** Every fact in a line: for a file, and for programs that read lines. */
export function lines(view: View): readonly Line[] {
  const { status: now, resolution, hidden, deploy, next } = view;
  const { ring, format, replicas, place, shared } = now;
  const rooted = shared && new Set(replicas.map(rootsIn)).size > 1;
  const [keyHead = '', ...keys] = table(
    ['key', 'state', 'since', 'age', 'known by', 'last verified', 'next step'],
    now.keys.map((key) => keyRow(key, view)),
  );
  const [replicaHead = '', ...replicaRows] = table(
    ['replica', 'profile', ...(rooted ? ['roots'] : []), 'keyring', 'signs with', 'last reload', 'condition'],
    replicas.map((replica) => replicaRow(replica, view, rooted)),
  );
  const say = (at: number) => moment(at, now.now);
  const path = resolution.source?.path;
  const where = path === undefined ? '' : ` (${path})`;
  return [
    ...columns(
      [
        ['source', `${now.source}${where}: ${FORMATS[format as keyof typeof FORMATS] ?? format}`],
        ...(hidden.length === 0 ? [] : [['hides', hidden.join(', ')] as const]),
        ['profile', now.profile],
        ...(shared
          ? [
              ['kept in', `${place}, sealed by ${now.source} (${sealedBy(view)})`] as const,
              ['sealed', `under ${view.sealedUnder.join(', ')}`] as const,
            ]
          : []),
        [
          'keyring',
          `${ring.id === undefined ? '' : `generation ${ring.generation}, `}fingerprint ${ring.fingerprint}`,
        ],
        ...(ring.id === undefined ? [] : [['rotated', rotated(view)] as const]),
        ...(now.deploy === undefined ? [] : [['deploy', deploy ?? 'no rotation is under way'] as const]),
      ],
      '',
    ),
    '',
    keyHead,
    ...keys,
    '',
    ...(replicas.length === 0 ? [noReplicas(now, resolution)] : [replicaHead, ...replicaRows]),
    ...now.movingIn.map((one) => moveInLine(one, now.now, replicas.length > 0)),
    ...now.problems.map((problem) => problemLine(problem, say)),
    '',
    nextLine(next),
  ];
}

function keyRow(key: KeyStatus, view: View): string[] {
  const { status: now } = view;
  const since = key.dates[key.state];
  const { length } = now.replicas;
  const gone = key.state === 'retired' || key.state === 'revoked';
  return [
    key.id,
    key.state,
    since === undefined ? 'unknown' : moment(since, now.now),
    ageOf(key, view),
    gone || length === 0 ? '-' : `${key.knownBy} of ${count(length, 'replica')}`,
    key.lastVerifiedAt === undefined ? '-' : moment(key.lastVerifiedAt, now.now),
    stepOf(key, now),
  ];
}

/** @param rooted whether they differ in the secrets that they hold */
function replicaRow(replica: HeardReport, view: View, rooted: boolean): string[] {
  return [
    replicaInWords(replica),
    replica.profile,
    ...(rooted ? [rootsIn(replica)] : []),
    ringOf(replica),
    replica.signs ?? '-',
    replica.signs === undefined ? '-' : moment(replica.loadedAt, view.status.now),
    conditionNow(replica, view.status),
  ];
}

/** The same as JSON. */
export function forPrograms(view: View): object {
  const { status: now, resolution, hidden, lastRotation, sealedUnder, next } = view;
  return {
    profile: now.profile,
    source: now.source,
    path: resolution.source?.path ?? null,
    format: now.format,
    hides: hidden,
    place: now.place ?? null,
    shared: now.shared,
    roots: now.shared ? (resolution.keyring?.live ?? []).map(({ id }) => id) : null,
    sealedUnder: now.shared ? sealedUnder : null,
    ring: { ...now.ring, id: now.ring.id ?? null },
    rotatedAt: iso(lastRotation?.at),
    deploy: now.deploy ?? null,
    keys: now.keys.map((key) => ({
      kid: key.id,
      state: key.state,
      since: iso(key.dates[key.state]),
      knownSince: iso(knownSince(key, view)),
      scheduledFor: iso(key.scheduledFor),
      knownBy: key.knownBy,
      lastVerifiedAt: iso(key.lastVerifiedAt),
      lastSignedAt: iso(key.lastSignedAt),
      safeAt: iso(key.safeAt),
    })),
    movingIn: now.movingIn.map(({ name, phases, until, seen, seenAt, since }) => ({
      name,
      phases,
      until: iso(until),
      seen,
      lastSeenAt: iso(seenAt),
      since: iso(since),
    })),
    replicas: now.replicas.map((replica) => ({
      ...forReplica(replica),
      silentUntil: iso(now.silent.get(replica.instance)),
    })),
    unheardOfUntil: iso(now.unheardOf?.until),
    silence: now.silence ?? null,
    differing: now.differing,
    next: nextJson(next),
  };
}

export function forReplica(replica: HeardReport): object {
  return {
    instance: replica.instance,
    unit: replica.unit ?? null,
    authentic: replica.authentic,
    profile: replica.profile,
    source: replica.source,
    generation: replica.generation,
    fingerprint: replica.fingerprint,
    signs: replica.signs ?? null,
    verifies: replica.verifies,
    roots: replica.roots ?? null,
    loadedAt: iso(replica.loadedAt),
    reportedAt: iso(replica.at),
    degraded: replica.degraded ?? null,
  };
}
