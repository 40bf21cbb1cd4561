// Waiting until a promotion is safe, and saying meanwhile what it waits for; waiting until a revocation has reached all.
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../errors.js';
import type { HeardReport } from '../fleet/authentic.js';
import { type CountsBy, replicasIn, silentOf, unheardOfIn } from '../fleet/silent.js';
import type { Keyring } from '../keyring/keyring.js';
import type { Machine } from '../resolve/machine.js';
import type { Outcome, StepOptions } from './step.js';

const LONGEST_PAUSE_MS = 1000;
const SHORTEST_PAUSE_MS = 50;
const LOOK_EVERY_MS = 200;

/** The rotation that is waited for, as it stands at one moment. */
interface Waited<Rotation> {
  readonly countsBy: CountsBy;
  /** The same, with everything read anew. */
  again(): Promise<Rotation>;
  ring(): Promise<Keyring>;
  replicas(): Promise<readonly HeardReport[]>;
}

/** What `promoteWhenSafe()` takes. */
export interface WaitOptions extends StepOptions {
  /** The key to promote; default: the staged one, whichever it is when the wait ends. */
  readonly kid?: string | undefined;
  /** Give up after so many seconds. */
  readonly patience: number;
  /** Called about once a second, and when something changes. */
  readonly progress?: ((waiting: Waiting) => void) | undefined;
}

/** Where a wait for a safe promotion stands. */
export interface Waiting {
  /** The key that is to be promoted. */
  readonly kid: string;
  /** Why it cannot be yet. */
  readonly because: string;
  /** Milliseconds since 1970; undefined when it depends on replicas. */
  readonly safeAt: number | undefined;
  /** Replicas that report. */
  readonly replicas: ReadonlyArray<Pick<HeardReport, 'instance' | 'unit'>>;
  /** How many of them know the key. */
  readonly knowing: number;
  /** Those that report and do not know it, by instance. */
  readonly missing: readonly string[];
  /** Those of them that may be gone, with the moment until which they count at most; milliseconds since 1970. */
  readonly silent: ReadonlyMap<string, number>;
  /** Until when replicas hold it up that an engine which lost its data knows nothing of; undefined when none do. */
  readonly unheardOfUntil: number | undefined;
}

/**
 * Tries a promotion again and again while it is refused for now, each time on everything read anew. Patience goes by
 * the clock that nobody sets: the time of day may be put right meanwhile.
 *
 * @throws KeyturnError the last refusal, when patience ends
 */
export async function whenSafe<Rotation extends Waited<Rotation>>(
  rotation: Rotation,
  { kid, patience, progress }: WaitOptions,
  { now, monotonic }: Pick<Machine, 'now' | 'monotonic'>,
  promote: (again: Rotation) => Promise<Outcome>,
): Promise<Outcome> {
  const deadline = monotonic().shows + patience * 1000;
  for (;;) {
    const again = await rotation.again();
    try {
      return await promote(again);
    } catch (error) {
      if (!isForNow(error)) throw error;
      const waiting = await standing(again, kid, error, now());
      progress?.(waiting);
      const left = deadline - monotonic().shows;
      if (left <= 0) throw error;
      // Whoever was missing has reported since: there is nothing left to wait for.
      const until = isOver(waiting) ? 0 : (error.safeAt ?? Number.POSITIVE_INFINITY) - now();
      await sleep(Math.max(SHORTEST_PAUSE_MS, Math.min(LONGEST_PAUSE_MS, until, left)));
    }
  }
}

function isForNow(error: unknown): error is KeyturnError {
  return error instanceof KeyturnError && (error.code === 'too_early' || error.code === 'replica_behind');
}

/** Whether nothing is in the way any more: what refused the step has changed since. */
export function isOver({ safeAt, missing, unheardOfUntil }: Waiting): boolean {
  return safeAt === undefined && missing.length === 0 && unheardOfUntil === undefined;
}

async function standing(
  rotation: Waited<unknown>,
  asked: string | undefined,
  error: KeyturnError,
  now: number,
): Promise<Waiting> {
  const kid = asked ?? (await rotation.ring()).keys.find((key) => key.state === 'staged')?.id ?? '';
  const reports = await rotation.replicas();
  const replicas = replicasIn(reports).filter(({ signs }) => signs !== undefined);
  const missing = replicas.filter((replica) => !replica.verifies.includes(kid));
  const unheardOf = unheardOfIn(reports, rotation.countsBy);
  return {
    kid,
    because: error.message,
    safeAt: error.safeAt,
    replicas,
    knowing: replicas.length - missing.length,
    missing: missing.map((replica) => replica.instance),
    silent: silentOf(missing, rotation.countsBy, now),
    unheardOfUntil: unheardOf === undefined || unheardOf.verifies.includes(kid) ? undefined : unheardOf.until,
  };
}

/**
 * Waits until no fresh report says any more that its process accepts a key. What cannot be asked proves nothing, and is
 * not waited for. Patience goes by the clock that nobody sets.
 *
 * @param patience milliseconds
 * @returns the instances that have not obeyed by then
 */
export async function stillAccepting(
  rotation: Pick<Waited<unknown>, 'replicas' | 'countsBy'>,
  kid: string,
  patience: number,
  { now, monotonic }: Pick<Machine, 'now' | 'monotonic'>,
): Promise<readonly string[]> {
  const deadline = monotonic().shows + patience;
  for (;;) {
    const replicas = replicasIn(await rotation.replicas().catch(() => []));
    const silent = silentOf(replicas, rotation.countsBy, now());
    const left = replicas.filter(({ instance, verifies }) => verifies.includes(kid) && !silent.has(instance));
    if (left.length === 0 || monotonic().shows >= deadline) return left.map(({ instance }) => instance);
    await sleep(LOOK_EVERY_MS);
  }
}
