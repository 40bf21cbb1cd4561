// What keyturn status shows, at one moment: for people, and for programs.
import { FORMATS } from '../../doctor/key-checks.js';
import type { HeardReport } from '../../fleet/authentic.js';
import type { ReplicaReport } from '../../fleet/report.js';
import type { HistoryEntry } from '../../keyring/keyring.js';
import { count } from '../../printable.js';
import type { Resolution } from '../../resolve/resolve.js';
import type { Rotation } from '../../rotation/rotation.js';
import type { KeyStatus, MoveInStatus, Status } from '../../rotation/status.js';
import { type Line, type Style, styled } from '../ui.js';
import { columns, table } from './layout.js';
import { hiddenNames, type Next, nextJson, nextLine, nextOf, nextWhileHidden, stepOf } from './next-step.js';
import { conditionNow, noReplicas, problemLine } from './replicas.js';
import { ageInWords, iso, moment } from './time.js';

/** What is known at one moment. */
export interface View {
  readonly status: Status;
  readonly resolution: Resolution;
  readonly hidden: readonly string[];
  readonly lastRotation: HistoryEntry | undefined;
  readonly deploy: string | undefined;
  /** The ids of the secrets that each open a shared keyring. */
  readonly sealedUnder: readonly string[];
  readonly next: Next;
}

/** Looks at all of it. @param options those that the next command needs as well */
export async function look(rotation: Rotation, options: string): Promise<View> {
  const { resolution } = rotation;
  const ring = await rotation.ring();
  const now = await rotation.status(ring);
  const beneath = await rotation.hiddenDocument();
  const deploys = now.deploy === undefined ? [] : await rotation.deploys();
  const deploy = deploys.find(({ number }) => number === now.deploy);
  return {
    status: now,
    resolution,
    hidden: hiddenNames(resolution),
    lastRotation: ring.history.findLast(({ what }) => what === 'promote' || what === 'rollback'),
    deploy: deploy === undefined ? undefined : `${deploy.number} of 3: ${deploy.what}`,
    sealedUnder: await rotation.sealedUnder(),
    next: beneath === undefined ? nextOf(now, resolution, { options }) : nextWhileHidden(beneath, options),
  };
}

const STATE_STYLES: Readonly<Record<KeyStatus['state'], Style | undefined>> = {
  staged: 'yellow',
  active: 'green',
  retiring: undefined,
  retired: 'dim',
  revoked: 'red',
};

/** The lines of a terminal. */
export function lines(view: View): Line[] {
  const { status: now, resolution, hidden, deploy, next } = view;
  const { ring, format, replicas, place, shared } = now;
  const rooted = shared && new Set(replicas.map(rootsIn)).size > 1;
  const [keyHead = '', ...keys] = table(
    ['key', 'state', 'since', 'age', 'known by', 'last verified', 'next step'],
    now.keys.map((key) => keyRow(key, now)),
  );
  const [replicaHead = '', ...replicaRows] = table(
    ['replica', 'profile', ...(rooted ? ['roots'] : []), 'ring', 'signs with', 'last reload', 'condition'],
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
          'ring',
          `${ring.id === undefined ? '' : `generation ${ring.generation}, `}fingerprint ${ring.fingerprint}`,
        ],
        ...(ring.id === undefined ? [] : [['rotated', rotated(view)] as const]),
        ...(now.deploy === undefined ? [] : [['deploy', deploy ?? 'no rotation is under way'] as const]),
      ],
      '',
    ),
    '',
    styled('dim', keyHead),
    ...keys.map((line, index) => coloured(line, now.keys[index])),
    '',
    ...(replicas.length === 0 ? [noReplicas(now, resolution)] : [styled('dim', replicaHead), ...replicaRows]),
    ...now.movingIn.map((one) => moveInLine(one, now.now, replicas.length > 0)),
    ...now.problems.map((problem) => styled('yellow', problemLine(problem, say))),
    '',
    styled('bold', nextLine(next)),
  ];
}

/** "express-session: last old cookie seen 14:05 UTC (3 h ago); phase over; ends 2027-01-31". */
function moveInLine({ name, phases, until, seenAt }: MoveInStatus, now: number, anyReports: boolean): string {
  const last =
    seenAt === undefined
      ? anyReports
        ? 'no old cookie seen by the replicas that report'
        : 'nobody knows of old cookies, since no replica reports'
      : `last old cookie seen ${moment(seenAt, now)}`;
  const day = until === undefined ? undefined : new Date(until).toISOString().slice(0, 10);
  const isOver = phases.every((phase) => phase === 'over');
  const ends =
    day === undefined
      ? 'no end is set'
      : isOver
        ? `ends ${day}`
        : `ends ${day} at the earliest, in the phase over`;
  return `${name}: ${last}; phase ${phases.join(' and ')}; ${ends}`;
}

/** "K1", or while the secret itself is rotated "K1 active, K2 staged". */
function sealedBy({ resolution }: View): string {
  const roots = resolution.keyring?.live ?? [];
  return roots.map(({ id, state }) => (roots.length === 1 ? id : `${id} ${state}`)).join(', ');
}

function coloured(line: string, key: KeyStatus | undefined): Line {
  const style = key === undefined ? undefined : STATE_STYLES[key.state];
  return style === undefined ? line : styled(style, line);
}

function keyRow(key: KeyStatus, now: Status): string[] {
  const since = key.dates[key.state];
  const { length } = now.replicas;
  const gone = key.state === 'retired' || key.state === 'revoked';
  return [
    key.id,
    key.state,
    since === undefined ? 'unknown' : moment(since, now.now),
    ageOf(key, now.now),
    gone || length === 0 ? '-' : `${key.knownBy} of ${count(length, 'replica')}`,
    key.lastVerifiedAt === undefined ? '-' : moment(key.lastVerifiedAt, now.now),
    stepOf(key, now),
  ];
}

/** The first moment that the ring knows of a key; a secret that was taken over is older. */
function knownSince({ dates }: KeyStatus): number | undefined {
  const moments = Object.values(dates);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

function ageOf(key: KeyStatus, now: number): string {
  const since = knownSince(key);
  if (since === undefined) return 'unknown';
  const age = ageInWords(since, now);
  return key.dates.staged === undefined ? `${age} or more` : age;
}

/** The secrets that a replica seals with, by the ids of their keys. */
function rootsIn({ roots }: ReplicaReport): string {
  return roots?.join(', ') ?? '-';
}

/** @param rooted whether they differ in the secrets that they hold */
function replicaRow(replica: HeardReport, view: View, rooted: boolean): string[] {
  return [
    replica.instance,
    replica.profile,
    ...(rooted ? [rootsIn(replica)] : []),
    ringOf(replica),
    replica.signs ?? '-',
    replica.signs === undefined ? '-' : moment(replica.loadedAt, view.status.now),
    conditionNow(replica, view.status),
  ];
}

export function ringOf({ ring, generation, fingerprint, signs }: ReplicaReport): string {
  if (signs === undefined) return '-';
  return ring === undefined ? fingerprint : `generation ${generation}, ${fingerprint}`;
}

function rotated({ lastRotation, status: now }: View): string {
  if (lastRotation === undefined) return 'never';
  const { at, who } = lastRotation;
  return `${moment(at, now.now)}${who === undefined ? '' : ` by ${who}`}`;
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
      knownSince: iso(knownSince(key)),
      scheduledFor: iso(key.scheduledFor),
      knownBy: key.knownBy,
      lastVerifiedAt: iso(key.lastVerifiedAt),
      lastSignedAt: iso(key.lastSignedAt),
      safeAt: iso(key.safeAt),
    })),
    movingIn: now.movingIn.map(({ name, phases, until, seen, seenAt }) => ({
      name,
      phases,
      until: iso(until),
      seen,
      lastSeenAt: iso(seenAt),
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
