// What became of each key, and when: its dates, and what the history adds. A key that signs again after a rollback has only
// the last date of each state.
import type { KeyState } from '../../keyring/key.js';
import type { HistoryEntry } from '../../keyring/keyring.js';
import type { KeyStatus } from '../../rotation/status.js';
import { stepObstacle } from '../../words/next-step.js';
import { isStopped } from '../../words/stops.js';
import type { View } from '../../words/view.js';

interface Change {
  readonly state: KeyState;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface KeyLife {
  readonly key: KeyStatus;
  /** The earliest first. */
  readonly changes: readonly Change[];
  /** When something of it comes next, by the clock: it may be promoted, or retired. */
  readonly ahead: number | undefined;
}

/** One state of one key. */
export interface Stretch {
  readonly state: KeyState;
  /** Undefined where nobody knows since when. */
  readonly from: number | undefined;
  /** Undefined while it goes on. */
  readonly to: number | undefined;
}

/** In the order of the ring. */
export function livesIn({ status, history }: Pick<View, 'status' | 'history'>): readonly KeyLife[] {
  const told = toldBy(history);
  return status.keys.map((key) => {
    const dated = Object.entries(key.dates).map(([state, at]) => ({ state: state as KeyState, at }));
    const end = key.dates.revoked ?? key.dates.retired ?? Number.POSITIVE_INFINITY;
    const more = told.filter(({ kid, at }) => kid === key.id && at < end);
    const all = [...dated, ...more].sort((one, other) => one.at - other.at);
    const changes = all.filter(({ state }, index) => state !== all[index - 1]?.state);
    return { key, changes, ahead: aheadOf(key, status) };
  });
}

/** Who began to sign, and who ceased to, with each line that let a key sign. */
function toldBy(history: readonly HistoryEntry[]): ReadonlyArray<Change & { readonly kid: string }> {
  const turns = history.filter(({ what }) => what === 'promote' || what === 'rollback');
  return turns.flatMap(({ at, what, kid }, index) => {
    if (kid === undefined) return [];
    const before = turns[index - 1];
    const after = turns[index + 1];
    return [
      // It had signed until the key took over that was gone back from.
      ...(what === 'rollback' && before !== undefined
        ? [{ kid, state: 'retiring', at: before.at } as const]
        : []),
      { kid, state: 'active', at } as const,
      ...(after !== undefined && after.kid !== kid
        ? [{ kid, state: 'retiring', at: after.at } as const]
        : []),
    ];
  });
}

export function stretchesOf({ key, changes }: KeyLife): readonly Stretch[] {
  const [first] = changes;
  if (first === undefined) return [{ state: key.state, from: undefined, to: undefined }];
  // A secret that was taken over has signed before anybody noted it.
  const before: readonly Stretch[] =
    first.state === 'staged' || first.state === 'active'
      ? []
      : [{ state: 'active', from: undefined, to: first.at }];
  return [
    ...before,
    ...changes.map(({ state, at }, index) => ({ state, from: at, to: changes[index + 1]?.at })),
  ];
}

/** What a key did at a moment; undefined where nobody knows. @param at milliseconds since 1970 */
export function stateAt(life: KeyLife, at: number): KeyState | undefined {
  return stretchesOf(life).find(
    ({ from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }) => from <= at && at < to,
  )?.state;
}

/** Where more than time is missing nobody knows the moment: the earliest that it may be is none to wait for. */
function aheadOf(key: KeyStatus, status: View['status']): number | undefined {
  const { scheduledFor, safeAt } = key;
  const isHeld = scheduledFor === undefined && (isStopped(status) || stepObstacle(key, status) !== undefined);
  const at = scheduledFor ?? safeAt;
  return !isHeld && at !== undefined && at > status.now ? at : undefined;
}

export function isGone({ state }: KeyStatus): boolean {
  return state === 'retired' || state === 'revoked';
}
