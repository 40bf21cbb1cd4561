// All that status and the console show, gathered at one moment, and the words for its parts.
import type { SayMoment } from '../errors.js';
import type { ReplicaReport } from '../fleet/report.js';
import type { HistoryEntry, Keyring } from '../keyring/keyring.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Rotation } from '../rotation/rotation.js';
import type { KeyStatus, MoveInStatus, Status } from '../rotation/status.js';
import { hiddenNames, type Next, nextOf, nextWhileHidden } from './next-step.js';
import { ageInWords, moment } from './time.js';

/** What is known at one moment. */
export interface View {
  readonly status: Status;
  readonly resolution: Resolution;
  readonly hidden: readonly string[];
  /** The last step that put another key in force; undefined where there was none. */
  readonly lastRotation: HistoryEntry | undefined;
  /** The ring's own, the oldest line first. */
  readonly history: readonly HistoryEntry[];
  readonly deploy: string | undefined;
  /** The ids of the secrets that each open a shared keyring. */
  readonly sealedUnder: readonly string[];
  readonly next: Next;
}

/** How the next step is told. */
export interface LookIn {
  /** Those that the next command needs as well. */
  readonly options: string;
  /** How a moment is said that is waited for. */
  readonly say?: ((now: number) => SayMoment) | undefined;
  /** What whoever asks is called; default: `this command`. */
  readonly asker?: string | undefined;
}

/** Looks at all of it. */
export async function look(rotation: Rotation, { options, say, asker }: LookIn): Promise<View> {
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
    lastRotation: lastRotationOf(ring),
    history: ring.history,
    deploy: deploy === undefined ? undefined : `${deploy.number} of 3: ${deploy.what}`,
    sealedUnder: await rotation.sealedUnder(),
    next:
      beneath === undefined
        ? nextOf(now, resolution, { options, say: say?.(now.now), asker })
        : nextWhileHidden(beneath, options),
  };
}

/** A revocation is one where it was the signing key that went: the one that signs now has signed since. */
export function lastRotationOf({
  history,
  active,
}: Pick<Keyring, 'history' | 'active'>): HistoryEntry | undefined {
  return history.findLast(
    ({ what, at }) =>
      what === 'promote' || what === 'rollback' || (what === 'revoke' && at === active.dates.active),
  );
}

export function rotated({ lastRotation, status: now }: View): string {
  if (lastRotation === undefined) {
    // Old lines of the history are folded. A key that was staged before it signed has taken over from another.
    const { staged, active } = now.keys.find(({ state }) => state === 'active')?.dates ?? {};
    const isFirst =
      staged === undefined && now.keys.every(({ state }) => state === 'active' || state === 'staged');
    return isFirst || active === undefined ? 'never' : moment(active, now.now);
  }
  const { at, who, what } = lastRotation;
  // A row that is called "Last rotation" would pass it off as one.
  const back = what === 'rollback' ? 'rolled back ' : '';
  return `${back}${moment(at, now.now)}${who === undefined ? '' : ` by ${who}`}`;
}

/** "K1", or while the secret itself is rotated "K1 active, K2 staged". */
export function sealedBy({ resolution }: View): string {
  const roots = resolution.keyring?.live ?? [];
  return roots.map(({ id, state }) => (roots.length === 1 ? id : `${id} ${state}`)).join(', ');
}

/**
 * The first moment that the ring knows of a key; a secret that was taken over is older. The dates alone do not tell: when
 * a key comes into a state again, as after a rollback, the former moment is gone from them.
 */
export function knownSince({ id, dates }: KeyStatus, { history }: Pick<View, 'history'>): number | undefined {
  const lines = history.filter(({ kid }) => kid === id);
  const moments = [...Object.values(dates), ...lines.map(({ at }) => at)];
  return moments.length === 0 ? undefined : Math.min(...moments);
}

export function ageOf(key: KeyStatus, view: Pick<View, 'history' | 'status'>): string {
  const since = knownSince(key, view);
  if (since === undefined) return 'unknown';
  const age = ageInWords(since, view.status.now);
  return key.dates.staged === undefined ? `${age} or more` : age;
}

/** The secrets that a replica seals with, by the ids of their keys. */
export function rootsIn({ roots }: ReplicaReport): string {
  return roots?.join(', ') ?? '-';
}

export function ringOf({ ring, generation, fingerprint, signs }: ReplicaReport): string {
  if (signs === undefined) return '-';
  return ring === undefined ? fingerprint : `generation ${generation}, ${fingerprint}`;
}

/**
 * "express-session: last old cookie seen 14:05 UTC (3 h ago); phase over; ends 2027-01-31". Where none was seen: since when
 * that is known, which after a deploy may be a minute.
 */
export function moveInLine(
  { name, phases, until, seenAt, since }: MoveInStatus,
  now: number,
  anyReports: boolean,
): string {
  const last =
    seenAt === undefined
      ? anyReports
        ? `no old cookie seen ${since === undefined ? 'by the replicas that report' : `since ${moment(since, now)}, when the last replica started`}`
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
