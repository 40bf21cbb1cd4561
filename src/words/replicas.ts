// Replicas in words: how each of them is, what is wrong among them, and who holds up a step.
import type { SayMoment } from '../errors.js';
import type { HeardReport } from '../fleet/authentic.js';
import type { Problem } from '../fleet/diagnosis.js';
import { problemText } from '../fleet/diagnosis-words.js';
import type { ReplicaReport } from '../fleet/report.js';
import type { Resolution } from '../resolve/resolve.js';
import type { Status } from '../rotation/status.js';
import { moment } from './time.js';

/** How many replicas an operator says there are; undefined where it is not a whole number. */
export function replicasTyped(text: string): number | undefined {
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined;
}

/** How a replica is, without moments, so that it is the same until something happens. */
export function conditionOf(replica: HeardReport, { problems, silent, differing, place }: Status): string {
  const { instance, degraded, signs, source } = replica;
  const has = (wanted: Problem['kind']) =>
    problems.some(({ kind, instances }) => kind === wanted && instances.includes(instance));
  if (signs === undefined) return noKeyring(replica);
  if (degraded !== undefined) return `degraded: ${degraded}`;
  if (silent.has(instance)) return 'silent';
  if (has('unverified')) return 'not confirmed: no key of this keyring vouches for it';
  if (has('other_source')) return `takes its keys from ${source}`;
  if (has('other_profile')) return `runs by the ${replica.profile} profile`;
  if (!differing.includes(instance)) return 'fine';
  return place === undefined ? 'another keyring than that of this command' : 'not on the keyring in force';
}

/** Of one that waits for a keyring, and why. */
export function noKeyring({ degraded }: ReplicaReport): string {
  return `no keyring yet${degraded === undefined ? '' : `: ${degraded}`}`;
}

/** The same with the moment from which it holds up nothing. */
export function conditionNow(replica: HeardReport, status: Status): string {
  const until = status.silent.get(replica.instance);
  const condition = conditionOf(replica, status);
  return condition === 'silent' && until !== undefined
    ? silentInWords(until, (at) => moment(at, status.now))
    : condition;
}

/** "silent, counts until 14:05 (in 13 min)" */
export function silentInWords(until: number, say: SayMoment): string {
  return `silent, counts until ${say(until)}`;
}

/** Why no replica is listed. */
export function noReplicas({ silence, shared, place }: Status, resolution: Resolution): string {
  if (silence !== undefined) return `replicas cannot be asked: ${silence}`;
  if (shared) return `no process reports in ${place}`;
  if (place !== undefined) return 'no process reports beside the file';
  const backend = resolution.settings.get('session.backend');
  if (backend === 'redis' || backend === 'postgres') return 'no process reports beside its sessions';
  return 'processes report beside a keyring document, in a shared keyring, or beside sessions in Redis or PostgreSQL';
}

/**
 * One line about one thing that is wrong, or not the same everywhere. @param say how a moment is said; default: ISO
 * 8601
 */
export function problemLine(problem: Problem, say?: SayMoment): string {
  const { what, hint } = problemText(problem, 'this command', say);
  return `replicas: ${what}; ${hint}`;
}
